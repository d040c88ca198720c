using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Generation;
using Octet.Models;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>
/// What the comparison with the oracle is worth: of a model with a bug the logits differ by much more than is allowed, and of the same model
/// without it, made in the same way, they do not.
/// </summary>
public sealed class PlantedBugsTests(OracleModels models)
{
    const double Tolerance = 1e-5;
    const double Seen = 10 * Tolerance;

    static readonly ConcurrentDictionary<string, Lazy<double>> s_unchanged = new(StringComparer.Ordinal);
    static readonly CpuKernels s_kernels = InstructionSet.Float32.First(set => set.IsSupported).Kernels;

    public static TheoryData<string, string> Bugs
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach ((string options, PlantedBug bug) in All)
            {
                data.Add(options, bug.Name);
            }

            return data;
        }
    }

    static IEnumerable<(string Options, PlantedBug Bug)> All =>
    [
        .. PlantedBugs.OfOracle.Values.SelectMany(family => family.Bugs.Select(bug => (family.Options, bug))),
        .. PlantedBugs.Further.SelectMany(model => model.Value.Select(bug => (model.Key, bug))),
    ];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_seen(string options, string name)
    {
        OracleModel model = models.Get(options);
        double unchanged = s_unchanged.GetOrAdd(options, _ => new(() => Error(model, new PlantedBug("none") { Operations = backend => new ForwardingBackend(backend) }))).Value;
        Assert.True(unchanged <= Tolerance, $"{options} without a bug: relative error {unchanged:e2}");

        double error = Error(model, All.Single(bug => bug.Options == options && bug.Bug.Name == name).Bug);
        Assert.True(error > Seen, $"{options}, {name}: relative error {error:e2}, which the tolerance of {Tolerance:e0} would hardly see");
    }

    [Fact]
    public void Every_bug_of_the_oracle_is_planted()
    {
        using var directory = new TemporaryDirectory();
        string names = Path.Combine(directory.Path, "names.json");
        string script = Path.Combine(directory.Path, "names.py");
        File.WriteAllText(script, "import json, sys; sys.path.insert(0, sys.argv[1]); from planted import BUGS; json.dump({family: [name for name, _ in bugs] for family, bugs in BUGS.items()}, open(sys.argv[2], 'w'))");
        NumpyProgram.Run(script, [Path.GetDirectoryName(Fixtures.Peer(Path.Combine("arch", "planted.py")))!, names]);

        Dictionary<string, string[]> expected = JsonSerializer.Deserialize<Dictionary<string, string[]>>(File.ReadAllText(names))!;
        Assert.Equal(expected.Keys.Order(), PlantedBugs.OfOracle.Keys.Order());
        Assert.All(expected, family => Assert.Equal(family.Value.Order(), PlantedBugs.OfOracle[family.Key].Bugs.Select(bug => bug.Name).Order()));
    }

    /// <summary>The worst token's error of the logits of a model with a bug.</summary>
    static double Error(OracleModel model, PlantedBug bug)
    {
        using var directory = new TemporaryDirectory();
        string weights = Path.Combine(directory.Path, "model.safetensors");
        StoredTensors.Copy(Path.Combine(model.Path, "model.safetensors"), weights, bug.Tensors);
        JsonObject json = JsonNode.Parse(File.ReadAllBytes(Path.Combine(model.Path, "config.json")))!.AsObject();
        bug.Config(json);
        ModelConfig config = bug.Model(ModelConfig.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "config.json"));
        return LogitsTests.Errors(model.Expected, Score(weights, config, bug.Operations)).Max();
    }

    /// <summary>What <see cref="LanguageModel.Load(string, LanguageModelOptions?)"/> makes of the files, for one sequence of these tokens.</summary>
    static float[][] Score(string weights, ModelConfig config, Func<Backend, Backend> operations)
    {
        int[] ids = OracleModels.Ids;
        float[][] rows = new float[ids.Length][];
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(weights);
        Backend backend = operations(new CpuBackend(s_kernels, threads: 1, ActivationMode.WeightOnly));
        var decoder = new DecoderModel(config, new WeightLedger(checkpoint, config.QuantizationConfig), backend, ids.Length, LmHead.AsStored);
        StateLayout layout = decoder.StateLayout(KvCacheType.Float32, ids.Length);
        var cache = new StateCache(
            layout,
            [.. layout.Kinds.Select(kind => backend.CreateKvCache(kind, kind.Pages(ids.Length, ids.Length), withinRoom: false))],
            layout.Recurrent is { } recurrent ? backend.CreateRecurrentCache(recurrent, 1, withinRoom: false) : null);
        using var engine = new Engine(decoder, cache, backend, [checkpoint], config.VocabSize, ids.Length, ids.Length);
        using var session = new InferenceSession(engine);
        session.Score(ids, (position, logits) => rows[position] = logits.ToArray());
        return rows;
    }
}
