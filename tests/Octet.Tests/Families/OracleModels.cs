using System.Collections.Concurrent;
using System.Globalization;
using Octet.Tests.Models;
using Octet.Tests.Reference;

[assembly: AssemblyFixture(typeof(Octet.Tests.Families.OracleModels))]

namespace Octet.Tests.Families;

/// <summary>Checkpoints of the oracle's generator, each with what the oracle makes of it: made once for all tests that only read them.</summary>
public sealed class OracleModels : IDisposable
{
    // Past the window of 16, past two pages, past the original context of 16 or 64 that some generators give the rotary embedding.
    internal const int Tokens = 100;

    readonly TemporaryDirectory _directory = new();
    readonly ConcurrentDictionary<string, Lazy<OracleModel>> _models = new(StringComparer.Ordinal);
    int _made;

    /// <summary>The tokens of all of them.</summary>
    internal static int[] Ids { get; } = LogitsTests.Ids(Tokens, 320);

    internal OracleModel Get(string options) => _models.GetOrAdd(options, key => new(() => Make(key))).Value;

    public void Dispose() => _directory.Dispose();

    OracleModel Make(string options)
    {
        string place = Directory.CreateDirectory(Path.Combine(_directory.Path, Interlocked.Increment(ref _made).ToString(CultureInfo.InvariantCulture))).FullName;
        string model = OracleTests.GenerateModel(place, options);
        return new OracleModel(model, OracleTests.Forward(place, model, Ids));
    }
}

/// <param name="Path">The checkpoint.</param>
/// <param name="Expected">Logits after each of <see cref="OracleModels.Ids"/>.</param>
sealed record OracleModel(string Path, double[][] Expected);
