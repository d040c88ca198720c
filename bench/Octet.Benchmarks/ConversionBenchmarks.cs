using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using BenchmarkDotNet.Attributes;
using Octet.Numerics;

namespace Octet.Benchmarks;

/// <summary>
/// Bulk conversion against a plain loop, against the framework's conversion of Half, and against memory: loops that read and write as many
/// bytes in the same pattern and compute nothing, with stores past the caches where the results are large (as the library's).
/// </summary>
public unsafe class ConversionBenchmarks
{
    const int Alignment = 4096;

    byte* _codes;
    ushort* _words;
    float* _singles;

    /// <summary>65,536 elements stay in the second-level cache, 64 Mi are 64 MiB of codes and 256 MiB of float32.</summary>
    [Params(1 << 16, 1 << 26)]
    public int Elements { get; set; }

    ReadOnlySpan<Float8E4M3FN> E4M3 => new(_codes, Elements);

    ReadOnlySpan<Float8E5M2> E5M2 => new(_codes, Elements);

    Span<float> Singles => new(_singles, Elements);

    [GlobalSetup]
    public void Setup()
    {
        _codes = (byte*)NativeMemory.AlignedAlloc((nuint)Elements, Alignment);
        _words = (ushort*)NativeMemory.AlignedAlloc((nuint)Elements * 2, Alignment);
        _singles = (float*)NativeMemory.AlignedAlloc((nuint)Elements * 4, Alignment);
        var random = new Random(8);
        random.NextBytes(new Span<byte>(_codes, Elements));
        for (int i = 0; i < Elements; i++)
        {
            _singles[i] = (random.NextSingle() - 0.5f) * 100;
            _words[i] = BitConverter.HalfToUInt16Bits((Half)_singles[i]);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.AlignedFree(_codes);
        NativeMemory.AlignedFree(_words);
        NativeMemory.AlignedFree(_singles);
    }

    [Benchmark]
    [Traffic(5)]
    public void LimitByteToSingle()
    {
        bool past = Past(4);
        for (nint i = 0; i < Elements; i += 32)
        {
            Vector256<byte> value = Vector256.Load(_codes + i);
            Store(value, (byte*)(_singles + i), past);
            Store(value, (byte*)(_singles + i + 8), past);
            Store(value, (byte*)(_singles + i + 16), past);
            Store(value, (byte*)(_singles + i + 24), past);
        }
    }

    [Benchmark]
    [Traffic(3)]
    public void LimitByteToWord()
    {
        bool past = Past(2);
        for (nint i = 0; i < Elements; i += 32)
        {
            Vector256<byte> value = Vector256.Load(_codes + i);
            Store(value, (byte*)(_words + i), past);
            Store(value, (byte*)(_words + i + 16), past);
        }
    }

    [Benchmark]
    [Traffic(5)]
    public void LimitSingleToByte()
    {
        for (nint i = 0; i < Elements; i += 32)
        {
            Vector256<float> value = Vector256.Load(_singles + i) | Vector256.Load(_singles + i + 8) | Vector256.Load(_singles + i + 16) | Vector256.Load(_singles + i + 24);
            value.AsByte().Store(_codes + i);
        }
    }

    [Benchmark]
    [Traffic(5, nameof(LimitByteToSingle))]
    public void E4M3ToSingle() => Float8E4M3FN.ConvertToSingle(E4M3, Singles);

    [Benchmark]
    [Traffic(5, nameof(LimitByteToSingle))]
    public void E4M3ToSinglePlainLoop()
    {
        for (int i = 0; i < Elements; i++)
        {
            _singles[i] = Float8E4M3FN.FromBits(_codes[i]);
        }
    }

    [Benchmark]
    [Traffic(5, nameof(LimitByteToSingle))]
    public void E5M2ToSingle() => Float8E5M2.ConvertToSingle(E5M2, Singles);

    [Benchmark]
    [Traffic(3, nameof(LimitByteToWord))]
    public void E4M3ToBFloat16() => BulkConversion.Convert(E4M3, new Span<BFloat16>(_words, Elements));

    [Benchmark]
    [Traffic(3, nameof(LimitByteToWord))]
    public void E5M2ToBFloat16() => BulkConversion.Convert(E5M2, new Span<BFloat16>(_words, Elements));

    [Benchmark]
    [Traffic(6)]
    public void BFloat16ToSingle() => BFloat16.ConvertToSingle(new ReadOnlySpan<BFloat16>(_words, Elements), Singles);

    [Benchmark]
    [Traffic(6)]
    public void HalfToSingleByTensorPrimitives() => TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(_words, Elements), Singles);

    [Benchmark]
    [Traffic(5, nameof(LimitSingleToByte))]
    public void SingleToE4M3Saturating() =>
        Float8E4M3FN.ConvertFromSingle(Singles, new Span<Float8E4M3FN>(_codes, Elements), OverflowMode.Saturate);

    [Benchmark]
    [Traffic(5, nameof(LimitSingleToByte))]
    public void SingleToE4M3PlainLoop()
    {
        for (int i = 0; i < Elements; i++)
        {
            _codes[i] = Float8E4M3FN.FromSingle(_singles[i], OverflowMode.Saturate).ToBits();
        }
    }

    [Benchmark]
    [Traffic(5, nameof(LimitSingleToByte))]
    public void SingleToE5M2Saturating() =>
        Float8E5M2.ConvertFromSingle(Singles, new Span<Float8E5M2>(_codes, Elements), OverflowMode.Saturate);

    [Benchmark]
    [Traffic(6)]
    public void SingleToBFloat16() => BFloat16.ConvertFromSingle(Singles, new Span<BFloat16>(_words, Elements));

    [Benchmark]
    [Traffic(6)]
    public void SingleToHalfByTensorPrimitives() => TensorPrimitives.ConvertToHalf(Singles, new Span<Half>(_words, Elements));

    bool Past(int size) => Sse2.IsSupported && (long)Elements * size >= 32 << 20;

    static void Store(Vector256<byte> value, byte* destination, bool past)
    {
        if (past)
        {
            value.StoreAlignedNonTemporal(destination);
        }
        else
        {
            value.Store(destination);
        }
    }
}
