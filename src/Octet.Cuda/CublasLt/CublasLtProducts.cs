using System.Diagnostics.CodeAnalysis;
using Octet.Cuda.Driver;

namespace Octet.Cuda.CublasLt;

/// <summary>The library on a card: products of what it was found to multiply rightly, one after another in a queue. Not thread-safe.</summary>
sealed unsafe class CublasLtProducts : IDisposable
{
    // What cuBLAS's manual recommends for Hopper (cublasSetWorkspace); other cards take less.
    const int WorkspaceBytes = 32 << 20;

    readonly CublasLtLibrary _library;
    readonly CudaContext _context;
    readonly CudaStream _stream;
    readonly CublasLtResource _handle;
    readonly CublasLtResource _preference;
    readonly DeviceBlock _workspace;
    readonly Dictionary<MatmulShape, MatmulPlan> _plans = [];

    CublasLtProducts(CublasLtLibrary library, CudaContext context, CudaStream stream, CublasLtUse use)
    {
        Use = use;
        _library = library;
        _context = context;
        _stream = stream;
        context.MakeCurrent();
        _workspace = context.Allocate(WorkspaceBytes);
        try
        {
            _handle = CublasLtResource.Handle(library, context);
            _preference = CublasLtResource.Preference(library, context);
            ulong bytes = WorkspaceBytes;
            library.Check(library.cublasLtMatmulPreferenceSetAttribute(_preference.Raw, MatmulConstants.PreferenceWorkspaceBytes, &bytes, sizeof(ulong)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What it multiplies rightly here.</summary>
    internal CublasLtUse Use { get; private set; }

    /// <summary>Products that were put in the queue.</summary>
    internal long Count { get; private set; }

    /// <summary>Opens the library on a card and tries it; null: it is used for nothing.</summary>
    /// <param name="probe">The library.</param>
    /// <param name="context">The card.</param>
    /// <param name="stream">Its queue, in which products are put.</param>
    /// <param name="use">What came of it; null: nobody wants it.</param>
    /// <exception cref="ModelException">The trial ended the context.</exception>
    internal static CublasLtProducts? TryOpen(CublasLtProbe probe, CudaContext context, CudaStream stream, out CublasLtUse? use)
    {
        use = probe == CublasLtProbe.NotAsked ? null : CublasLtUse.Of(probe);
        if (use is null || probe.Library is not { } library)
        {
            return null;
        }

        CublasLtProducts? products = null;
        try
        {
            products = new CublasLtProducts(library, context, stream, use);
            use = products.Use = use with { BFloat16 = products.Try(MatmulKind.BFloat16), BlockCodes = use.BlockCodes ?? products.Lacks() ?? products.Try(MatmulKind.BlockCodes) };
        }
        catch (ModelException error) when (context.Failure is null)
        {
            use = use.Without(error.Message);
        }

        if (use.IsUsed)
        {
            return products;
        }

        products?.Dispose();
        return null;
    }

    /// <summary>Whether it multiplies a layer with so many tokens.</summary>
    internal bool Takes(in MatmulShape shape, int tokens)
        => Use.Problem(shape.Kind) is null && shape.IsAligned && TryChoose(shape, tokens, out _, out _);

    /// <summary>Puts a product in the queue.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="operands">Where all lies.</param>
    /// <param name="adds">Whether the outputs are added to what is there.</param>
    /// <exception cref="CublasLtException">The library refuses it.</exception>
    internal void Multiply(in MatmulShape shape, int tokens, in MatmulOperands operands, bool adds)
    {
        if (!TryChoose(shape, tokens, out MatmulPlan? plan, out MatmulAlgorithm algorithm))
        {
            _library.Throw(CublasLtStatus.NotSupported, nameof(_library.cublasLtMatmulAlgoGetHeuristic));
        }

        // What comes next waits for all of it: the library's kernels end as they like.
        _stream.EndsWithLaunch = false;
        plan.Run(_handle.Raw, algorithm, operands, adds ? 1 : 0, _workspace, _stream.Raw);
        Count++;
    }

    public void Dispose()
    {
        foreach (MatmulPlan plan in _plans.Values)
        {
            plan.Dispose();
        }

        _plans.Clear();
        _preference?.Dispose();
        _handle?.Dispose();
        _workspace.Dispose();
    }

    bool TryChoose(in MatmulShape shape, int tokens, [NotNullWhen(true)] out MatmulPlan? plan, out MatmulAlgorithm algorithm)
    {
        _context.MakeCurrent();
        if (!_plans.TryGetValue(shape, out plan))
        {
            _plans.Add(shape, plan = new MatmulPlan(_library, _context, shape, _workspace.Address));
        }

        MatmulAlgorithm? chosen = plan.Choose(_handle.Raw, _preference.Raw, WorkspaceBytes, tokens);
        algorithm = chosen.GetValueOrDefault();
        return chosen is not null;
    }

    string? Lacks() => _context.Info is { Major: 9, Minor: 0 } ? null : $"the library multiplies codes with scales of blocks on compute capability 9.0 alone, this is {_context.Info.Capability}";

    string? Try(MatmulKind kind)
    {
        try
        {
            return CublasLtTrial.Run(this, _context, _stream, kind);
        }
        catch (ModelException error) when (_context.Failure is null)
        {
            return error.Message;
        }
    }
}
