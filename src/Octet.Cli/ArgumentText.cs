using System.Text;
using System.Text.Unicode;

namespace Octet.Cli;

/// <summary>
/// Refuses arguments that are not text. .NET has replaced by U+FFFD what it could not decode before the program sees it: whether an
/// argument really had that character can be told where the system shows the bytes (Linux).
/// </summary>
static class ArgumentText
{
    const string CommandLine = "/proc/self/cmdline";

    /// <exception cref="UsageException">An argument is not text.</exception>
    internal static void Require(string[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (HasHalfCharacter(arguments[i]))
            {
                throw NotText(i, "it holds half of a surrogate pair");
            }
        }

        if (!arguments.Any(argument => argument.Contains(Rune.ReplacementChar.ToString(), StringComparison.Ordinal)) || !OperatingSystem.IsLinux())
        {
            return;
        }

        byte[][] raw = Raw();
        for (int i = 0, first = raw.Length - arguments.Length; first >= 0 && i < arguments.Length; i++)
        {
            if (!Utf8.IsValid(raw[first + i]))
            {
                throw NotText(i, "it is not UTF-8: set the terminal to UTF-8, or give the text in a file or on the standard input, converted with iconv");
            }
        }
    }

    static bool HasHalfCharacter(string argument)
    {
        for (int i = 0; i < argument.Length; i++)
        {
            if (char.IsSurrogate(argument[i]) && !(i + 1 < argument.Length && char.IsSurrogatePair(argument[i], argument[++i])))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>All arguments of the process, the program's own last; none where the system does not show them.</summary>
    static byte[][] Raw()
    {
        try
        {
            byte[] line = File.ReadAllBytes(CommandLine);
            List<byte[]> arguments = [];
            for (int start = 0; start < line.Length;)
            {
                int length = line.AsSpan(start).IndexOf((byte)0);
                length = length < 0 ? line.Length - start : length;
                arguments.Add(line[start..(start + length)]);
                start += length + 1;
            }

            return [.. arguments];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static UsageException NotText(int index, string why) => new($"argument {index + 1} is not text: {why}");
}
