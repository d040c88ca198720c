using System.Text;

namespace Octet.Cli.IO;

/// <summary>A UTF-8 file read whole; <c>-</c> is the standard input.</summary>
static class TextFile
{
    /// <exception cref="CommandException">There is no such file, or it is not UTF-8.</exception>
    internal static string Read(string path)
    {
        if (path == "-")
        {
            return Standard.ReadAllInput();
        }

        try
        {
            return File.Exists(path)
                ? File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true))
                : throw new CommandException($"there is no file {path}");
        }
        catch (DecoderFallbackException)
        {
            throw new CommandException($"{path} is not UTF-8 text: convert it, or give --ids");
        }
    }
}
