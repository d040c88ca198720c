using System.Globalization;
using System.Text.RegularExpressions;

namespace Octet;

/// <summary>
/// Which files of a folder, or of a repository's top folder, hold a model's weights, by their names alone: <c>model.safetensors</c>; else
/// an index; else shards that are all there, or a file that is the only one, which vLLM, SGLang and mlx open as well. Compiled into the
/// reader of checkpoints and into the engine's hub, so that both mean the same.
/// </summary>
static partial class WeightFileNames
{
    internal const string Single = "model.safetensors";
    internal const string Index = "model.safetensors.index.json";
    internal const string Extension = ".safetensors";
    internal const string IndexExtension = ".safetensors.index.json";

    const string Model = "model";
    const string Adapter = "adapter_model";
    const int NamedAtMost = 5;

    /// <summary>Chooses among the names of a folder's files.</summary>
    internal static Choice Choose(IEnumerable<string> names)
    {
        string[] weights = [.. names.Where(name => name.EndsWith(Extension, StringComparison.Ordinal) || name.EndsWith(IndexExtension, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

        // The single file first, as the Hugging Face loaders have it.
        if (weights.Contains(Single))
        {
            return new Choice(null, [Single]);
        }

        string[] indexes = weights.Contains(Index) ? [Index] : [.. weights.Where(name => name.EndsWith(IndexExtension, StringComparison.Ordinal))];
        if (indexes.Length > 0)
        {
            return indexes is [string index] ? new Choice(index, []) : Ambiguous(indexes);
        }

        string[] files = [.. weights.Where(name => !name.StartsWith(Adapter, StringComparison.Ordinal))];
        Shards[] sets = [.. files.Select(name => ShardName.Match(name)).Where(match => match.Success).GroupBy(match => (match.Groups[1].Value, match.Groups[3].Value)).Select(group => new Shards(group))];
        string[] singles = [.. files.Where(name => !ShardName.IsMatch(name))];
        if (sets.Where(set => set.Prefix == Model).ToArray() is [Shards named])
        {
            return named.Choose();
        }

        return (sets, singles) switch
        {
            ([Shards set], []) => set.Choose(),
            ([], [string file]) => new Choice(null, [file]),
            ([], []) => new Choice(null, [], weights.Length == 0 ? null : $"{Quote(weights[0])} is an adapter (LoRA), no model: expected the model that it belongs to"),
            _ => Ambiguous([.. sets.Select(set => set.First), .. singles]),
        };
    }

    static Choice Ambiguous(string[] names) => new(
        null,
        [],
        $"it holds several that may be meant ({Listed(names)}): name the one, DIRECTORY/FILE, or rename it to {Single}");

    static string Listed(string[] names)
        => string.Join(", ", names.Take(NamedAtMost).Select(Quote)) + (names.Length > NamedAtMost ? $" and {names.Length - NamedAtMost} more" : "");

    static string Quote(string name) => $"'{OneLine.Of(name)}'";

    [GeneratedRegex(@"\A(.*)-([0-9]{1,9})-of-([0-9]{1,9})\.safetensors\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    static partial Regex ShardName { get; }

    /// <summary>What to open.</summary>
    /// <param name="IndexName">The index that names the files; null: there is none.</param>
    /// <param name="Files">Without an index: the files, in order; empty where there are none to open.</param>
    /// <param name="Problem">Why none of the files can be opened, and what to do; null also where there are none at all.</param>
    /// <param name="MissingShard">The name of a shard that is missing; null: none is.</param>
    internal readonly record struct Choice(string? IndexName, string[] Files, string? Problem = null, string? MissingShard = null);

    /// <summary>Shards of one name and one number: n of m.</summary>
    sealed class Shards
    {
        readonly SortedDictionary<int, string> _files = [];
        readonly string _total;

        internal Shards(IEnumerable<Match> matches)
        {
            _total = "";
            foreach (Match match in matches)
            {
                Prefix = match.Groups[1].Value;
                _total = match.Groups[3].Value;
                _files.TryAdd(int.Parse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture), match.Value);
            }
        }

        internal string Prefix { get; } = "";

        internal string First => _files.First().Value;

        /// <summary>Counted from 1, or from 0, as some writers do.</summary>
        internal Choice Choose()
        {
            int total = int.Parse(_total, NumberStyles.None, CultureInfo.InvariantCulture);
            int first = _files.ContainsKey(0) ? 0 : 1;
            List<string> missing = [];
            for (int number = first; number < first + (long)total && missing.Count <= NamedAtMost; number++)
            {
                if (!_files.ContainsKey(number))
                {
                    missing.Add($"{Prefix}-{number.ToString(CultureInfo.InvariantCulture).PadLeft(_total.Length, '0')}-of-{_total}{Extension}");
                }
            }

            return missing.Count == 0 && _files.Count == total
                ? new Choice(null, [.. _files.Values])
                : new Choice(
                    null,
                    [],
                    missing.Count == 0 ? $"its {_files.Count} shards are numbered beyond the {_total} of their names: they are of several models" : $"of {total} shards, without an index, {Listed([.. missing])} {(missing.Count == 1 ? "is" : "are")} missing: download what is missing",
                    missing.FirstOrDefault());
        }
    }
}
