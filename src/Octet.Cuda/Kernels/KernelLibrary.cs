using System.Reflection;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Kernels;

/// <summary>
/// The kernels as one card has them: the embedded texts of its set, compiled by the driver when a kernel of theirs is first asked for. Not thread-safe.
/// </summary>
/// <param name="context">The card.</param>
/// <param name="set">Which of the compiled forms.</param>
sealed class KernelLibrary(CudaContext context, KernelSet set) : IDisposable
{
    // More has to be asked for.
    const int FreeSharedBytes = 48 << 10;

    readonly Dictionary<string, CudaModule> _modules = [];
    readonly Dictionary<string, CudaFunction> _functions = [];

    internal KernelSet Set { get; } = set;

    /// <summary>A kernel, ready to be launched.</summary>
    /// <param name="file">Its source, without ending.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="sharedBytes">The dynamic shared memory of its launches, always the same.</param>
    /// <exception cref="CudaException">The driver does not take the text.</exception>
    internal CudaFunction Get(string file, string name, int sharedBytes)
    {
        if (!_functions.TryGetValue(name, out CudaFunction? function))
        {
            if (!_modules.TryGetValue(file, out CudaModule? module))
            {
                _modules.Add(file, module = context.LoadModule(Text(file, Set.Target)));
            }

            function = module.GetFunction(name);
            if (sharedBytes > FreeSharedBytes)
            {
                function.AllowShared(sharedBytes);
            }

            _functions.Add(name, function);
        }

        return function;
    }

    /// <summary>The names of the sources that there are kernels of.</summary>
    internal static IReadOnlyList<string> Files { get; } =
        [.. typeof(KernelLibrary).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".ptx", StringComparison.Ordinal)).Select(name => name[..name.IndexOf('.')]).Distinct().Order()];

    /// <summary>The text of a source's kernels for a target.</summary>
    internal static string Text(string file, string target)
    {
        string name = $"{file}.{target}.ptx";
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"no kernels {name} are embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

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
