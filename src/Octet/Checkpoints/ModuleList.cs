using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Octet.Checkpoints;

/// <summary>
/// A config's list of modules. An entry is a name; a name with <c>*</c> for any characters (Model Optimizer); or <c>re:</c> and a regular
/// expression that the name begins with (compressed-tensors).
/// </summary>
sealed class ModuleList
{
    const string Expression = "re:";

    readonly HashSet<string> _names;
    readonly List<(string Entry, Func<string, bool> Matches)> _patterns = [];

    internal ModuleList(IReadOnlyList<string> entries)
    {
        _names = new(entries, StringComparer.Ordinal);
        foreach (string entry in entries)
        {
            if (entry.StartsWith(Expression, StringComparison.Ordinal))
            {
                if (Compile(entry[Expression.Length..]) is { } expression)
                {
                    _patterns.Add((entry, expression.IsMatch));
                }
            }
            else if (entry.Contains('*', StringComparison.Ordinal))
            {
                _patterns.Add((entry, module => FileSystemName.MatchesSimpleExpression(entry, module, ignoreCase: false)));
            }
        }
    }

    /// <summary>The entry that a module falls under; null: none.</summary>
    internal string? Find(string module) => _names.Contains(module) ? module : _patterns.Find(pattern => pattern.Matches(module)).Entry;

    // Linear in the name, whatever a stranger's expression is. What Python reads and .NET does not is passed over: which modules are
    // quantised is in the tensors.
    static Regex? Compile(string expression)
    {
        try
        {
            return new Regex($@"\A(?:{expression})", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
