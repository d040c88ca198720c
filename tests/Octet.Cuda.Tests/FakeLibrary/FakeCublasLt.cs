using System.Runtime.InteropServices;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.FakeLibrary;

/// <summary>
/// cuBLASLt on the cards of a <see cref="FakeCuda"/>: descriptors are checked by the library's manual, products are made by their definition in double precision
/// when the queue comes to them. Errors come where <see cref="FakeCuda.Faults"/> has them; what was done against the manual is the driver's <see cref="FakeCuda.Fault"/>.
/// </summary>
sealed class FakeCublasLt
{
    static readonly Dictionary<int, nint> s_texts = [];

    internal FakeCublasLt(FakeCuda cuda)
    {
        Cuda = cuda;
        cuda.Library = this;
    }

    internal FakeCuda Cuda { get; }

    /// <summary>130001 is 13.0.1.</summary>
    internal int Version { get; init; } = 130001;

    /// <summary>Functions that it does not have.</summary>
    internal HashSet<string> Missing { get; init; } = [];

    /// <summary>Whether it has no algorithm for so many outputs.</summary>
    internal Predicate<int> Lacks { get; init; } = static _ => false;

    /// <summary>What becomes of a product before it is stored: a library that errs.</summary>
    internal Func<MatrixType, double, double> Errs { get; init; } = static (_, value) => value;

    /// <summary>Whether scales of inputs lie as it is not said: a token's one after another.</summary>
    internal bool HasOtherScales { get; init; }

    /// <summary>How often it was asked for an algorithm.</summary>
    internal int Heuristics { get; set; }

    /// <summary>Type, outputs, tokens and columns of each product that was put in a queue.</summary>
    internal List<(MatrixType Type, int Outputs, int Tokens, int Columns)> Products { get; } = [];

    /// <summary>What a program finds when it looks for the library.</summary>
    internal CublasLtProbe Probe => CublasLtProbe.Take("libfakelt.so.13", name => Missing.Contains(name) ? 0 : FakeCublasLtFunctions.All.GetValueOrDefault(name));

    /// <summary>Name and text of a status, which stay where they are.</summary>
    internal static nint Text(int status, bool isName)
    {
        lock (s_texts)
        {
            int key = (2 * status) + (isName ? 1 : 0);
            if (!s_texts.TryGetValue(key, out nint text))
            {
                (string name, string words) = status switch
                {
                    Status.NotInitialized => ("CUBLAS_STATUS_NOT_INITIALIZED", "the library was not initialized"),
                    Status.InvalidValue => ("CUBLAS_STATUS_INVALID_VALUE", "an unsupported value or parameter was passed to the function"),
                    Status.ExecutionFailed => ("CUBLAS_STATUS_EXECUTION_FAILED", "the GPU program failed to execute"),
                    Status.InternalError => ("CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"),
                    Status.NotSupported => ("CUBLAS_STATUS_NOT_SUPPORTED", "the functionality requested is not supported"),
                    _ => ("CUBLAS_STATUS_UNKNOWN", "unknown"),
                };
                s_texts.Add(key, text = Marshal.StringToCoTaskMemUTF8(isName ? name : words));
            }

            return text;
        }
    }
}
