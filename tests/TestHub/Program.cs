using System.Globalization;

namespace Octet.TestHub;

/// <summary>The hub as a process of its own, with one model: for measurements and for trying the tool by hand.</summary>
static class Program
{
    const string Usage = "Octet.TestHub [--id ORG/NAME] [--directory DIR | --bytes N] [--shards N] [--rate BYTES_PER_SECOND] [--port N]   serves until its input ends";

    static async Task<int> Main(string[] args)
    {
        Dictionary<string, string> given = [];
        for (int i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length)
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }

            given[args[i][2..]] = args[i + 1];
        }

        long Number(string name, long otherwise) => given.TryGetValue(name, out string? text) ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        await using HubServer hub = await HubServer.StartAsync((int)Number("port", 0));
        hub.BytesPerSecond = given.ContainsKey("rate") ? Number("rate", 0) : null;
        HubRepository repository = hub.Add(given.GetValueOrDefault("id", "org/model"), given.TryGetValue("directory", out string? directory)
            ? HubFile.Directory(directory)
            : HubRepository.Model(Number("bytes", 1_000_000_000), (int)Number("shards", 4)));

        // Hashed before anybody waits for a listing.
        foreach (HubFile file in repository.Files)
        {
            _ = file.ETag;
        }

        Console.WriteLine($"HF_ENDPOINT={hub.Endpoint.GetLeftPart(UriPartial.Authority)}");
        while (await Console.In.ReadLineAsync() is not null)
        {
            // A line asks what was sent since the last one.
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{hub.Traffic.Bytes} bytes, {hub.Traffic.Requests.Count} requests"));
            hub.Traffic.Clear();
        }

        return 0;
    }
}
