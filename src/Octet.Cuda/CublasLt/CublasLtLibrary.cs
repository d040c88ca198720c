using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Cuda.CublasLt;

/// <summary>
/// The functions of NVIDIA's cuBLASLt that Octet calls, each named as the library exports it: pointers, filled from the library or by tests from functions of
/// their own. Signatures, values and structures are those of its header (cublasLt.h of 12.4; what came with 12.9 from the enumerations of NVIDIA's nvmath-python).
/// </summary>
sealed unsafe class CublasLtLibrary
{
    internal readonly delegate* unmanaged<nuint> cublasLtGetVersion;
    internal readonly delegate* unmanaged<int, byte*> cublasLtGetStatusName;
    internal readonly delegate* unmanaged<int, byte*> cublasLtGetStatusString;
    internal readonly delegate* unmanaged<nint*, int> cublasLtCreate;
    internal readonly delegate* unmanaged<nint, int> cublasLtDestroy;
    internal readonly delegate* unmanaged<nint*, int, int, int> cublasLtMatmulDescCreate;
    internal readonly delegate* unmanaged<nint, int> cublasLtMatmulDescDestroy;
    internal readonly delegate* unmanaged<nint, int, void*, nuint, int> cublasLtMatmulDescSetAttribute;
    internal readonly delegate* unmanaged<nint*, int, ulong, ulong, long, int> cublasLtMatrixLayoutCreate;
    internal readonly delegate* unmanaged<nint, int> cublasLtMatrixLayoutDestroy;
    internal readonly delegate* unmanaged<nint, int, void*, nuint, int> cublasLtMatrixLayoutSetAttribute;
    internal readonly delegate* unmanaged<nint*, int> cublasLtMatmulPreferenceCreate;
    internal readonly delegate* unmanaged<nint, int> cublasLtMatmulPreferenceDestroy;
    internal readonly delegate* unmanaged<nint, int, void*, nuint, int> cublasLtMatmulPreferenceSetAttribute;
    internal readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, HeuristicResult*, int*, int> cublasLtMatmulAlgoGetHeuristic;
    internal readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, MatmulAlgorithm*, HeuristicResult*, int> cublasLtMatmulAlgoCheck;
    internal readonly delegate* unmanaged<nint, nint, float*, ulong, nint, ulong, nint, float*, ulong, nint, ulong, nint, MatmulAlgorithm*, ulong, nuint, nint, int> cublasLtMatmul;

    /// <param name="find">Gives a function's address by its exported name; 0: there is none.</param>
    /// <exception cref="ModelException">Functions are missing.</exception>
    internal CublasLtLibrary(Func<string, nint> find)
    {
        var missing = new List<string>();
        cublasLtGetVersion = (delegate* unmanaged<nuint>)Export("cublasLtGetVersion");
        cublasLtGetStatusName = (delegate* unmanaged<int, byte*>)Export("cublasLtGetStatusName");
        cublasLtGetStatusString = (delegate* unmanaged<int, byte*>)Export("cublasLtGetStatusString");
        cublasLtCreate = (delegate* unmanaged<nint*, int>)Export("cublasLtCreate");
        cublasLtDestroy = (delegate* unmanaged<nint, int>)Export("cublasLtDestroy");
        cublasLtMatmulDescCreate = (delegate* unmanaged<nint*, int, int, int>)Export("cublasLtMatmulDescCreate");
        cublasLtMatmulDescDestroy = (delegate* unmanaged<nint, int>)Export("cublasLtMatmulDescDestroy");
        cublasLtMatmulDescSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)Export("cublasLtMatmulDescSetAttribute");
        cublasLtMatrixLayoutCreate = (delegate* unmanaged<nint*, int, ulong, ulong, long, int>)Export("cublasLtMatrixLayoutCreate");
        cublasLtMatrixLayoutDestroy = (delegate* unmanaged<nint, int>)Export("cublasLtMatrixLayoutDestroy");
        cublasLtMatrixLayoutSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)Export("cublasLtMatrixLayoutSetAttribute");
        cublasLtMatmulPreferenceCreate = (delegate* unmanaged<nint*, int>)Export("cublasLtMatmulPreferenceCreate");
        cublasLtMatmulPreferenceDestroy = (delegate* unmanaged<nint, int>)Export("cublasLtMatmulPreferenceDestroy");
        cublasLtMatmulPreferenceSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)Export("cublasLtMatmulPreferenceSetAttribute");
        cublasLtMatmulAlgoGetHeuristic = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, HeuristicResult*, int*, int>)Export("cublasLtMatmulAlgoGetHeuristic");
        cublasLtMatmulAlgoCheck = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, MatmulAlgorithm*, HeuristicResult*, int>)Export("cublasLtMatmulAlgoCheck");
        cublasLtMatmul = (delegate* unmanaged<nint, nint, float*, ulong, nint, ulong, nint, float*, ulong, nint, ulong, nint, MatmulAlgorithm*, ulong, nuint, nint, int>)Export("cublasLtMatmul");
        if (missing.Count > 0)
        {
            throw new ModelException(ModelError.Unsupported, $"the library has no {missing[0]}{(missing.Count == 1 ? "" : $" and {missing.Count - 1} more functions")}: it is no cuBLASLt, or too old");
        }

        nint Export(string name)
        {
            nint address = find(name);
            if (address == 0)
            {
                missing.Add(name);
            }

            return address;
        }
    }

    /// <summary>10000 * major + 100 * minor + patch: 120901 is 12.9.1.</summary>
    internal int Version => (int)cublasLtGetVersion();

    /// <summary>120901 as 12.9.1.</summary>
    internal static string VersionText(int version) => string.Create(CultureInfo.InvariantCulture, $"{version / 10000}.{version / 100 % 100}.{version % 100}");

    /// <summary>Throws where a call failed.</summary>
    /// <param name="status">What the function returned.</param>
    /// <param name="call">The call as it is written, of which the function's name is told.</param>
    internal void Check(int status, [CallerArgumentExpression(nameof(status))] string call = "")
    {
        if (status != CublasLtStatus.Success)
        {
            Throw(status, call);
        }
    }

    /// <summary>Tells of a call that failed.</summary>
    [DoesNotReturn]
    internal void Throw(int status, string call)
    {
        int end = call.IndexOf('(', StringComparison.Ordinal);
        string function = end <= 0 ? call : call[(call.LastIndexOf('.', end) + 1)..end];
        throw new CublasLtException(status, Text(cublasLtGetStatusName(status)), Text(cublasLtGetStatusString(status)), function);
    }

    static string Text(byte* text) => text is null ? "unknown status" : Marshal.PtrToStringUTF8((nint)text)!;
}
