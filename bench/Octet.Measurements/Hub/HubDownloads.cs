using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Octet.TestHub;

namespace Octet.Measurements.Hub;

/// <summary>
/// <c>octet pull</c> of a model in shards from a hub on the loopback: its rate and memory beside what the machine could do, two processes
/// at once, and pulls that are killed at random moments, each followed by one that finishes.
/// </summary>
static class HubDownloads
{
    const string Id = "org/model";

    internal static async Task RunAsync(HubOptions options, CancellationToken cancellation)
    {
        await using HubServer hub = await HubServer.StartAsync();
        HubRepository repository = hub.Add(Id, HubRepository.Model(options.Bytes, options.Shards));
        foreach (HubFile file in repository.Files)
        {
            _ = file.ETag;
        }

        string work = Directory.CreateTempSubdirectory("octet-measurements-").FullName;
        try
        {
            var table = new StringBuilder("| measured | result |\n|---|---|\n");
            void Row(string what, string result)
            {
                Console.Error.WriteLine($"{what}: {result}");
                table.Append(CultureInfo.InvariantCulture, $"| {what} | {result} |\n");
            }

            await ThroughputAsync(hub, repository, work, options, Row, cancellation);
            TwoAtOnce(hub, repository, work, options, Row, cancellation);
            Killed(hub, repository, work, options, Row, cancellation);
            MarkedTable.Replace(Path.Combine(Repository.Root, "docs", "hub.md"), "downloads", table.ToString());
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static async Task ThroughputAsync(HubServer hub, HubRepository repository, string work, HubOptions options, Action<string, string> row, CancellationToken cancellation)
    {
        // In turns: a disk is not as fast at all times.
        const int Rounds = 5;
        List<double> rates = [];
        List<double> plain = [];
        List<double> disk = [];
        long peak = 0;
        for (int i = 0; i < Rounds; i++)
        {
            using PullProcess pull = Start(hub, work, "rate", options);
            Verify(pull.Wait(cancellation), repository);
            rates.Add(options.Bytes / pull.Elapsed.TotalSeconds);
            peak = Math.Max(peak, pull.PeakBytes);
            Directory.Delete(Path.Combine(work, "rate"), recursive: true);
            plain.Add(await MachineRates.LoopbackAsync(hub, repository, options.Connections, work, cancellation));
            disk.Add(MachineRates.Disk(work, options.Bytes));
        }

        double loopback = await MachineRates.LoopbackAsync(hub, repository, options.Connections, null, cancellation);
        row($"a model of {Gigabytes(options.Bytes)} in {options.Shards} shards, {options.Connections} connections, start and hashing included, median of {Rounds}", Rate(Median(rates)));
        row("peak resident memory of that", string.Create(CultureInfo.InvariantCulture, $"{peak / 1e6:0} MB"));
        row("the same bytes read from the loopback and forgotten by a plain client", Rate(loopback));
        row("the same, written to where the cache is and flushed, without a hash", Rate(Median(plain)));
        row("the same bytes written there by one writer from its memory, and flushed", Rate(Median(disk)));
        row("SHA-256 on one core", Rate(MachineRates.Sha256(options.Bytes)));
    }

    static void TwoAtOnce(HubServer hub, HubRepository repository, string work, HubOptions options, Action<string, string> row, CancellationToken cancellation)
    {
        hub.Traffic.Clear();
        using PullProcess first = Start(hub, work, "two", options);
        using PullProcess second = Start(hub, work, "two", options);
        Verify(first.Wait(cancellation), repository);
        Verify(second.Wait(cancellation), repository);
        row("two processes that pull it at once: bytes sent, in models", string.Create(CultureInfo.InvariantCulture, $"{(double)hub.Traffic.Bytes / Needed(repository):0.0000}"));
        Directory.Delete(Path.Combine(work, "two"), recursive: true);
    }

    static void Killed(HubServer hub, HubRepository repository, string work, HubOptions options, Action<string, string> row, CancellationToken cancellation)
    {
        // Slow enough that most moments lie in the download and not in the start of the process.
        const long Rate = 60_000_000;
        hub.BytesPerSecond = Rate;
        double seconds = (double)options.Bytes / Rate / options.Connections + 1;
        var random = new Random(options.Seed);
        var progress = new Progress(options.Kills);
        int inTime = 0;
        long worst = 0, all = 0;
        for (int i = 0; i < options.Kills; i++)
        {
            TimeSpan moment = TimeSpan.FromSeconds(random.NextDouble() * seconds);
            progress.Next(string.Create(CultureInfo.InvariantCulture, $"killed after {moment.TotalSeconds:0.00} s"));
            hub.BytesPerSecond = Rate;
            hub.Traffic.Clear();
            using (PullProcess pull = Start(hub, work, "killed", options))
            {
                cancellation.WaitHandle.WaitOne(moment);
                inTime += pull.Kill() ? 1 : 0;
            }

            cancellation.ThrowIfCancellationRequested();
            hub.BytesPerSecond = null;
            using PullProcess next = Start(hub, work, "killed", options);
            Verify(next.Wait(cancellation), repository);
            long again = hub.Traffic.Bytes - Needed(repository);
            (worst, all) = (Math.Max(worst, again), all + again);
            Directory.Delete(Path.Combine(work, "killed"), recursive: true);
        }

        row(string.Create(CultureInfo.InvariantCulture, $"{options.Kills} pulls killed (SIGKILL) at random moments, {inTime} of them before they had ended, each followed by another pull: right hashes"), $"{options.Kills} of {options.Kills}");
        row("bytes sent again after a kill, mean and most", string.Create(CultureInfo.InvariantCulture, $"{all / 1e6 / Math.Max(1, options.Kills):0.0} MB, {worst / 1e6:0.0} MB"));
        row("one part for each connection", string.Create(CultureInfo.InvariantCulture, $"{options.Connections} x 33.6 MB = {options.Connections * 33.554432:0.0} MB"));
    }

    static PullProcess Start(HubServer hub, string work, string cache, HubOptions options)
        => new(Id, hub.Endpoint.GetLeftPart(UriPartial.Authority), Path.Combine(work, cache), options.Connections);

    static long Needed(HubRepository repository) => repository.Files.Where(IsNeeded).Sum(file => file.Size);

    // As HubRepository.Model makes them.
    static bool IsNeeded(HubFile file) => Path.GetExtension(file.Path) is ".safetensors" or ".json" or ".jinja";

    static void Verify(string snapshot, HubRepository repository)
    {
        foreach (HubFile file in repository.Files.Where(file => IsNeeded(file) && file.IsLarge))
        {
            using FileStream content = File.OpenRead(Path.Combine(snapshot, file.Path));
            if (Convert.ToHexStringLower(SHA256.HashData(content)) != file.Sha256)
            {
                throw new MeasurementException($"{content.Name} is damaged");
            }
        }
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.###} GB");

    static string Rate(double bytesPerSecond) => string.Create(CultureInfo.InvariantCulture, $"{bytesPerSecond / 1e9:0.00} GB/s");
}
