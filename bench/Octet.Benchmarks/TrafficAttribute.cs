namespace Octet.Benchmarks;

/// <summary>The bytes that a benchmark reads and writes for each element, and the benchmark that moves as many without arithmetic.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class TrafficAttribute(int bytesPerElement, string? limit = null) : Attribute
{
    internal int BytesPerElement { get; } = bytesPerElement;

    /// <summary>The method whose rate is the most that memory allows.</summary>
    internal string? Limit { get; } = limit;
}
