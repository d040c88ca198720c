namespace Octet.Backends;

/// <summary>x &gt; 0: <see cref="Positive"/> * x^2 + <see cref="Beta"/> * x; otherwise (exp(min(x, <see cref="Limit"/>)) - 1 - x) * <see cref="Negative"/> + <see cref="Beta"/> * x.</summary>
readonly record struct Xielu(float Positive, float Negative, float Beta, float Limit);
