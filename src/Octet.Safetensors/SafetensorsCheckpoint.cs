using System.Diagnostics.CodeAnalysis;

namespace Octet.Safetensors;

/// <summary>
/// All tensors of a checkpoint in the Hugging Face layout: one file <c>model.safetensors</c>, or shards with their index
/// <c>model.safetensors.index.json</c>. Index and shards must agree exactly: every tensor named is there, once, in its shard. Shards that
/// are all there need no index.
/// </summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    internal const string SingleName = WeightFileNames.Single;
    internal const string IndexName = WeightFileNames.Index;

    readonly SafetensorsFile[] _files;
    readonly Dictionary<string, TensorView> _byName = [];
    readonly List<TensorView> _tensors = [];

    SafetensorsCheckpoint(string path, SafetensorsFile[] files, CheckpointIndex? index)
    {
        Path = path;
        _files = files;
        foreach (SafetensorsFile file in files)
        {
            foreach (TensorView tensor in file.Tensors)
            {
                Add(tensor, index);
            }
        }

        foreach ((string name, string shard) in index?.ShardOf ?? new Dictionary<string, string>())
        {
            if (!_byName.ContainsKey(name))
            {
                throw Mismatch(
                    SafetensorsError.TensorNotInShard,
                    $"the index places tensor {SafetensorsException.Quote(name)} in {SafetensorsException.Quote(shard)}, which does not hold it",
                    name);
            }
        }

        Files = Array.AsReadOnly(files);
        Tensors = _tensors.AsReadOnly();
        TotalBytes = _tensors.Sum(tensor => tensor.ByteLength);
        Metadata = Merge(files);
    }

    /// <summary>The full path of what was opened: the index, or the single file, or the directory of shards that have no index.</summary>
    public string Path { get; }

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files { get; }

    /// <summary>All tensors: file by file, each in the order of its bytes.</summary>
    public IReadOnlyList<TensorView> Tensors { get; }

    /// <summary>The sum of the tensors' bytes, without headers. The index's <c>total_size</c> is not consulted.</summary>
    public long TotalBytes { get; }

    /// <summary>The files' metadata together; where two shards differ on a key, the first file's value stands.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.TensorNotFound"/>: no file has one of that name.</exception>
    public TensorView this[string name] => TryGetTensor(name, out TensorView? tensor)
        ? tensor
        : throw Mismatch(
            SafetensorsError.TensorNotFound, $"there is no tensor {SafetensorsException.Quote(name)} among the checkpoint's {_tensors.Count}", name);

    /// <summary>Opens a checkpoint; every file is mapped and its header validated, no data is read.</summary>
    /// <param name="path">
    /// A directory that holds <c>model.safetensors</c>, else <c>model.safetensors.index.json</c>, else one index, all shards of one name
    /// (n of m), or one file under other names; an index file (its name ends in <c>.json</c>); or a single safetensors file.
    /// </param>
    /// <exception cref="SafetensorsException">Something is missing, invalid or in disagreement; see <see cref="SafetensorsException.Error"/>.</exception>
    public static SafetensorsCheckpoint Open(string path) => Open(path, SafetensorsReadMode.MemoryMap);

    /// <summary>Opens a checkpoint; every file's header is read and validated, no data.</summary>
    /// <param name="path">As in <see cref="Open(string)"/>.</param>
    /// <param name="mode">How the files' bytes are reached.</param>
    /// <exception cref="SafetensorsException">Something is missing, invalid or in disagreement; see <see cref="SafetensorsException.Error"/>.</exception>
    public static SafetensorsCheckpoint Open(string path, SafetensorsReadMode mode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.GetFullPath(path);
        List<SafetensorsFile> files = [];
        try
        {
            if (Directory.Exists(full))
            {
                WeightFileNames.Choice choice = ChooseInDirectory(full);
                if (choice.IndexName is null)
                {
                    files.AddRange(choice.Files.Select(name => SafetensorsFile.Open(System.IO.Path.Combine(full, name), mode)));
                    return new SafetensorsCheckpoint(files is [SafetensorsFile only] ? only.Path : full, [.. files], null);
                }

                full = System.IO.Path.Combine(full, choice.IndexName);
            }

            CheckpointIndex? index = full.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? CheckpointIndex.Read(full) : null;
            if (index is null)
            {
                files.Add(SafetensorsFile.Open(full, mode));
            }
            else
            {
                OpenShards(full, index, mode, files);
            }

            return new SafetensorsCheckpoint(full, [.. files], index);
        }
        catch
        {
            files.ForEach(opened => opened.Dispose());
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    /// <returns>Whether the checkpoint has a tensor of that name.</returns>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out TensorView tensor)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.TryGetValue(name, out tensor);
    }

    /// <summary>Unmaps or closes all files. Spans and pointers into them must no longer be used.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    static void OpenShards(string indexPath, CheckpointIndex index, SafetensorsReadMode mode, List<SafetensorsFile> files)
    {
        string directory = System.IO.Path.GetDirectoryName(indexPath)!;
        foreach (string shard in index.ShardOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string path = System.IO.Path.Combine(directory, shard);
            if (!File.Exists(path))
            {
                string tensor = index.ShardOf.First(pair => pair.Value == shard).Key;
                throw new SafetensorsException(
                    SafetensorsError.MissingShard,
                    $"{SafetensorsException.Line(path)}: this shard is missing; the index places tensor {SafetensorsException.Quote(tensor)} in it: download it",
                    path,
                    tensor);
            }

            files.Add(SafetensorsFile.Open(path, mode));
        }
    }

    static WeightFileNames.Choice ChooseInDirectory(string directory)
    {
        string line = SafetensorsException.Line(directory);
        string[] names;
        try
        {
            names = [.. Directory.EnumerateFiles(directory).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException(SafetensorsError.IoError, $"{line}: the directory cannot be read: {SafetensorsException.Line(e.Message)}", directory, innerException: e);
        }

        WeightFileNames.Choice choice = WeightFileNames.Choose(names);
        if (choice.IndexName is not null || choice.Files.Length > 0)
        {
            return choice;
        }

        if (choice.MissingShard is { } missing)
        {
            throw new SafetensorsException(SafetensorsError.MissingShard, $"{line}: {choice.Problem}", System.IO.Path.Combine(directory, missing));
        }

        string advice = choice.Problem is { } problem ? $"; {problem}"
            : names.FirstOrDefault(name => name.StartsWith("pytorch_model", StringComparison.Ordinal)) is string pickle
                ? $"; {SafetensorsException.Quote(pickle)} is not read, because a Python pickle runs code when it is loaded: convert it to safetensors"
            : names.FirstOrDefault(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is string gguf
                ? $"; {SafetensorsException.Quote(gguf)} is not read: Octet reads safetensors; look for the repository that it was made from"
            : ", nor another safetensors file";
        throw new SafetensorsException(SafetensorsError.FileNotFound, $"{line}: the directory has neither {SingleName} nor {IndexName}{advice}", directory);
    }

    static IReadOnlyDictionary<string, string> Merge(SafetensorsFile[] files)
    {
        if (files.Length == 1)
        {
            return files[0].Metadata;
        }

        Dictionary<string, string> merged = [];
        foreach ((string key, string value) in files.SelectMany(file => file.Metadata))
        {
            merged.TryAdd(key, value);
        }

        return merged.AsReadOnly();
    }

    void Add(TensorView tensor, CheckpointIndex? index)
    {
        string name = tensor.Name;
        if (!_byName.TryAdd(name, tensor))
        {
            throw Mismatch(
                SafetensorsError.DuplicateName,
                $"tensor {SafetensorsException.Quote(name)} is in two shards, {QuoteFile(_byName[name])} and {QuoteFile(tensor)}",
                name);
        }

        if (index is not null)
        {
            RequirePlace(tensor, index);
        }

        _tensors.Add(tensor);
    }

    void RequirePlace(TensorView tensor, CheckpointIndex index)
    {
        if (!index.ShardOf.TryGetValue(tensor.Name, out string? shard))
        {
            throw Mismatch(
                SafetensorsError.TensorNotInIndex,
                $"the shard {QuoteFile(tensor)} holds tensor {SafetensorsException.Quote(tensor.Name)}, which the index does not name",
                tensor.Name);
        }

        if (shard != FileName(tensor.File) && !OtherShardHolds(shard, tensor.Name))
        {
            throw Mismatch(
                SafetensorsError.TensorNotInShard,
                $"the index places tensor {SafetensorsException.Quote(tensor.Name)} in {SafetensorsException.Quote(shard)}, it is in {QuoteFile(tensor)}",
                tensor.Name);
        }
    }

    // Then the tensor is in two shards, which is found, and said, when the other one is added.
    bool OtherShardHolds(string shard, string name) =>
        _files.Any(file => FileName(file) == shard && file.TryGetTensor(name, out _));

    static string FileName(SafetensorsFile file) => System.IO.Path.GetFileName(file.Path);

    static string QuoteFile(TensorView tensor) => SafetensorsException.Quote(FileName(tensor.File));

    SafetensorsException Mismatch(SafetensorsError error, string problem, string name) =>
        new(error, $"{SafetensorsException.Line(Path)}: {problem}", Path, name);
}
