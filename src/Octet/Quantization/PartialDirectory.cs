namespace Octet.Quantization;

/// <summary>
/// A directory that appears whole or not at all: made beside its destination as <c>NAME.partial</c>, held by a lock, and renamed at the
/// end. What a killed process left there is removed by the next one, wherever it was killed: the lock, by which a directory is known for such
/// a process's own, is in it until it has its name.
/// </summary>
sealed class PartialDirectory : IDisposable
{
    const string LockName = ".lock";

    readonly string _destination;
    readonly FileStream _lock;
    readonly Action? _between;
    bool _committed;

    /// <param name="destination">The directory that is to be.</param>
    /// <param name="between">Called between two steps of <see cref="Commit"/>; null: nobody looks.</param>
    /// <exception cref="ModelException">The destination is there already, cannot be written, or another process is writing it.</exception>
    internal PartialDirectory(string destination, Action? between = null)
    {
        _between = between;
        _destination = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(destination));
        RequireFree();
        Path = _destination + ".partial";
        RequireOwn();
        try
        {
            Directory.CreateDirectory(Path);
            _lock = new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(
                ModelError.Inaccessible,
                File.Exists(System.IO.Path.Combine(Path, LockName))
                    ? $"{Path} is being written by another process: wait for it, or choose another destination"
                    : $"{Path} cannot be written: {OneLine(e)}",
                Path,
                innerException: e);
        }

        try
        {
            Empty();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>Where to write.</summary>
    internal string Path { get; }

    internal void Commit()
    {
        RequireFree();
        try
        {
            if (Directory.Exists(_destination))
            {
                // Empty, or this fails.
                Directory.Delete(_destination);
                _between?.Invoke();
            }

            if (OperatingSystem.IsWindows())
            {
                // Nothing is renamed there while a file in it is open.
                _lock.Dispose();
            }

            Directory.Move(Path, _destination);
            _committed = true;
            _between?.Invoke();
            File.Delete(System.IO.Path.Combine(_destination, LockName));
            _lock.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.Inaccessible, $"{_destination} cannot be written: {OneLine(e)}", _destination, innerException: e);
        }
    }

    public void Dispose()
    {
        if (_committed)
        {
            _lock.Dispose();
            return;
        }

        try
        {
            // The lock last.
            Empty();
            _lock.Dispose();
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here says more than this one would.
            _lock.Dispose();
        }
    }

    void RequireFree()
    {
        if (File.Exists(_destination) || (Directory.Exists(_destination) && Directory.EnumerateFileSystemEntries(_destination).Any()))
        {
            throw new ModelException(ModelError.InvalidInput, $"{_destination} is there already: remove it, or choose another destination; nothing is overwritten", _destination);
        }
    }

    /// <summary>What is emptied must be what a run left: it makes the lock first, and only then other files.</summary>
    void RequireOwn()
    {
        if (File.Exists(Path) || (Directory.Exists(Path) && !File.Exists(System.IO.Path.Combine(Path, LockName)) && Directory.EnumerateFileSystemEntries(Path).Any()))
        {
            throw new ModelException(ModelError.InvalidInput, $"{Path} is there and was not left by an interrupted run: it would be written to and removed; rename it, or choose another destination", Path);
        }
    }

    void Empty()
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(Path))
        {
            if (Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else if (System.IO.Path.GetFileName(entry) != LockName)
            {
                File.Delete(entry);
            }
        }
    }

    static string OneLine(Exception e) => e.Message.ReplaceLineEndings(" ");
}
