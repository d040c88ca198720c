using System.Globalization;

namespace Octet.Tokenizers.Patterns;

/// <summary>
/// Which characters are the same but for case: those that fold to the same one (Unicode's simple case folding). That a character may
/// stand for several, as ß for ss, is left out.
/// </summary>
static class CaseVariants
{
    static readonly Lazy<(Dictionary<int, List<int>> Variants, ScalarSet Changing)> s_table = new(Read);

    /// <summary>The set with the variants of all that is in it.</summary>
    internal static ScalarSet Close(ScalarSet set)
    {
        (Dictionary<int, List<int>> variants, ScalarSet changing) = s_table.Value;
        List<(int, int)> more = [];
        foreach ((int first, int last) in set.Intersect(changing).Ranges())
        {
            for (int value = first; value <= last; value++)
            {
                more.AddRange(variants[value].Select(static variant => (variant, variant)));
            }
        }

        return set.Union(ScalarSet.Union(more));
    }

    static (Dictionary<int, List<int>>, ScalarSet) Read()
    {
        Dictionary<int, List<int>> variants = [];
        foreach (string run in CaseFoldings.Text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            int[] numbers = [.. run.Split('-', '/', ':').Where(static part => part.Length > 0).Select(static part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            int step = run.Contains('/', StringComparison.Ordinal) ? 2 : 1;
            for (int value = numbers[0]; value <= numbers[^2]; value += step)
            {
                int target = numbers[^1] + value - numbers[0];
                if (!variants.TryGetValue(target, out List<int>? same))
                {
                    same = [target];
                    variants.Add(target, same);
                }

                same.Add(value);
                variants[value] = same;
            }
        }

        return (variants, ScalarSet.Union([.. variants.Keys.Select(static value => (value, value))]));
    }
}
