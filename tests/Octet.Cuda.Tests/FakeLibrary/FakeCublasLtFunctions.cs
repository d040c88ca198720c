using System.Runtime.InteropServices;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Tests.FakeDriver;
using static Octet.Cuda.Tests.FakeDriver.FakeCuda;
using QueuedWork = Octet.Cuda.Tests.FakeDriver.FakeOperation;

namespace Octet.Cuda.Tests.FakeLibrary;

/// <summary>The library's functions, by its header. They belong to the library of the thread's context.</summary>
static unsafe class FakeCublasLtFunctions
{
    // An algorithm of this library: this word, the outputs, the columns, the most tokens, and the bytes of its workspace.
    const ulong Mark = 0xA160;

    // Of tokens that an algorithm is for.
    const int Step = 32;
    const ulong AlgorithmBytes = 1 << 20;

    internal static IReadOnlyDictionary<string, nint> All { get; } = new Dictionary<string, nint>
    {
        ["cublasLtGetVersion"] = (nint)(delegate* unmanaged<nuint>)&cublasLtGetVersion,
        ["cublasLtGetStatusName"] = (nint)(delegate* unmanaged<int, nint>)&cublasLtGetStatusName,
        ["cublasLtGetStatusString"] = (nint)(delegate* unmanaged<int, nint>)&cublasLtGetStatusString,
        ["cublasLtCreate"] = (nint)(delegate* unmanaged<nint*, int>)&cublasLtCreate,
        ["cublasLtDestroy"] = (nint)(delegate* unmanaged<nint, int>)&cublasLtDestroy,
        ["cublasLtMatmulDescCreate"] = (nint)(delegate* unmanaged<nint*, int, int, int>)&cublasLtMatmulDescCreate,
        ["cublasLtMatmulDescDestroy"] = (nint)(delegate* unmanaged<nint, int>)&cublasLtMatmulDescDestroy,
        ["cublasLtMatmulDescSetAttribute"] = (nint)(delegate* unmanaged<nint, int, void*, nuint, int>)&cublasLtMatmulDescSetAttribute,
        ["cublasLtMatrixLayoutCreate"] = (nint)(delegate* unmanaged<nint*, int, ulong, ulong, long, int>)&cublasLtMatrixLayoutCreate,
        ["cublasLtMatrixLayoutDestroy"] = (nint)(delegate* unmanaged<nint, int>)&cublasLtMatrixLayoutDestroy,
        ["cublasLtMatrixLayoutSetAttribute"] = (nint)(delegate* unmanaged<nint, int, void*, nuint, int>)&cublasLtMatrixLayoutSetAttribute,
        ["cublasLtMatmulPreferenceCreate"] = (nint)(delegate* unmanaged<nint*, int>)&cublasLtMatmulPreferenceCreate,
        ["cublasLtMatmulPreferenceDestroy"] = (nint)(delegate* unmanaged<nint, int>)&cublasLtMatmulPreferenceDestroy,
        ["cublasLtMatmulPreferenceSetAttribute"] = (nint)(delegate* unmanaged<nint, int, void*, nuint, int>)&cublasLtMatmulPreferenceSetAttribute,
        ["cublasLtMatmulAlgoGetHeuristic"] = (nint)(delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, byte*, int*, int>)&cublasLtMatmulAlgoGetHeuristic,
        ["cublasLtMatmulAlgoCheck"] = (nint)(delegate* unmanaged<nint, nint, nint, nint, nint, nint, ulong*, byte*, int>)&cublasLtMatmulAlgoCheck,
        ["cublasLtMatmul"] = (nint)(delegate* unmanaged<nint, nint, float*, ulong, nint, ulong, nint, float*, ulong, nint, ulong, nint, ulong*, ulong, nuint, nint, int>)&cublasLtMatmul,
    };

    [UnmanagedCallersOnly]
    static nuint cublasLtGetVersion() => (nuint)(Current?.Library?.Version ?? 0);

    [UnmanagedCallersOnly]
    static nint cublasLtGetStatusName(int status) => FakeCublasLt.Text(status, isName: true);

    [UnmanagedCallersOnly]
    static nint cublasLtGetStatusString(int status) => FakeCublasLt.Text(status, isName: false);

    [UnmanagedCallersOnly]
    static int cublasLtCreate(nint* handle) => Make("cublasLtCreate", handle, card => new FakeHandle(card));

    [UnmanagedCallersOnly]
    static int cublasLtDestroy(nint handle) => Destroy<FakeHandle>("cublasLtDestroy", handle);

    [UnmanagedCallersOnly]
    static int cublasLtMatmulDescCreate(nint* operation, int compute, int scale) => Make("cublasLtMatmulDescCreate", operation, card => new FakeOperation(card, compute, scale));

