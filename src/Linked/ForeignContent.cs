using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Octet;

/// <summary>
/// Says what a file holds that is not what its name promises: a stand-in for the file (Git LFS), an answer of a server, another format. It
/// is asked when reading has failed, and knows the beginnings alone. Every library that reads a model's files compiles this file.
/// </summary>
static class ForeignContent
{
    /// <summary>As many bytes of the beginning as are looked at.</summary>
    internal const int BeginningBytes = 1024;

    const int QuotedLength = 100;

    // What a server says instead of the file begins like this, in HTML and in XML.
    static readonly string[] s_markup = ["<!doctype", "<html", "<head", "<body", "<script", "<!--", "<?xml", "<error>"];

    static readonly (byte[] Signature, string What)[] s_signatures =
    [
        ([.. "GGUF"u8], Ggml), ([.. "ggml"u8], Ggml), ([.. "lmgg"u8], Ggml), ([.. "tjgg"u8], Ggml), ([.. "fmgg"u8], Ggml),
        ([0x1F, 0x8B], Packed("gzip")), ([0x28, 0xB5, 0x2F, 0xFD], Packed("zstd")), ([0xFD, .. "7zXZ"u8, 0], Packed("xz")), ([.. "BZh"u8], Packed("bzip2")),
        ([0x04, 0x22, 0x4D, 0x18], Packed("lz4")), ([.. "7z"u8, 0xBC, 0xAF, 0x27, 0x1C], Packed("7z")), ([.. "Rar!"u8], Packed("rar")),
        ([0x89, .. "HDF\r\n"u8, 0x1A, (byte)'\n'], "it is HDF5, as Keras writes it: convert it to safetensors, or look for a repository that has safetensors"),
        ([0x93, .. "NUMPY"u8], "it is a NumPy array (.npy): convert it to safetensors (safetensors.numpy.save_file)"),
        ([.. "%PDF"u8], Document), ([0x89, .. "PNG"u8], Document), ([0xFF, 0xD8, 0xFF], Document), ([.. "PAR1"u8], Document), ([.. "ARROW1"u8], Document), ([.. "SQLite format 3"u8], Document),
    ];

    const string Ggml = "it is GGUF (llama.cpp): Octet reads safetensors; look for the repository that it was made from";
    const string Document = "it is a document, an image or a table, no weights: download the file that the model's page lists under this name";
    const string Advice = "download the file again, for instance with octet pull ID";

    /// <summary>Names the content.</summary>
    /// <param name="beginning">The first <see cref="BeginningBytes"/> bytes, or all where there are fewer.</param>
    /// <param name="length">The file's length in bytes.</param>
    /// <param name="expectsJson">Whether JSON is what was expected.</param>
    /// <returns>One clause, "it is ...: " and what to do; null where it may be a damaged file of the expected kind.</returns>
    internal static string? Describe(ReadOnlySpan<byte> beginning, long length, bool expectsJson = false)
    {
        beginning = beginning[..Math.Min(beginning.Length, BeginningBytes)];
        if (length == 0 || beginning.IsEmpty)
        {
            return $"it is empty: {Advice}";
        }

        // Eight bytes of a length, then JSON: a safetensors file that is cut off or damaged, whatever its length looks like.
        if (beginning.Length > 8 && beginning[8] == '{' && beginning[5..8].IndexOfAnyExcept((byte)0) < 0)
        {
            return null;
        }

        return StandIn(beginning) ?? Binary(beginning, length) ?? Answer(beginning, expectsJson);
    }

    /// <summary>Names content that only stands for a file or tells of an error, also where any text would do: in a template, say.</summary>
    internal static string? StandIn(ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith("version https://git-lfs.github.com/spec/"u8) || beginning.StartsWith("version https://hawser.github.com/spec/"u8))
        {
            return $"it is a Git LFS pointer, the file itself{Size(beginning)} was not downloaded: run git lfs pull where it was cloned, or octet pull ID";
        }

        if (beginning.StartsWith("# xet version"u8))
        {
            return "it is a pointer to Xet storage, the file itself was not downloaded: octet pull ID downloads it";
        }

        if (beginning.Length < 512 && beginning.IndexOf("/annex/objects/"u8) >= 0 && Text(beginning) is not null)
        {
            return "it is a git-annex pointer, the file itself was not downloaded: run git annex get";
        }

        if (beginning.Length < 512 && beginning.IndexOf("../blobs/"u8) >= 0 && Text(beginning) is { } link && !link.Contains(' ', StringComparison.Ordinal))
        {
            return $"it holds the path of another file ('{link}'), as a link does that was copied as text: copy what links lead to (cp -L), or octet pull ID";
        }

