using Octet.Cuda.Driver;

namespace Octet.Cuda.CublasLt;

/// <summary>A handle or a descriptor of the library. Its own handle is given back while the card's context is there still.</summary>
sealed unsafe class CublasLtResource : CudaResource
{
    readonly delegate* unmanaged<nint, int> _destroy;

    CublasLtResource(CudaContext context, nint handle, delegate* unmanaged<nint, int> destroy)
        : base(context, handle) => _destroy = destroy;

    /// <summary>The library's own, of the current context's card.</summary>
    internal static CublasLtResource Handle(CublasLtLibrary library, CudaContext context)
    {
        nint handle = 0;
        library.Check(library.cublasLtCreate(&handle));
        return new CublasLtResource(context, handle, library.cublasLtDestroy);
    }

    /// <summary>What a product is: float32 sums, and factors of that type.</summary>
    internal static CublasLtResource Operation(CublasLtLibrary library, CudaContext context)
    {
        nint handle = 0;
        library.Check(library.cublasLtMatmulDescCreate(&handle, MatmulConstants.ComputeFloat32, (int)MatrixType.Float32));
        return new CublasLtResource(context, handle, library.cublasLtMatmulDescDestroy);
    }

    /// <summary>A matrix, column by column.</summary>
    /// <param name="library">The library.</param>
    /// <param name="context">The card.</param>
    /// <param name="type">Of its elements.</param>
    /// <param name="rows">Elements of a column.</param>
    /// <param name="columns">How many there are.</param>
    /// <param name="stride">Elements from one column to the next.</param>
    internal static CublasLtResource Matrix(CublasLtLibrary library, CudaContext context, MatrixType type, int rows, int columns, int stride)
    {
        nint handle = 0;
        library.Check(library.cublasLtMatrixLayoutCreate(&handle, (int)type, (ulong)rows, (ulong)columns, stride));
        return new CublasLtResource(context, handle, library.cublasLtMatrixLayoutDestroy);
    }

    /// <summary>What an algorithm may take.</summary>
    internal static CublasLtResource Preference(CublasLtLibrary library, CudaContext context)
    {
        nint handle = 0;
        library.Check(library.cublasLtMatmulPreferenceCreate(&handle));
        return new CublasLtResource(context, handle, library.cublasLtMatmulPreferenceDestroy);
    }

    protected override void Free(nint resource) => _destroy(resource);
}
