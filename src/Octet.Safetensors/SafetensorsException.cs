using System.Text;

namespace Octet.Safetensors;

/// <summary>
/// A file, checkpoint or tensor that cannot be read or written as safetensors. The message is one line and says what is
/// wrong, in which file and tensor, what was expected and found, and what to do.
/// </summary>
public sealed class SafetensorsException : IOException
{
    const int MaxQuotedLength = 200;

    internal SafetensorsException(
        SafetensorsError error, string message, string? filePath = null, string? tensorName = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Error = error;
        FilePath = filePath;
        TensorName = tensorName;
    }

    /// <summary>The kind of error.</summary>
    public SafetensorsError Error { get; }

    /// <summary>The file concerned; null where there is none.</summary>
    public string? FilePath { get; }

    /// <summary>The tensor concerned; null where there is none.</summary>
    public string? TensorName { get; }

    /// <summary>Text from a file, for a message: one line, whatever the text contains, and not endless.</summary>
    internal static string Quote(string text)
    {
        StringBuilder quoted = new("'");
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (quoted.Length > MaxQuotedLength)
            {
                quoted.Append("...");
                break;
            }

            bool prints = !Rune.IsControl(rune) && rune.Value is not (0x2028 or 0x2029);
            quoted.Append(prints ? rune.ToString() : $"\\u{rune.Value:x4}");
        }

        return quoted.Append('\'').ToString();
    }

    /// <summary>A path, for a message: whole, on one line.</summary>
    internal static string Line(string path) =>
        path.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 ? path : string.Concat(path.Select(c => char.IsControl(c) ? '?' : c));
}