        return Text(beginning) is { } text && s_markup.FirstOrDefault(start => text.StartsWith(start, StringComparison.OrdinalIgnoreCase)) is not null
            ? $"it is a web page or a server's error ('{text}'), not the file: {Advice}; a gated model needs an access token (HF_TOKEN)"
            : null;
    }

    static string? Binary(ReadOnlySpan<byte> beginning, long length)
    {
        if (beginning.IndexOfAnyExcept((byte)0) < 0)
        {
            return $"{(length == beginning.Length ? "it holds nothing but zero bytes" : $"its first {beginning.Length} bytes are zero")}, as a download does that was broken off: {Advice}";
        }

        if (beginning.StartsWith("PK\x03\x04"u8) || beginning.StartsWith("PK\x05\x06"u8))
        {
            return beginning.IndexOf("data.pkl"u8) >= 0 || beginning.IndexOf("/byteorder"u8) >= 0 || beginning.IndexOf("/version"u8) >= 0
                ? Pickle("a PyTorch checkpoint, a zip archive with a Python pickle")
                : beginning.IndexOf(".npy"u8) >= 0
                    ? "it is a NumPy archive (.npz): convert it to safetensors (safetensors.numpy.save_file)"
                    : "it is a zip archive: unpack it; if it is a PyTorch checkpoint, which has a pickle in it, convert it to safetensors";
        }

        // PROTO and the protocol; protocols 0 and 1 begin with an opcode alone, which is too little to tell.
        if (beginning.Length > 2 && beginning[0] == 0x80 && beginning[1] is >= 2 and <= 5)
        {
            return Pickle("a Python pickle");
        }

        // ModelProto: ir_version (field 1), then the producer's name (field 2).
        if (beginning.Length > 5 && beginning[0] == 0x08 && beginning[1] is >= 1 and <= 32 && beginning[2] == 0x12 && beginning[3] < 64 && char.IsAsciiLetter((char)beginning[4]))
        {
            return "it is ONNX: Octet reads safetensors; look for the repository that it was made from";
        }

        if (beginning.Length >= 8 && beginning[4..8].SequenceEqual("TFL3"u8))
        {
            return "it is TensorFlow Lite: Octet reads safetensors; look for the repository that it was made from";
        }

        if (beginning.Length >= 262 && beginning[257..262].SequenceEqual("ustar"u8))
        {
            return Packed("tar");
        }

        foreach ((byte[] signature, string what) in s_signatures)
        {
            if (beginning.StartsWith(signature))
            {
                return what;
            }
        }

        return null;
    }

    /// <summary>What a server answered that has not got the file, or any other text.</summary>
    static string? Answer(ReadOnlySpan<byte> beginning, bool expectsJson)
    {
        if (Text(beginning) is not { Length: > 0 } text)
        {
            return null;
        }

        bool isJson = text[0] is '{' or '[';
        return isJson && expectsJson ? null : $"it is {(isJson ? "JSON" : "text")} ('{text}'), as a server's error is: {Advice}";
    }

    static string Pickle(string what) => $"it is {what}, which can run any code when it is opened: Octet reads safetensors alone; look for a repository that has them, or convert it where you trust it";

    static string Packed(string format) => $"it is packed ({format}): unpack it; inside there may be the file";

    static string Size(ReadOnlySpan<byte> pointer)
    {
        int at = pointer.IndexOf("\nsize "u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(pointer[(at + 6)..], out long size, out _)
            ? string.Create(CultureInfo.InvariantCulture, $" ({size:N0} bytes)")
            : "";
    }

    /// <returns>The first characters on one line, if all of the beginning is text; else null.</returns>
    static string? Text(ReadOnlySpan<byte> beginning)
    {
        beginning = beginning.StartsWith("\uFEFF"u8) ? beginning[3..] : beginning;

        // The last character may be cut.
        var characters = new char[beginning.Length];
        OperationStatus status = Utf8.ToUtf16(beginning, characters, out _, out int count, replaceInvalidSequences: false, isFinalBlock: beginning.Length < BeginningBytes - 3);
        if (status == OperationStatus.InvalidData || characters.AsSpan(0, count).ContainsAnyInRange('\0', '\b') || characters.AsSpan(0, count).ContainsAnyInRange('\x0E', '\x1F'))
        {
            return null;
        }

        string line = OneLine.Of(new string(characters, 0, count));
        return line.Length <= QuotedLength ? line : OneLine.Cut(line, QuotedLength) + "...";
    }
}
