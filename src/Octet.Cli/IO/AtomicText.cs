using System.Text;

namespace Octet.Cli.IO;

/// <summary>A small text file that appears whole or not at all.</summary>
static class AtomicText
{
    internal static void Write(string path, string text)
    {
        string full = Path.GetFullPath(path);
        string directory = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(directory))
        {
            throw new CommandException($"cannot write {path}: there is no directory {directory}");
        }

        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllText(temporary, text, new UTF8Encoding(false));
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not the message as it is: it names the temporary file.
            File.Delete(temporary);
            throw new CommandException($"cannot write {path}: {(error is UnauthorizedAccessException ? "no permission" : error.Message)}");
        }
    }
}
