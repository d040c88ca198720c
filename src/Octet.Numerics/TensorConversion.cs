using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>
/// Whole tensors between float32 and the small floats, in vectors and with a choice of overflow. <see cref="Tensor.ConvertTruncating{TFrom, TTo}(in ReadOnlyTensorSpan{TFrom})"/>
/// gives the same numbers as <see cref="OverflowMode.NonSaturating"/>, one at a time.
/// </summary>
public static class TensorConversion
{
    /// <summary>A tensor of the same shape with every element rounded to nearest even.</summary>
    /// <param name="source">Any shape and strides; at most 2^31 - 1 elements.</param>
    /// <param name="mode">What becomes of values beyond the largest finite one.</param>
    /// <exception cref="OverflowException">There are more elements than an array holds.</exception>
    public static Tensor<T> ToSmallFloat<T>(in ReadOnlyTensorSpan<float> source, OverflowMode mode = OverflowMode.NonSaturating)
        where T : unmanaged, ISmallFloat<T>
    {
        var codes = new T[checked((int)source.FlattenedLength)];
        BulkConversion.ConvertFromSingle(Flat(source), codes, mode);
        return Tensor.Create(codes, source.Lengths);
    }

    /// <summary>A tensor of the same shape with every element widened. Exact.</summary>
    /// <param name="source">Any shape and strides; at most 2^31 - 1 elements.</param>
    /// <exception cref="OverflowException">There are more elements than an array holds.</exception>
    public static Tensor<float> ToSingle<T>(in ReadOnlyTensorSpan<T> source)
        where T : unmanaged, ISmallFloat<T>
    {
        float[] values = new float[checked((int)source.FlattenedLength)];
        BulkConversion.ConvertToSingle(Flat(source), values);
        return Tensor.Create(values, source.Lengths);
    }

    // A slice or a transposed tensor has gaps between its elements, and is copied.
    static ReadOnlySpan<T> Flat<T>(in ReadOnlyTensorSpan<T> source)
    {
        if (source.IsDense)
        {
            return MemoryMarshal.CreateReadOnlySpan(in source.GetPinnableReference(), (int)source.FlattenedLength);
        }

        T[] copy = new T[source.FlattenedLength];
        source.FlattenTo(copy);
        return copy;
    }
}
