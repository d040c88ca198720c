using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.FakeLibrary;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Models;

/// <summary>A small random Qwen3 in a directory of its own, opened on a card of the fake driver, whose kernels the emulator runs, or on the one that the environment names (<see cref="RealCard"/>), and on the CPU.</summary>
sealed class CardModel : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly FakeCuda _fake;

    /// <param name="options">How both are opened.</param>
    /// <param name="checkpoint">The model; null: two layers of ragged sizes.</param>
    /// <param name="card">The card; null: one of sm_90.</param>
    /// <param name="missing">A function that the driver does not have; null: none.</param>
    /// <param name="library">Puts the library on the card's driver; null: there is none.</param>
    internal CardModel(LanguageModelOptions options, SyntheticCheckpoint? checkpoint = null, FakeCard? card = null, string? missing = null, Func<FakeCuda, FakeCublasLt>? library = null)
        : this(options, directory => (checkpoint ?? new SyntheticCheckpoint()).Write(directory), card, missing, library)
    {
    }

    /// <param name="options">How both are opened.</param>
    /// <param name="write">Writes the model into a directory.</param>
    /// <param name="card">The card; null: one of sm_90.</param>
    /// <param name="missing">A function that the driver does not have; null: none.</param>
    /// <param name="library">Puts the library on the card's driver; null: there is none.</param>
    internal CardModel(LanguageModelOptions options, Action<string> write, FakeCard? card = null, string? missing = null, Func<FakeCuda, FakeCublasLt>? library = null)
    {
        write(_directory.Path);
        _fake = new FakeCuda(card ?? new FakeCard { Options = Quick }) { Missing = missing is null ? [] : [missing] };
        DriverProbe probe = RealCard.IsUsed ? RealCard.Probe : _fake.Probe;
        if (missing is not null)
        {
            RealCard.SkipOnCard();
        }

        Library = library?.Invoke(_fake);
        CublasLtProbe? found = Library is null ? null : RealCard.IsUsed ? CublasLtProbe.Machine : Library.Probe;
        Assert.SkipWhen(RealCard.IsUsed && found is { Library: null }, found?.Reason ?? "");
        var kind = CudaDevices.Kind(() => probe, (context, mode) => Backend = new CudaBackend(context, mode, new CudaBackendSizes(ArenaBlock: 1 << 20, UploadBuffer: 1 << 16, Readback: 1 << 12), found));
        Model = LanguageModel.Load(_directory.Path, options with { Device = RealCard.IsUsed ? $"cuda:{RealCard.Ordinal}" : "cuda" }, ScalarKernels.Instance, kinds: [kind]);
        Cpu = LanguageModel.Load(_directory.Path, options with { Threads = 1 });
    }

    /// <summary>How kernels are run: with every check, without counting.</summary>
    internal static PtxMachineOptions Quick { get; } = new() { HostThreads = 1, CountTraffic = false };

    internal FakeCuda Fake
    {
        get
        {
            RealCard.SkipOnCard();
            return _fake;
        }
    }

    /// <summary>NVIDIA's library there; null: it was not asked for.</summary>
    internal FakeCublasLt? Library { get; }

    internal CudaBackend Backend { get; private set; } = null!;

    internal LanguageModel Model { get; }

    internal LanguageModel Cpu { get; }

    internal static int[] Ids(int count, int seed = 1, int vocabulary = 301)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    /// <summary>Logits of a prompt's last token and of each of the tokens after it, one at a time.</summary>
    internal static List<float[]> Logits(LanguageModel model, int[] prompt, int[] after)
    {
        List<float[]> rows = [];
        using InferenceSession session = model.CreateSession();
        rows.Add(new float[session.VocabularySize]);
        session.Evaluate(prompt, rows[^1]);
        foreach (int id in after)
        {
            rows.Add(new float[session.VocabularySize]);
            session.Evaluate([id], rows[^1]);
        }

        return rows;
    }

    /// <summary>Compares the logits of the card with those of the CPU; returns the largest error.</summary>
    internal double LargestError(int[] prompt, int[] after)
        => Logits(Cpu, prompt, after).Zip(Logits(Model, prompt, after), (expected, found) => Difference.Of(expected, found)).Max();

    public void Dispose()
    {
        Model.Dispose();
        Cpu.Dispose();
        _fake.Dispose();
        _directory.Dispose();
    }
}
