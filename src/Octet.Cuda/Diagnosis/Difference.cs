namespace Octet.Cuda.Diagnosis;

/// <summary>How far what a card computed lies from what was expected.</summary>
static class Difference
{
    /// <summary>The length of the difference, in that of what was expected.</summary>
    internal static double Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        double difference = 0;
        double length = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double apart = (double)expected[i] - found[i];
            difference += apart * apart;
            length += (double)expected[i] * expected[i];
        }

        return length == 0 ? difference == 0 ? 0 : double.PositiveInfinity : Math.Sqrt(difference / length);
    }
}
