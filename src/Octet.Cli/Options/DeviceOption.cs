using System.CommandLine;
using Octet.Backends;

namespace Octet.Cli.Options;

/// <summary><c>--device</c>: what computes.</summary>
static class DeviceOption
{
    internal static Option<string?> Create()
    {
        var option = new Option<string?>("--device")
        {
            Description = "What computes: the CPU, an NVIDIA card, or the first card where it can and otherwise the CPU [default: cpu]",
            HelpName = "cpu|cuda|cuda:N|auto",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var word }] && !DeviceName.TryParse(word, out _))
            {
                result.AddError($"--device is '{word}': expected {DeviceName.Expected}");
            }
        });
        return option;
    }
}
