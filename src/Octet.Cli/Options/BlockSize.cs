using System.CommandLine;
using System.Globalization;

namespace Octet.Cli.Options;

/// <summary>The option that says which weights share a scale, where a file does not: <c>128x128</c>, or one number for both sides.</summary>
static class BlockSize
{
    internal static Option<(int Rows, int Columns)?> Option() => new("--block")
    {
        Description = "Rows and columns that share a scale, for a file that is quantised and does not say it [default: 128x128 where scales are named weight_scale_inv]",
        HelpName = "ROWSxCOLUMNS",
        CustomParser = result =>
        {
            string text = result.Tokens is [{ } token] ? token.Value : "";
            int[] sides = [.. text.Split('x', 'X').Select(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0)];
            switch (sides)
            {
                case [> 0 and var both]:
                    return (both, both);
                case [> 0 and var rows, > 0 and var columns]:
                    return (rows, columns);
                default:
                    result.AddError($"--block is '{text}': expected rows and columns such as 128x128, or one number for both");
                    return null;
            }
        },
    };
}
