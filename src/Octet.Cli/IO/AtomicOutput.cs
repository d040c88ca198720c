namespace Octet.Cli.IO;

/// <summary>A file that appears whole or not at all. Its errors name it, and never the temporary file that it was written as.</summary>
static class AtomicOutput
{
    /// <summary>Refuses a path that cannot be written whatever is computed: before it is.</summary>
    /// <exception cref="CommandException">There is no such directory, or the path is a directory's.</exception>
    internal static void Require(string path)
    {
        string full = Path.GetFullPath(path);
        string directory = Path.GetDirectoryName(full) ?? full;
        if (!Directory.Exists(directory))
        {
            throw new CommandException($"cannot write {path}: there is no directory {directory}");
        }

        if (Directory.Exists(full))
        {
            throw new CommandException($"cannot write {path}: it is a directory, expected the name of a file");
        }
    }

    internal static void Write(string path, Action<Stream> write)
    {
        Require(path);
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot write {path}: {(error is UnauthorizedAccessException ? "no permission" : error.Message.Replace(temporary, full, StringComparison.Ordinal))}");
        }
        finally
        {
            Remove(temporary);
        }
    }

    static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What went wrong with the file itself is the error to tell.
        }
    }
}
