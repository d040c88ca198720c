using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Sampling;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.Models;

namespace Octet.Cuda.Tests.Sampling;

/// <summary>Rows of logits on a card of the fake driver, whose kernels the emulator runs.</summary>
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
        _context = CudaContext.Open(_fake.Table, 0);
        _stream = _context.CreateStream();
        _width = rows[0].Length;
        _backend = new CudaBackend(CudaContext.Open(_fake.Table, 0), ActivationMode.WeightOnly, new CudaBackendSizes(ArenaBlock: 1 << 20, UploadBuffer: 1 << 16, Readback: 1 << 12));
        Rows = (CudaLogitRows)_backend.CreateLogitRows(_width);
        Write(rows);
    }

    internal CudaLogitRows Rows { get; }

    internal FakeCard Card => _fake.Card;

    /// <summary>A step with other logits.</summary>
    internal void Write(params float[][] rows)
    {
        ulong first = Rows.Begin(rows.Length);
        Card.Drain();
        for (int i = 0; i < rows.Length; i++)
        {
            Card.Memory.Write(first + ((ulong)i * (ulong)Rows.Stride * sizeof(float)), MemoryMarshal.AsBytes(rows[i].AsSpan()));
        }
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
