namespace Octet.Cli.Inspection;

/// <summary>A shape as people write it: <c>[4096, 2560]</c>, <c>[]</c> for a scalar.</summary>
static class TensorShape
{
    internal static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