    [UnmanagedCallersOnly]
    static int cublasLtMatmulDescDestroy(nint operation) => Destroy<FakeOperation>("cublasLtMatmulDescDestroy", operation);

    [UnmanagedCallersOnly]
    static int cublasLtMatmulDescSetAttribute(nint operation, int attribute, void* value, nuint bytes) => Call("cublasLtMatmulDescSetAttribute", (_, library) =>
    {
        if (Get<FakeOperation>(operation) is not { } known)
        {
            return Status.InvalidValue;
        }

        switch (attribute, bytes)
        {
            case (3, 4): known.TransposeA = *(int*)value; break;
            case (4, 4): known.TransposeB = *(int*)value; break;
            case (17, 8): known.ScalesA = *(ulong*)value; break;
            case (18, 8): known.ScalesB = *(ulong*)value; break;

            // Before 12.9 there is no mode above 2, before 12.8 there are none.
            case (31, 4) when *(int*)value <= 2 || library.Version >= 120900: known.ScaleModeA = *(int*)value; break;
            case (32, 4) when *(int*)value <= 2 || library.Version >= 120900: known.ScaleModeB = *(int*)value; break;
            default: return Status.InvalidValue;
        }

        return Status.Success;
    });

    [UnmanagedCallersOnly]
    static int cublasLtMatrixLayoutCreate(nint* matrix, int type, ulong rows, ulong columns, long stride)
        => Make("cublasLtMatrixLayoutCreate", matrix, card => new FakeMatrix(card, (MatrixType)type, (long)rows, (long)columns, stride));

    [UnmanagedCallersOnly]
    static int cublasLtMatrixLayoutDestroy(nint matrix) => Destroy<FakeMatrix>("cublasLtMatrixLayoutDestroy", matrix);

    [UnmanagedCallersOnly]
    static int cublasLtMatrixLayoutSetAttribute(nint matrix, int attribute, void* value, nuint bytes) => Call("cublasLtMatrixLayoutSetAttribute", (_, _) =>
    {
        if (Get<FakeMatrix>(matrix) is not { } known || (attribute, bytes) != (3, 8))
        {
            return Status.InvalidValue;
        }

        known.Columns = *(long*)value;
        return Status.Success;
    });

    [UnmanagedCallersOnly]
    static int cublasLtMatmulPreferenceCreate(nint* preference) => Make("cublasLtMatmulPreferenceCreate", preference, card => new FakePreference(card));

    [UnmanagedCallersOnly]
    static int cublasLtMatmulPreferenceDestroy(nint preference) => Destroy<FakePreference>("cublasLtMatmulPreferenceDestroy", preference);

    [UnmanagedCallersOnly]
    static int cublasLtMatmulPreferenceSetAttribute(nint preference, int attribute, void* value, nuint bytes) => Call("cublasLtMatmulPreferenceSetAttribute", (_, _) =>
    {
        if (Get<FakePreference>(preference) is not { } known || (attribute, bytes) != (1, 8))
        {
            return Status.InvalidValue;
        }

        known.WorkspaceBytes = *(ulong*)value;
        return Status.Success;
    });

    // The result: 64 bytes of the algorithm, 8 of its workspace, 4 of the status.
    [UnmanagedCallersOnly]
    static int cublasLtMatmulAlgoGetHeuristic(nint handle, nint operation, nint a, nint b, nint c, nint d, nint preference, int wanted, byte* results, int* count)
        => Call("cublasLtMatmulAlgoGetHeuristic", (card, library) =>
        {
            if (Get<FakeHandle>(handle) is null || Get<FakePreference>(preference) is not { } limits || wanted < 1 || Problem(operation, a, b, c, d) is not { } problem)
            {
                return Status.InvalidValue;
            }

            library.Heuristics++;
            *count = 0;
            if (problem.Violation(IsHopper(card)) is { } violation)
            {
                return Break(card, violation);
            }

            if (library.Lacks(problem.Outputs) || limits.WorkspaceBytes < AlgorithmBytes)
            {
                return Status.NotSupported;
            }

            var algorithm = (ulong*)results;
            (algorithm[0], algorithm[1], algorithm[2], algorithm[3]) = (Mark, (ulong)problem.Outputs, (ulong)problem.Columns, (ulong)((problem.Tokens + Step - 1) / Step * Step));
            (algorithm[8], *(int*)(results + 72), *count) = (AlgorithmBytes, Status.Success, 1);
            return Status.Success;
        });

