using System.Globalization;
using Octet.Cuda.CublasLt;

namespace Octet.Cuda;

/// <summary>
/// A function of NVIDIA's cuBLASLt failed, which computes only where it was asked for. The message is one line: the function, the status with its name and
/// text, and what to do.
/// </summary>
public sealed class CublasLtException : ModelException
{
    internal CublasLtException(int status, string name, string text, string call)
        : base(CublasLtStatus.Kind(status), string.Create(CultureInfo.InvariantCulture, $"{call} failed with {name} ({status}: {text}); {CublasLtStatus.Advice(status)}"))
    {
        Status = status;
        Name = name;
        Call = call;
    }

    /// <summary>The library's status (<c>cublasStatus_t</c>), above 0: 15 is not supported.</summary>
    public int Status { get; }

    /// <summary>The status's name in the library's header, such as <c>CUBLAS_STATUS_NOT_SUPPORTED</c>.</summary>
    public string Name { get; }

    /// <summary>The function that failed, such as <c>cublasLtMatmul</c>.</summary>
    public string Call { get; }
}
