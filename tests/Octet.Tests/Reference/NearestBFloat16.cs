namespace Octet.Tests.Reference;

/// <summary>The nearest bfloat16 by the definition: 8 significant bits, ties to even. For normal numbers.</summary>
static class NearestBFloat16
{
    internal static double Round(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        int exponent = Math.ILogB(value) - 7;
        return Math.ScaleB(Math.Round(Math.ScaleB(value, -exponent), MidpointRounding.ToEven), exponent);
    }
}
