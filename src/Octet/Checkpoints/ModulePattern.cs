using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Octet.Checkpoints;

/// <summary>
/// An entry of a config's list of modules: a name; a name with <c>*</c> for any characters (Model Optimizer); or <c>re:</c> and a regular
/// expression that the name begins with (compressed-tensors).
/// </summary>
static class ModulePattern
{
    const string Expression = "re:";

    internal static bool Matches(string pattern, string module)
    {
        if (!pattern.StartsWith(Expression, StringComparison.Ordinal))
        {
            return pattern == module || (pattern.Contains('*', StringComparison.Ordinal) && FileSystemName.MatchesSimpleExpression(pattern, module, ignoreCase: false));
        }

        try
        {
            // Linear in the name, whatever a stranger's expression is.
            return Regex.IsMatch(module, $@"\A(?:{pattern[Expression.Length..]})", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // What Python reads and .NET does not: which modules are quantised is in the tensors.
            return false;
        }
    }
}
