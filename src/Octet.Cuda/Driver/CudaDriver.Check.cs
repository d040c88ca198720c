using System.Runtime.CompilerServices;

namespace Octet.Cuda.Driver;

sealed unsafe partial class CudaDriver
{
    /// <summary>Throws where a call that belongs to no context failed.</summary>
    /// <param name="result">What the function returned.</param>
    /// <param name="call">The call as it is written, of which the function's name is told.</param>
    internal void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CudaResult.Success)
        {
            throw Failure(result, call);
        }
    }

    /// <param name="result">What the function returned.</param>
    /// <param name="call">The call as it is written, or what was done.</param>
    /// <param name="detail">What else is known, such as the compiler's log; null: nothing.</param>
    internal CudaException Failure(int result, string call, string? detail = null)
        => new(result, NameOf(result), TextOf(result), FunctionOf(call), detail);

    /// <summary>Memory that is not there.</summary>
    /// <param name="result">What the function returned.</param>
    /// <param name="call">The call as it is written.</param>
    /// <param name="asked">Bytes that were asked for.</param>
    /// <param name="free">Bytes that the card has left; null: it is not the card's memory, or not known.</param>
    internal CudaException OutOfMemory(int result, string call, long asked, long? free)
        => new(result, NameOf(result), TextOf(result), FunctionOf(call), detail: null, asked, free);

    static string FunctionOf(string call)
    {
        int open = call.IndexOf('(', StringComparison.Ordinal);
        return open <= 0 ? call : call[(call.LastIndexOf('.', open) + 1)..open];
    }
}
