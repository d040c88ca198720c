using System.Globalization;
using System.Text;

namespace Octet.Cuda;

/// <summary>
/// A function of NVIDIA's driver failed. The message is one line: the function, the driver's code with its name and text, what is known besides, and
/// what to do.
/// </summary>
public sealed class CudaException : ModelException
{
    internal CudaException(int code, string name, string text, string call, string? detail = null, long? asked = null, long? free = null)
        : base(Driver.CudaResult.Kind(code), Describe(code, name, text, call, detail, asked, free))
    {
        Code = code;
        Name = name;
        Text = text;
        Call = call;
        BytesAsked = asked;
        BytesFree = free;
    }

    /// <summary>The same failure, met again by a later call.</summary>
    internal CudaException(CudaException first, string call)
        : base(first.Error, $"{call} was not tried, the card has failed before: {first.Message}", innerException: first)
    {
        Code = first.Code;
        Name = first.Name;
        Text = first.Text;
        Call = call;
    }

    /// <summary>The driver's code (<c>CUresult</c>), above 0: 2 is out of memory, 700 an illegal address.</summary>
    public int Code { get; }

    /// <summary>The code's name in the driver's header, such as <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</summary>
    public string Name { get; }

    /// <summary>What the driver says of the code.</summary>
    public string Text { get; }

    /// <summary>The function that failed, such as <c>cuMemAlloc_v2</c>, or the kernel that ran.</summary>
    public string Call { get; }

    /// <summary>Bytes that were asked for where memory was used up; null otherwise.</summary>
    public long? BytesAsked { get; }

    /// <summary>Bytes that the card had left where memory was used up, as far as that is known; null otherwise.</summary>
    public long? BytesFree { get; }

    static string Describe(int code, string name, string text, string call, string? detail, long? asked, long? free)
    {
        var message = new StringBuilder();
        message.Append(CultureInfo.InvariantCulture, $"{call} failed with {name} ({code}: {text})");
        if (asked is { } bytes)
        {
            message.Append(CultureInfo.InvariantCulture, $": {Mebibytes(bytes)} were asked for");
            message.Append(free is { } left ? $", and {Mebibytes(left)} are free" : "");
        }

        message.Append(detail is null ? "" : $": {detail}");
        message.Append(Driver.CudaResult.Advice(code) is { } advice ? $"; {advice}" : "");
        return message.ToString();
    }

    static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB");
}
