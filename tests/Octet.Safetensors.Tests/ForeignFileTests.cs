using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Octet.Testing;

namespace Octet.Safetensors.Tests;

/// <summary>What lies under the name of the weights and is none: named, with what to do, by its first bytes.</summary>
public sealed class ForeignFileTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\nsize 4430000000\n";

    // What each format's own definition says of its first bytes, and what the tool must say: what it is, and what to do.
    public static TheoryData<string, byte[], string, string> Files => new()
    {
        { "LFS pointer", Ascii(Pointer), "Git LFS pointer, the file itself (4,430,000,000 bytes) was not downloaded", "git lfs pull" },
        { "LFS pointer with carriage returns", Ascii(Pointer.ReplaceLineEndings("\r\n")), "(4,430,000,000 bytes)", "git lfs pull" },
        { "HTML", Ascii("\n  <!DOCTYPE html>\n<html><head><title>Sign in</title>"), "a web page", "HF_TOKEN" },
        { "HTML in capitals", Ascii("<HTML><BODY>404</BODY></HTML>"), "a web page", "download" },
        { "storage's XML", Ascii("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"), "server's error", "download" },
        { "JSON error", Ascii("{\"error\":\"Repository not found\"}"), "JSON ('{\"error\":\"Repository not found\"}')", "octet pull" },
        { "error text", Ascii("Entry not found"), "text ('Entry not found')", "octet pull" },
        { "text in another language", Encoding.UTF8.GetBytes("\uFEFFДоступ запрещён"), "text ('Доступ запрещён')", "octet pull" },
        { "link as text", Ascii("../../blobs/205ef3e9cd7bfbceead124532c758735384d5bad60e7ac8812d2df728ebc6e08"), "path of another file", "cp -L" },
        { "GGUF", [.. "GGUF"u8, 3, .. new byte[40]], "GGUF", "safetensors" },
        { "older ggml", [.. "tjgg"u8, 3, .. new byte[40]], "GGUF", "safetensors" },
        { "pickle, protocol 2", [0x80, 2, (byte)'}', .. "q\0X\x05\0\0\0modelq\x01"u8, .. new byte[60]], "a Python pickle, which can run any code", "convert" },
        { "pickle, protocol 5", [0x80, 5, 0x95, 0x20, 0, 0, 0, 0, 0, 0, 0, .. new byte[60]], "a Python pickle", "convert" },
        { "torch's zip", Zip("archive/data.pkl"), "PyTorch checkpoint", "convert" },
        { "NumPy's zip", Zip("weight.npy"), "NumPy archive", "convert" },
        { "zip", Zip("model.safetensors"), "zip archive", "unpack" },
        { "gzip", Gzip(), "packed (gzip)", "unpack" },
        { "tar", TarFile(), "packed (tar)", "unpack" },
        { "zstd", [0x28, 0xB5, 0x2F, 0xFD, .. new byte[20]], "packed (zstd)", "unpack" },
        { "HDF5", [0x89, .. "HDF\r\n\x1A\n"u8, .. new byte[20]], "HDF5", "convert" },
        { "npy", [0x93, .. "NUMPY\x01\0v\0"u8, .. "{'descr': '<f4'}"u8], "NumPy array", "convert" },
        { "ONNX", [0x08, 0x07, 0x12, 0x07, .. "pytorch"u8, .. new byte[40]], "ONNX", "safetensors" },
        { "zeros", new byte[64], "nothing but zero bytes", "download" },
        { "a long run of zeros", new byte[100_000], "its first 1024 bytes are zero", "download" },
        { "nothing", [], "empty", "download" },
        { "three bytes", Ascii("Not"), "3 bytes", "download" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void What_a_file_is_instead_is_said_with_what_to_do(string name, byte[] content, string what, string advice)
    {
        string path = _directory.At("model.safetensors");
        File.WriteAllBytes(path, content);

        foreach (SafetensorsReadMode mode in (SafetensorsReadMode[])[SafetensorsReadMode.MemoryMap, SafetensorsReadMode.Positional])
        {
            string message = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path, mode)).Message;
            Assert.True(message.Contains(what, StringComparison.Ordinal), $"{name}: {message}");
            Assert.True(message.Contains(advice, StringComparison.Ordinal), $"{name}: {message}");
            Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
            Assert.True(message.Length < path.Length + 400, message);
        }
    }

    [Theory]
    [InlineData("lfs.safetensors", "Git LFS pointer, the file itself (4,430,000,000 bytes)")]
    [InlineData("html.safetensors", "a web page")]
    [InlineData("entrynotfound.safetensors", "Entry not found")]
    [InlineData("jsonerr.safetensors", "Repository not found")]
    [InlineData("gguf.safetensors", "GGUF")]
    [InlineData("model.gguf", "GGUF")]
    [InlineData("gz.safetensors", "gzip")]
    [InlineData("empty.safetensors", "empty")]
    public void The_reported_files_are_named(string file, string what)
        => Assert.Contains(what, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(Fixtures.Case("loader", "10-not-safetensors-at-all", "files", file))).Message, StringComparison.Ordinal);

    /// <summary>Cut off at any place a safetensors file stays one: also where its header's length looks like another format's first bytes.</summary>
    [Theory]
    [InlineData(0x280)]
    [InlineData(0x480)]
    [InlineData(0x4B50)]
    [InlineData(0x8B1F)]
    [InlineData(0x0708)]
    public void A_truncated_safetensors_file_is_called_that(int headerLength)
    {
        byte[] file = new byte[8 + headerLength];
        BitConverter.TryWriteBytes(file, (long)headerLength);
        file.AsSpan(8).Fill((byte)' ');
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[100],\"data_offsets\":[0,100]}}"u8.CopyTo(file.AsSpan(8));
        for (int length = 9; length <= file.Length; length += 7)
        {
            string path = _directory.At("cut.safetensors");
            File.WriteAllBytes(path, file[..length]);
            string message = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message;
            Assert.True(message.Contains("download it again", StringComparison.Ordinal), message);
            Assert.DoesNotContain("not a safetensors file: it", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stand_in_on_a_server_is_named_too()
    {
        using var reader = new StreamRangeReader(new MemoryStream(Ascii(Pointer)), "x", leaveOpen: false);
        SafetensorsException e = await Assert.ThrowsAsync<SafetensorsException>(() => SafetensorsFile.OpenAsync(reader, "x", TestContext.Current.CancellationToken));
        Assert.Contains("Git LFS pointer", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Pointer, "Git LFS pointer")]
    [InlineData("<!doctype html>", "a web page")]
    [InlineData("Entry not found", "text ('Entry not found')")]
    public void An_index_that_is_none_is_named_too(string content, string what)
    {
        File.WriteAllText(_directory.At("model.safetensors.index.json"), content);
        Assert.Contains(what, Assert.Throws<SafetensorsException>(() => SafetensorsCheckpoint.Open(_directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_dtype_is_refused_with_the_known_ones()
    {
        byte[] header = Ascii("{\"a\":{\"dtype\":\"F8_E4M3X\",\"shape\":[2],\"data_offsets\":[0,2]}}");
        string message = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Parse((byte[])[.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0], "x")).Message;

        Assert.Contains("'F8_E4M3X', which this version does not know", message, StringComparison.Ordinal);

        // safetensors 0.8, tensor.rs, enum Dtype.
        foreach (string known in (string[])["BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64"])
        {
            Assert.Matches($"[ ,]{known}(,|$)", message);
        }
    }

    static byte[] Ascii(string text) => Encoding.UTF8.GetBytes(text);

    static byte[] Zip(string entry)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream content = zip.CreateEntry(entry).Open();
            content.Write(new byte[100]);
        }

        return stream.ToArray();
    }

    static byte[] Gzip()
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write("some content of a file"u8);
        }

        return stream.ToArray();
    }

    static byte[] TarFile()
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "model.safetensors") { DataStream = new MemoryStream(new byte[10]) });
        }

        return stream.ToArray();
    }
}
