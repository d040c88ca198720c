using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cuda.Diagnosis;

/// <summary>Weights of linear layers that are made for a trial, in a file that lies in memory.</summary>
sealed class TrialWeights : IDisposable
{
    const int Codes = 256;
    const int Block = 128;

    readonly SafetensorsFile _file;
    readonly ScaleGrid? _scales;

    TrialWeights(DataType type, int rows, int columns, byte[] bytes, ScaleGrid? scales)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [new TensorSource("weight", type, [rows, columns], bytes)]);
        _file = SafetensorsFile.Parse(stream.ToArray(), "the weights of a trial");
        _scales = scales;
    }

    internal LinearTensor Tensor => new(_file["weight"], _scales);

    /// <summary>256 rows, of which row i has the E4M3 code i in one column and zeros beside it; the two codes of NaN are zeros too.</summary>
    internal static TrialWeights EveryCode(int columns)
    {
        byte[] codes = new byte[Codes * columns];
        for (int code = 0; code < Codes; code++)
        {
            codes[(code * columns) + (code % columns)] = IsNaN(code) ? (byte)0 : (byte)code;
        }

        return new TrialWeights(DataType.Float8E4M3FN, Codes, columns, codes, null);
    }

    /// <summary>Random E4M3 codes in blocks of 128 x 128, whose scales differ.</summary>
    internal static TrialWeights Float8(int rows, int columns, Random random)
    {
        byte[] codes = new byte[rows * columns];
        random.NextBytes(codes);
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] = IsNaN(codes[i]) ? (byte)0 : codes[i];
        }

        float[] scales = [.. Enumerable.Range(0, (rows + Block - 1) / Block * ((columns + Block - 1) / Block)).Select(_ => (1 + random.NextSingle()) / 1024)];
        return new TrialWeights(DataType.Float8E4M3FN, rows, columns, codes, new ScaleGrid(scales, Block, Block));
    }

    /// <summary>Random bfloat16 values from -1 to 1.</summary>
    internal static TrialWeights BFloat16(int rows, int columns, Random random)
    {
        byte[] bytes = new byte[2 * rows * columns];
        for (int i = 0; i < bytes.Length; i += 2)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), (ushort)(BitConverter.SingleToUInt32Bits((2 * random.NextSingle()) - 1) >> 16));
        }

        return new TrialWeights(DataType.BFloat16, rows, columns, bytes, null);
    }

    public void Dispose() => _file.Dispose();

    static bool IsNaN(int code) => (code & 0x7f) == 0x7f;
}
