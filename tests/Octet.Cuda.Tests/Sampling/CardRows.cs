using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Sampling;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.Models;

namespace Octet.Cuda.Tests.Sampling;

/// <summary>Rows of logits on a card of the fake driver, whose kernels the emulator runs, or on the one that the environment names.</summary>
sealed unsafe class CardRows : IDisposable
{
    readonly FakeCuda _fake;
    readonly CudaBackend _backend;
    readonly CudaContext _context;
    readonly CudaStream _stream;
    readonly int _width;

    /// <param name="target">What the kernels are compiled for.</param>
    /// <param name="rows">All of one length.</param>
    internal CardRows(string target, params float[][] rows)
    {
        (int major, int minor) = target switch { "sm_80" => (8, 0), "sm_89" => (8, 9), _ => (9, 0) };
        _fake = new FakeCuda(new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        CudaDriver driver = RealCard.IsUsed ? RealCard.Driver : _fake.Table;
        int ordinal = RealCard.IsUsed ? RealCard.Ordinal : 0;
        _context = CudaContext.Open(driver, ordinal);
        _stream = _context.CreateStream();
        _width = rows[0].Length;
        _backend = new CudaBackend(CudaContext.Open(driver, ordinal), ActivationMode.WeightOnly, new CudaBackendSizes(ArenaBlock: 1 << 20, UploadBuffer: 1 << 16, Readback: 1 << 12));
        Assert.SkipUnless(!RealCard.IsUsed || _backend.Description.EndsWith(target, StringComparison.Ordinal), $"this card has other kernels than those for {target}");
        Rows = (CudaLogitRows)_backend.CreateLogitRows(_width);
        Write(rows);
    }

    internal CudaLogitRows Rows { get; }

    internal FakeCard Card
    {
        get
        {
            RealCard.SkipOnCard();
            return _fake.Card;
        }
    }

    /// <summary>A step with other logits.</summary>
    internal void Write(params float[][] rows)
    {
        ulong first = Rows.Begin(rows.Length);

        // Behind the zeros that the backend's queue may still have for them.
        _backend.ReadBack(new DeviceSpan(first, sizeof(float)), new byte[sizeof(float)]);
        for (int i = 0; i < rows.Length; i++)
        {
            fixed (float* row = rows[i])
            {
                _stream.CopyToDevice(first + ((ulong)i * (ulong)Rows.Stride * sizeof(float)), row, (long)rows[i].Length * sizeof(float));
            }
        }

        _stream.Synchronize();
    }

    /// <summary>One look at a row.</summary>
    internal RowChoice Choose(Action<RowChoice> ask, int row = 0)
    {
        var choice = new RowChoice();
        choice.Begin(row);
        choice.Columns = _width;
        choice.Best = 1;
        ask(choice);
        Rows.Choose([choice]);
        return choice;
    }

    public void Dispose()
    {
        Rows.Dispose();
        _backend.Dispose();
        _stream.Dispose();
        _context.Dispose();
        Assert.True(_fake.IsClean, $"{_fake.LiveHandles} handles, {_fake.LivePinned} pinned blocks, {_fake.LiveAllocations} allocations");
        _fake.Dispose();
    }
}
