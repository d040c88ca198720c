using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Linear layers of prompts by NVIDIA's cuBLASLt, where that was asked for.</summary>
sealed partial class CudaBackend
{
    /// <summary>How rows become the library's operands; null: it does not multiply this layer.</summary>
    InputPlan? LibraryPlan(CudaWeight weight, int rows)
    {
        // A step in which each sequence has one row may be recorded, and gives the same bits whether it is or not.
        if (_library is null || (_isForward && _step.IsDecode))
        {
            return null;
        }

        InputPlan plan = InputPlan.For(weight, rows);
        return rows * plan.Planes > MostOfFew(weight.Format, plan.Planes) && LibraryKind(weight, plan) is { } kind && _library.Takes(LibraryShape(weight, plan, kind), LibraryTokens(kind, rows)) ? plan.ForLibrary() : null;
    }

    void MultiplyByLibrary(ReadOnlySpan<Weight> weights, Parts parts, in InputPlan plan, in Preparation prepared, int rows)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            var weight = (CudaWeight)weights[i];
            MatmulKind kind = LibraryKind(weight, plan)!.Value;
            MatmulShape shape = LibraryShape(weight, plan, kind);
            ulong planeBytes = (ulong)shape.Columns * sizeof(ushort);

            // Planes add up to the inputs, and what is multiplied with them to the outputs.
            for (int plane = 0; plane < plan.Planes; plane++)
            {
                var operands = new MatmulOperands(weight.Data.Address, weight.Scales.Address, prepared.Planes + ((ulong)plane * planeBytes), prepared.Scales, parts[i].Output);
                _library!.Multiply(shape, LibraryTokens(kind, rows), operands, adds: plane > 0);
            }
        }
    }

    /// <summary>What the library would multiply; null: what it does not, or not as the layer is stored.</summary>
    static MatmulKind? LibraryKind(CudaWeight weight, in InputPlan plan) => (weight.Format, plan.Form) switch
    {
        _ when weight.Bias is not null => null,
        (CudaFormat.BFloat16, InputForm.BFloats) when weight.Scales.Bytes == 0 => MatmulKind.BFloat16,
        (CudaFormat.E4M3, InputForm.GroupCodes) when HasBlocks(weight) => MatmulKind.BlockCodes,
        _ => null,
    };

    // A scale for each group of 128 columns and, where there are more rows, for 128 of those.
    static bool HasBlocks(CudaWeight weight)
        => weight.Layout is { ScaleShift: 0, ScaleStride: > 1 } layout && (layout.BlockRows == MatmulShape.Group || (weight.Rows <= MatmulShape.Group && layout.BlockRows >= weight.Rows));

    static MatmulShape LibraryShape(CudaWeight weight, in InputPlan plan, MatmulKind kind)
    {
        int columns = weight.Groups * WeightLayout.Group;
        return new(kind, checked((int)weight.Rows), columns, columns * plan.Planes, CudaActivations.StrideOf((int)weight.Rows));
    }

    static int LibraryTokens(MatmulKind kind, int rows) => kind == MatmulKind.BlockCodes ? MatmulShape.PaddedTokens(rows) : rows;
}
