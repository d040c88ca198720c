using System.IO.Enumeration;

namespace Octet.Quantization;

/// <summary>The names of modules that are not quantised, <c>*</c> for any characters.</summary>
sealed class ExcludedModules(IReadOnlyList<string> patterns)
{
    internal bool Contains(string module) => patterns.Any(pattern => Matches(pattern, module));

    /// <summary>Refuses a pattern that no module has: a slip of the pen would quantise what is to stay as it is.</summary>
    /// <param name="source">What messages call the checkpoint.</param>
    /// <param name="modules">All names, of layers that are not quantised anyway too.</param>
    /// <exception cref="ModelException">There is such a pattern; the message names the module that is nearest to it.</exception>
    internal void RequireMatches(string source, IReadOnlyCollection<string> modules)
    {
        foreach (string pattern in patterns.Where(pattern => !modules.Any(module => Matches(pattern, module))))
        {
            string? nearest = modules.MinBy(module => Distance(OneLine.Of(pattern), module));
            throw new ModelException(
                ModelError.InvalidInput,
                $"{source}: {nameof(QuantizationOptions.Exclude)} '{OneLine.Of(pattern)}' is no module{(nearest is null ? "" : $"; the nearest is {nearest}")}; expected a module's whole name, * for any characters",
                source);
        }
    }

    static bool Matches(string pattern, string module) => FileSystemName.MatchesSimpleExpression(pattern, module, ignoreCase: false);

    /// <summary>Letters to be put in, left out or exchanged, for which <c>*</c> stands for any; those that a name begins with and the pattern lacks count little.</summary>
    static int Distance(string pattern, string name)
    {
        const int Other = 4, Before = 1;
        int[] costs = [.. Enumerable.Range(0, name.Length + 1).Select(i => i * Before)];
        foreach (char letter in pattern)
        {
            int diagonal = costs[0];
            costs[0] += letter == '*' ? 0 : Other;
            for (int i = 0; i < name.Length; i++)
            {
                int change = diagonal + (letter == name[i] ? 0 : Other);
                diagonal = costs[i + 1];
                costs[i + 1] = letter == '*' ? Math.Min(costs[i + 1], costs[i]) : Math.Min(change, Math.Min(costs[i + 1], costs[i]) + Other);
            }
        }

        return costs[^1];
    }
}
