using System.Collections.Concurrent;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Has kernels of what a test does, and of nothing beside it, lack some of the instructions that order what they do. Both ways by which tests come to a kernel's
/// text ask it: the emulator by itself, and the driver that the emulator is behind.
/// </summary>
sealed class Mutant
{
    static readonly AsyncLocal<Mutant?> s_current = new();
    static readonly Lazy<Dictionary<string, (string File, string Target)>> s_texts = new(() => KernelSet.All
        .SelectMany(set => KernelLibrary.Files.Select(file => (file, set.Target)))
        .Where(kernels => SourceTests.HasText(kernels.file, kernels.Target))
        .ToDictionary(kernels => KernelLibrary.Text(kernels.file, kernels.Target)));

    readonly (string File, string Target)? _kernels;
    readonly string _text;
    readonly Lazy<PtxModule> _module;

    /// <param name="kernels">Whose text is another; null: nobody's.</param>
    /// <param name="text">It.</param>
    internal Mutant((string File, string Target)? kernels, string text)
    {
        _kernels = kernels;
        _text = text;
        _module = new Lazy<PtxModule>(() => PtxModule.Parse(_text));
    }

    /// <summary>The kernels that were asked for while it was there.</summary>
    internal ConcurrentDictionary<(string File, string Target), bool> Used { get; } = [];

    /// <summary>What is done with this mutant.</summary>
    internal void Run(Action action)
    {
        s_current.Value = this;
        try
        {
            action();
        }
        finally
        {
            s_current.Value = null;
        }
    }

    /// <summary>The kernels of a text as the test is to have them; null: as they are.</summary>
    internal static PtxModule? Of(string text)
    {
        if (s_current.Value is not { } mutant || !s_texts.Value.TryGetValue(text, out (string, string) kernels))
        {
            return null;
        }

        mutant.Used[kernels] = true;
        return mutant._kernels == kernels ? mutant._module.Value : null;
    }
}
