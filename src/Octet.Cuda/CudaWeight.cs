using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// A matrix on the card, in the checkpoint's own bits where kernels multiply those, otherwise expanded: rows of whole groups of 128 columns, zeros behind the
/// last one, or tiles of 16 of them, and float32 scales.
/// </summary>
/// <remarks>The backend's arena owns the memory, so that disposing of a weight gives nothing back: all weights of a model go together.</remarks>
sealed class CudaWeight : Weight
{
    internal CudaWeight(long rows, int columns, WeightLayout layout, DeviceSpan data, DeviceSpan scales)
        : base(rows, columns)
    {
        Layout = layout;
        Data = data;
        Scales = scales;
    }

    internal WeightLayout Layout { get; }

    internal CudaFormat Format => Layout.Format;

    internal DeviceSpan Data { get; }

    /// <summary>[blocks of rows][<see cref="WeightLayout.ScaleStride"/>]; empty: there are none, or all lie in tiles.</summary>
    internal DeviceSpan Scales { get; }

    /// <summary>From one row to the next; in tiles from 16 rows to the next.</summary>
    internal long RowBytes => WeightLayout.RowBytes(Format, Columns);

    internal int Groups => WeightLayout.Groups(Columns);

    internal override long Bytes => (Format.IsTiled() ? Data.Bytes : Rows * Columns * Layout.ElementBytes) + Scales.Bytes;

    /// <summary>What becomes of the inputs before they are multiplied; null: they stay what they are, as far as the products are of 16 bits.</summary>
    internal InputQuantization? Input { get; init; }

    /// <summary>What each input is multiplied with before that; null: 1.</summary>
    internal CudaVector? Factors { get; init; }

    /// <summary>What is added to each output; null: nothing.</summary>
    internal CudaVector? Bias { get; init; }

    /// <summary>What the tensor memory accelerator is told of it; null: nobody has asked yet.</summary>
    internal TensorMap? Map { get; set; }

    public override void Dispose()
    {
    }
}