    [UnmanagedCallersOnly]
    static int cublasLtMatmulAlgoCheck(nint handle, nint operation, nint a, nint b, nint c, nint d, ulong* algorithm, byte* result) => Call("cublasLtMatmulAlgoCheck", (_, _) =>
    {
        *(ulong*)(result + 64) = AlgorithmBytes;
        return Get<FakeHandle>(handle) is not null && Problem(operation, a, b, c, d) is { } problem && IsFor(algorithm, problem) ? Status.Success : Status.InvalidValue;
    });

    [UnmanagedCallersOnly]
    static int cublasLtMatmul(
        nint handle, nint operation, float* alpha, ulong a, nint aMatrix, ulong b, nint bMatrix, float* beta, ulong c, nint cMatrix, ulong d, nint dMatrix,
        ulong* algorithm, ulong workspace, nuint workspaceBytes, nint stream)
        => Call("cublasLtMatmul", (card, library) =>
        {
            if (Get<FakeHandle>(handle) is null || Problem(operation, aMatrix, bMatrix, cMatrix, dMatrix) is not { } problem || Get<FakeStream>(stream) is not { } queue)
            {
                return Status.InvalidValue;
            }

            string? violation = problem.Violation(IsHopper(card))
                ?? (!IsFor(algorithm, problem) ? "the algorithm is one that the library gave for this product"
                : workspaceBytes < AlgorithmBytes || workspace == 0 || workspace % 256 != 0 ? "the workspace is aligned to 256 bytes, and as long as the algorithm says"
                : (a | b | c | d) % 16 != 0 ? "matrices are aligned to 16 bytes"
                : null);
            if (violation is not null)
            {
                return Break(card, violation);
            }

            // Descriptors and factors are read now, matrices and scales when the queue comes to them.
            (float times, float plus) = (*alpha, *beta);
            (ulong scalesA, ulong scalesB) = (problem.Operation.ScalesA, problem.Operation.ScalesB);
            FakeMatrix Copy(FakeMatrix of) => new(card, of.Type, of.Rows, of.Columns, of.Stride);
            FakeProblem kept = problem with { A = Copy(problem.A), B = Copy(problem.B), C = Copy(problem.C), D = Copy(problem.D) };
            library.Products.Add((kept.A.Type, kept.Outputs, kept.Tokens, kept.Columns));
            queue.Add(new QueuedWork("cublasLtMatmul", () => FakeFunctions.Guard(card, () => kept.Run(card.Memory, library, a, b, c, d, times, plus, scalesA, scalesB))));
            return Status.Success;
        });

    static bool IsHopper(FakeCard card) => card is { Major: 9, Minor: 0 };

    static bool IsFor(ulong* algorithm, FakeProblem problem)
        => algorithm[0] == Mark && algorithm[1] == (ulong)problem.Outputs && algorithm[2] == (ulong)problem.Columns && (ulong)problem.Tokens <= algorithm[3];

    static FakeProblem? Problem(nint operation, nint a, nint b, nint c, nint d)
        => Get<FakeOperation>(operation) is { } known && Get<FakeMatrix>(a) is { } first && Get<FakeMatrix>(b) is { } second && Get<FakeMatrix>(c) is { } third && Get<FakeMatrix>(d) is { } fourth
            ? new FakeProblem(known, first, second, third, fourth)
            : null;

    static int Break(FakeCard card, string violation)
    {
        card.Owner.Fault ??= new InvalidOperationException($"against the manual of cuBLASLt: {violation}");
        return Status.InvalidValue;
    }

    static int Make(string function, nint* handle, Func<FakeCard, FakeObject> make) => Call(function, (card, _) =>
    {
        *handle = Add(make(card));
        return Status.Success;
    });

    /// <summary>Happens whatever else is wrong.</summary>
    static int Destroy<T>(string function, nint handle)
        where T : FakeObject
    {
        if (FakeFunctions.Context is not { } card)
        {
            return Status.NotInitialized;
        }

        lock (card.Owner.Gate)
        {
            card.Owner.Faults.Next(function);
            return Get<T>(handle) is not null && Remove(handle) ? Status.Success : Status.InvalidValue;
        }
    }

    static int Call(string function, Func<FakeCard, FakeCublasLt, int> run)
    {
        if (FakeFunctions.Context is not { Owner.Library: { } library } card)
        {
            return Status.NotInitialized;
        }

        lock (card.Owner.Gate)
        {
            int fault = card.Owner.Faults.Next(function);
            if (fault != 0 || card.Sticky != 0)
            {
                return fault != 0 ? fault : Status.ExecutionFailed;
            }

            try
            {
                return run(card, library);
            }
            catch (Exception error)
            {
                card.Owner.Fault ??= error;
                return Status.InternalError;
            }
        }
    }
}
