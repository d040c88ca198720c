using System.Numerics;
using Octet.Cuda.Driver;

namespace Octet.Cuda.CublasLt;

/// <summary>
/// A product of one shape: its descriptors, which are told the number of tokens, and the algorithms that the library chose. One is kept for all numbers of
/// tokens up to a power of two, as far as the library takes it for each of them.
/// </summary>
sealed unsafe class MatmulPlan : IDisposable
{
    readonly CublasLtLibrary _library;
    readonly MatmulShape _shape;
    readonly CublasLtResource _operation;
    readonly CublasLtResource _weights;
    readonly CublasLtResource _inputs;
    readonly CublasLtResource _outputs;
    readonly Dictionary<int, MatmulAlgorithm> _algorithms = [];
    MatmulAlgorithm? _algorithm;
    int _tokens;

    /// <param name="library">The library.</param>
    /// <param name="context">The card.</param>
    /// <param name="shape">What is multiplied.</param>
    /// <param name="anywhere">An address on the card that stands for scales until there are some.</param>
    internal MatmulPlan(CublasLtLibrary library, CudaContext context, MatmulShape shape, ulong anywhere)
    {
        _library = library;
        _shape = shape;
        bool isCodes = shape.Kind == MatmulKind.BlockCodes;
        MatrixType type = isCodes ? MatrixType.E4M3 : MatrixType.BFloat16;

        // Matrices lie column by column for the library: rows of weights are columns of a matrix that is transposed, tokens columns of the two others.
        _operation = CublasLtResource.Operation(library, context);
        _weights = CublasLtResource.Matrix(library, context, type, shape.Columns, shape.Outputs, shape.Columns);
        _inputs = CublasLtResource.Matrix(library, context, type, shape.Columns, 1, shape.InputStride);
        _outputs = CublasLtResource.Matrix(library, context, MatrixType.Float32, shape.Outputs, 1, shape.OutputStride);
        Set(OperationAttribute.TransposeA, MatmulConstants.Transposed);
        if (isCodes)
        {
            Set(OperationAttribute.ScaleModeA, (int)MatrixScale.Block128);
            Set(OperationAttribute.ScaleModeB, (int)MatrixScale.Vector128);
            SetScales(anywhere, anywhere);
        }
    }

    /// <summary>What the library would do for so many tokens; null: it has nothing for them.</summary>
    internal MatmulAlgorithm? Choose(nint handle, nint preference, long workspaceBytes, int tokens)
    {
        if (tokens == _tokens)
        {
            return _algorithm;
        }

        _tokens = 0;
        SetColumns(_inputs, tokens);
        SetColumns(_outputs, tokens);
        int bucket = BitOperations.Log2((uint)((2 * tokens) - 1));
        _algorithm = _algorithms.TryGetValue(bucket, out MatmulAlgorithm known) && IsFor(handle, known, workspaceBytes) ? known : Ask(handle, preference);
        if (_algorithm is { } chosen)
        {
            _algorithms[bucket] = chosen;
        }

        _tokens = tokens;
        return _algorithm;
    }

    /// <summary>Puts the product in a queue, for the tokens that an algorithm was chosen for last.</summary>
    internal void Run(nint handle, MatmulAlgorithm algorithm, in MatmulOperands operands, float beta, DeviceBlock workspace, nint stream)
    {
        if (_shape.Kind == MatmulKind.BlockCodes)
        {
            SetScales(operands.WeightScales, operands.InputScales);
        }

        float alpha = 1;
        _library.Check(_library.cublasLtMatmul(
            handle, _operation.Raw, &alpha, operands.Weights, _weights.Raw, operands.Inputs, _inputs.Raw, &beta, operands.Outputs, _outputs.Raw, operands.Outputs, _outputs.Raw,
            &algorithm, workspace.Address, (nuint)workspace.Bytes, stream));
    }

    public void Dispose()
    {
        _operation.Dispose();
        _weights.Dispose();
        _inputs.Dispose();
        _outputs.Dispose();
    }

    bool IsFor(nint handle, MatmulAlgorithm algorithm, long workspaceBytes)
    {
        HeuristicResult result;
        return _library.cublasLtMatmulAlgoCheck(handle, _operation.Raw, _weights.Raw, _inputs.Raw, _outputs.Raw, _outputs.Raw, &algorithm, &result) == CublasLtStatus.Success
            && (long)result.WorkspaceBytes <= workspaceBytes;
    }

    MatmulAlgorithm? Ask(nint handle, nint preference)
    {
        HeuristicResult result;
        int count = 0;
        int status = _library.cublasLtMatmulAlgoGetHeuristic(handle, _operation.Raw, _weights.Raw, _inputs.Raw, _outputs.Raw, _outputs.Raw, preference, 1, &result, &count);

        // Some versions call sizes that they have nothing for invalid.
        if (status is not (CublasLtStatus.NotSupported or CublasLtStatus.InvalidValue))
        {
            _library.Check(status, nameof(_library.cublasLtMatmulAlgoGetHeuristic));
        }

        return status == CublasLtStatus.Success && count > 0 && result.State == CublasLtStatus.Success ? result.Algorithm : null;
    }

    void SetScales(ulong weights, ulong inputs)
    {
        Set(OperationAttribute.ScalesA, weights);
        Set(OperationAttribute.ScalesB, inputs);
    }

    void Set<T>(OperationAttribute attribute, T value)
        where T : unmanaged
        => _library.Check(_library.cublasLtMatmulDescSetAttribute(_operation.Raw, (int)attribute, &value, (nuint)sizeof(T)));

    void SetColumns(CublasLtResource matrix, int columns)
    {
        ulong value = (ulong)columns;
        _library.Check(_library.cublasLtMatrixLayoutSetAttribute(matrix.Raw, MatmulConstants.LayoutColumns, &value, sizeof(ulong)));
    }
}
