namespace Octet.Cuda;

/// <summary>How cards are used (<see cref="CudaDevices.Register(CudaDeviceOptions)"/>).</summary>
public sealed class CudaDeviceOptions
{
    /// <summary>
    /// NVIDIA's cuBLASLt for the layers of prompts, in place of Octet's own kernels: <c>1</c> for the library that the system finds, its path, or <c>0</c> for none.
    /// Null: what the environment's variable <c>OCTET_CUBLASLT</c> says, and none where that is not set. It is used for what a trial shows it to multiply rightly when a
    /// card is opened; what came of that is told by <see cref="LanguageModel.Device"/>.
    /// </summary>
    public string? CublasLt { get; init; }
}
