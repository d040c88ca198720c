using System.IO.Compression;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Kernels;

/// <summary>
/// The kernels as one card has them: the embedded texts of its set, compiled by the driver when a kernel of theirs is first asked for. Not thread-safe.
/// </summary>
/// <param name="context">The card.</param>
/// <param name="set">Which of the compiled forms.</param>
sealed class KernelLibrary(CudaContext context, KernelSet set) : IDisposable
{
    readonly Dictionary<string, CudaModule> _modules = [];
    readonly Dictionary<string, CudaFunction> _functions = [];
    readonly Dictionary<string, KernelText> _texts = [];

    internal KernelSet Set { get; } = set;

    /// <summary>A kernel, ready to be launched.</summary>
    /// <param name="file">Its source, without ending.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="sharedBytes">The dynamic shared memory of the launch.</param>
    /// <exception cref="CudaException">The driver does not take the text.</exception>
    /// <exception cref="ModelException">What the driver made of it would not end.</exception>
    internal CudaFunction Get(string file, string name, int sharedBytes)
    {
        if (!_functions.TryGetValue(name, out CudaFunction? function))
        {
            if (!_modules.TryGetValue(file, out CudaModule? module))
            {
                string text = Text(file, Set.Target);
                _modules.Add(file, module = context.LoadModule(text));
                foreach (KernelText kernel in KernelText.All(text))
                {
                    _texts.Add(kernel.Name, kernel);
                }
            }

            KernelText? known = _texts.GetValueOrDefault(name);
            function = module.GetFunction(name, known is { Waits: true });
            if (known is { Registers: > 0 } && function.RegistersPerThread < known.Registers)
            {
                throw new ModelException(
                    ModelError.DeviceFailed,
                    $"the driver's compiler gave {name} {function.RegistersPerThread} registers a thread, expected {known.Registers}, without which it would not end: use another driver, or the CPU (--device cpu)");
            }

            function.PreferShared();
            _functions.Add(name, function);
        }

        if (sharedBytes > function.AllowedSharedBytes)
        {
            function.AllowShared(sharedBytes);
        }

        return function;
    }

    /// <summary>The names of the sources that there are kernels of.</summary>
    internal static IReadOnlyList<string> Files { get; } = ReadFiles();

    /// <summary>The text of a source's kernels for a target.</summary>
    internal static string Text(string file, string target)
    {
        string name = $"{file}.{target}.ptx";
        using ZipArchive texts = Open();
        ZipArchiveEntry entry = texts.GetEntry(name) ?? throw new InvalidOperationException($"no kernels {name} are embedded");
        using var reader = new StreamReader(entry.Open());
        return reader.ReadToEnd();
    }

    static string[] ReadFiles()
    {
        using ZipArchive texts = Open();
        return [.. texts.Entries.Select(entry => entry.Name[..entry.Name.IndexOf('.')]).Distinct().Order()];
    }

    static ZipArchive Open()
        => new(typeof(KernelLibrary).Assembly.GetManifestResourceStream("kernels.zip") ?? throw new InvalidOperationException("no kernels are embedded"), ZipArchiveMode.Read);

    public void Dispose()
    {
        foreach (CudaModule module in _modules.Values)
        {
            module.Dispose();
        }

        _modules.Clear();
        _functions.Clear();
    }
}
