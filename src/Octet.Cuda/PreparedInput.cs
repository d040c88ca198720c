using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>How rows become operands of the products of a layer: the same for layers that have an input in common and hold it alike.</summary>
/// <param name="Form">What they become.</param>
/// <param name="Planes">Operands of a row.</param>
/// <param name="Order">How their columns lie.</param>
/// <param name="IsBFloat">Whether codes are bfloat16.</param>
/// <param name="Rule">Where scales of codes come from; null: there are no codes.</param>
/// <param name="Factors">What inputs are multiplied with before.</param>
/// <param name="IsWide">Whether <c>linear_wide</c> multiplies them.</param>
/// <param name="IsForLibrary">Whether cuBLASLt does.</param>
readonly record struct InputPlan(InputForm Form, int Planes, InputOrder Order, bool IsBFloat, InputQuantization? Rule, CudaVector? Factors, bool IsWide = false, bool IsForLibrary = false)
{
    // So many rows still have all of their bits: more are computed with the 11 of one float16, or the 16 of two bfloat16.
    const int FewRows = 16;
    const int FewestRows = 8;

    /// <summary>Whether the scales are those of whole rows.</summary>
    internal bool IsByRow => Rule is { Scale: 0, Group: 0 };

    /// <summary>Whether a kernel that makes rows can make their operands too.</summary>
    internal bool CanBeFused => Factors is null && !IsByRow;

    /// <summary>The plan for a layer and so many rows.</summary>
    internal static InputPlan For(CudaWeight weight, int rows)
    {
        InputOrder order = weight.Layout.ElementBytes == 1 ? InputOrder.ForLanes : InputOrder.AsTheyAre;
        bool bfloat = weight.Format == CudaFormat.BFloat16;
        if (weight.Input is { } rule)
        {
            return new(rule is { Scale: 0, Group: > 0 } ? InputForm.GroupCodes : InputForm.GivenCodes, 1, order, bfloat, rule, weight.Factors);
        }

        return bfloat
            ? new(InputForm.BFloats, rows <= FewestRows ? 3 : 2, order, false, null, weight.Factors)
            : new(InputForm.Halves, rows <= FewRows ? 2 : 1, order, false, null, weight.Factors);
    }

    /// <summary>The same for products of 8 bits, where the input and the weights have them.</summary>
    internal InputPlan AsCodes() => Rule is not null && Order == InputOrder.ForLanes ? this with { Order = InputOrder.AsCodes } : this;

    /// <summary>The same for <c>linear_wide</c>.</summary>
    internal InputPlan Widened() => this with
    {
        IsWide = true,
        Order = Order == InputOrder.AsTheyAre ? InputOrder.AsTheyAre : Rule is null ? InputOrder.ForProducts : InputOrder.AsCodes,
    };

    /// <summary>The same for cuBLASLt.</summary>
    internal InputPlan ForLibrary() => this with { IsForLibrary = true, Order = Rule is null ? InputOrder.AsTheyAre : InputOrder.AsCodes };
}

/// <summary>Memory for the operands of one input, which grows to what was asked for.</summary>
sealed class PreparedInput(CudaContext context, CudaStream stream) : IDisposable
{
    // The most columns that a block takes, and their scales with them.
    const int Columns = 128;

    DeviceBlock? _planes;
    DeviceBlock? _scales;

    /// <summary>Counts how often the memory has moved.</summary>
    internal int Moves { get; private set; }

    /// <summary>Where so many rows of so many groups go.</summary>
    internal Preparation Place(in InputPlan plan, int rows, int groups)
    {
        int stride = plan.IsForLibrary ? MatmulShape.PaddedTokens(rows) : ((rows * plan.Planes) + Columns - 1) / Columns * Columns;
        Reserve(ref _planes, (long)rows * plan.Planes * groups * WeightLayout.Group * sizeof(ushort));
        Reserve(ref _scales, (long)stride * groups * sizeof(float));
        InputQuantization rule = plan.Rule ?? InputQuantization.Dynamic;
        return new Preparation
        {
            Planes = _planes!.Address,
            Scales = plan.Form == InputForm.BFloats ? 0 : _scales!.Address,
            Form = plan.Form,
            Count = plan.Planes,
            Order = plan.Order,
            IsBFloat = plan.IsBFloat ? 1 : 0,
            PowerOfTwo = rule.PowerOfTwo ? 1 : 0,
            ScaleStride = stride,
            Groups = groups,
            Scale = rule.Scale,
            Bound = rule.Bound,
        };
    }

    public void Dispose()
    {
        _planes?.Dispose();
        _scales?.Dispose();
    }

    // Zeros: kernels read the scales of columns that nobody has filled, and use nothing of them.
    void Reserve(ref DeviceBlock? block, long bytes)
    {
        if (block is null || block.Bytes < bytes)
        {
            // Counted before there is new memory: where there is none, what was recorded must not find the old.
            Moves++;
            block?.Dispose();
            block = null;
            block = context.Allocate(bytes);
            stream.Zero(block.Address, bytes);
        }
    }
}
