using System.Globalization;

namespace Octet.Measurements.Hub;

/// <summary>What is downloaded, and how often it is killed.</summary>
sealed record HubOptions
{
    internal long Bytes { get; private init; } = 1_000_000_000;

    internal int Shards { get; private init; } = 4;

    internal int Kills { get; private init; } = 50;

    internal int Seed { get; private init; } = 1;

    internal int Connections { get; private init; } = 8;

    internal static HubOptions Parse(string[] arguments)
    {
        var options = new HubOptions();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || !long.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                throw new MeasurementException($"{arguments[i]}: expected a whole number behind it");
            }

            options = arguments[i] switch
            {
                "--bytes" => options with { Bytes = value },
                "--shards" => options with { Shards = (int)value },
                "--kills" => options with { Kills = (int)value },
                "--seed" => options with { Seed = (int)value },
                "--connections" => options with { Connections = (int)value },
                _ => throw new MeasurementException($"there is no option {arguments[i]}"),
            };
        }

        return options;
    }
}
