using System.Globalization;
using System.Text.RegularExpressions;

namespace Octet.Backends;

/// <summary>What a device is chosen by: <c>cpu</c>, <c>auto</c>, or a kind with or without a number, <c>cuda</c> being <c>cuda:0</c>.</summary>
/// <param name="Kind">The word.</param>
/// <param name="Ordinal">The number, from 0.</param>
readonly partial record struct DeviceName(string Kind, int Ordinal)
{
    internal const string Cpu = "cpu";
    internal const string Auto = "auto";

    /// <summary>What is expected, for messages.</summary>
    internal const string Expected = "cpu, cuda, cuda:1 (a card's number from 0 on) or auto";

    /// <exception cref="ModelException">The text is none.</exception>
    internal static DeviceName Parse(string? text)
        => TryParse(text, out DeviceName name) ? name : throw new ModelException(ModelError.Unsupported, $"device {OneLine.Of(text)} is not supported: expected {Expected}");

    internal static bool TryParse(string? text, out DeviceName name)
    {
        Match match = Form.Match(text ?? "");
        name = match.Success ? new DeviceName(match.Groups["kind"].Value, match.Groups["ordinal"] is { Success: true } number ? int.Parse(number.ValueSpan, CultureInfo.InvariantCulture) : 0) : default;
        return match.Success;
    }

    public override string ToString() => Kind is Cpu or Auto ? Kind : string.Create(CultureInfo.InvariantCulture, $"{Kind}:{Ordinal}");

    [GeneratedRegex(@"^(?:(?<kind>cpu|auto)|(?<kind>cuda)(?::(?<ordinal>[0-9]{1,3}))?)\z", RegexOptions.CultureInvariant)]
    static partial Regex Form { get; }
}
