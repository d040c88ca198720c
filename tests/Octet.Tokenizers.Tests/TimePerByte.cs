namespace Octet.Tokenizers.Tests;

/// <summary>Whether work takes a time that grows with its input and no faster.</summary>
static class TimePerByte
{
    /// <summary>From the small size to the large one. A quadratic step makes each byte take so many times as long.</summary>
    internal const int Growth = 16;

    // Between 1, what linear work gives, and Growth: a heap's logarithm, caches and the garbage collector cost something.
    const double Allowed = 8;
    const int Tries = 5;

    // From either size to the one between. Where each byte takes a + b n and that became Allowed times as much, both steps have to be more than
    // this; where it became dearer once, as where memory was handed out anew or another way was taken, one of them is not.
    const double Step = 2;

    /// <summary>
    /// Null where the time per byte stays flat, otherwise what it was. The quickest of several tries counts. What became dearer at one place
    /// between the two sizes, and is flat before or behind it, does not grow.
    /// </summary>
    /// <param name="prepare">Makes the work for a size; its own time does not count.</param>
    /// <param name="small">The small size, in bytes.</param>
    internal static string? Grows(Func<int, Action> prepare, int small)
    {
        Action little = prepare(small);
        Action much = prepare(small * Growth);
        little();
        double first = double.MaxValue;
        double last = double.MaxValue;
        for (int tries = 0; tries < Tries; tries++)
        {
            first = Math.Min(first, Seconds(little));
            last = Math.Min(last, Seconds(much));
            if (last < Allowed * Growth * first || last < 0.002)
            {
                return null;
            }
        }

        int between = (int)Math.Sqrt(Growth);
        Action some = prepare(small * between);
        double middle = Enumerable.Range(0, Tries).Min(_ => Seconds(some));
        return middle < Step * between * first || last < Step * between * middle
            ? null
            : $"{1e9 * first / small:f0} ns a byte for {small} bytes, {1e9 * middle / small / between:f0} for {small * between}, {1e9 * last / small / Growth:f0} for {small * Growth}";
    }

    static double Seconds(Action work)
    {
        double start = ThreadClock.Seconds;
        work();
        return ThreadClock.Seconds - start;
    }
}
