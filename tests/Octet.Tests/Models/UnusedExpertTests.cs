using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>What is read of a mixture's files, as the system knows it: which pages of them are in its cache.</summary>
public sealed partial class UnusedExpertTests : IDisposable
{
    const int Hidden = 512;
    const int Inner = 1024;
    const int Experts = 32;

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Experts_that_nobody_chose_are_never_read_from_disk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mincore is Linux's");
        Write();
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(_directory.Path);
        Assert.SkipUnless(Resident(checkpoint).Count == 0, "this file system keeps new files in memory");
        using var model = LanguageModel.Load(_directory.Path, new() { Threads = 2 });
        Assert.Empty(Resident(checkpoint));

        // All logits are the same, so the first experts are chosen, and their middles are read.
        using InferenceSession session = model.CreateSession();
        session.Evaluate([1], []);
        session.Evaluate([1, 2, 3, 4, 5, 6], []);
        HashSet<int> read = Resident(checkpoint);
        Assert.Superset(new HashSet<int> { 0, 1 }, read);

        // Systems read ahead into the neighbours, 8 MiB at most where this was written.
        Assert.DoesNotContain(read, expert => expert > Experts / 2);
    }

    [Fact]
    public void A_mixture_that_memory_holds_comes_in_huge_pages_once_it_is_loaded_but_for_its_embedding()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        Assert.SkipUnless(Directory.Exists("/sys/kernel/mm/transparent_hugepage"), "this system has no huge pages");
        Write();
        using var model = LanguageModel.Load(_directory.Path, new() { Threads = 1 });
        string[][] flags = FileMappings.FlagsOf(_directory.Path);
        Assert.Contains(flags, mapping => mapping.Contains("hg"));
        Assert.Contains(flags, mapping => mapping.Contains("nh"));
        Assert.DoesNotContain(flags, mapping => mapping.Contains("rr"));
    }

    /// <summary>The experts of whose codes the system holds a page.</summary>
    static unsafe HashSet<int> Resident(SafetensorsCheckpoint checkpoint)
    {
        HashSet<int> experts = [];
        foreach (TensorView tensor in checkpoint.Tensors.Where(tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal) && tensor.Name.EndsWith(".weight", StringComparison.Ordinal)))
        {
            // The scales' pages are the codes' first and last.
            nuint page = (nuint)Environment.SystemPageSize;
            nuint start = ((nuint)tensor.DangerousGetPointer() / page + 2) * page;
            nuint length = (nuint)tensor.ByteLength - (4 * page);
            byte[] pages = new byte[(length / page) + 1];
            Assert.Equal(0, Mincore(start, length, pages));
            if (pages.Any(state => (state & 1) != 0))
            {
                experts.Add(int.Parse(tensor.Name.Split('.')[5], System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return experts;
    }

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int Mincore(nuint start, nuint length, byte[] pages);

    // A header, and data that takes no disk: holes read as zeros, and are read all the same.
    void Write()
    {
        var header = new JsonObject();
        long end = 0;
        void Add(string name, string type, params long[] shape)
        {
            long bytes = shape.Aggregate(type == "BF16" ? 2L : 1, (product, length) => product * length);
            header.Add(name, new JsonObject { ["dtype"] = type, ["shape"] = new JsonArray([.. shape.Select(length => JsonValue.Create(length))]), ["data_offsets"] = new JsonArray(end, end + bytes) });
            end += bytes;
        }

        void Linear(string name, long outputs, long inputs)
        {
            Add(name + ".weight", "F8_E4M3", outputs, inputs);
            Add(name + ".weight_scale_inv", "BF16", (outputs + 127) / 128, (inputs + 127) / 128);
        }

        Add("model.embed_tokens.weight", "BF16", 64, Hidden);
        Add("lm_head.weight", "BF16", 64, Hidden);
        const string Layer = "model.layers.0.";
        foreach (string norm in (string[])[Layer + "input_layernorm", Layer + "post_attention_layernorm", "model.norm"])
        {
            Add(norm + ".weight", "BF16", Hidden);
        }

        Add(Layer + "self_attn.q_norm.weight", "BF16", 64);
        Add(Layer + "self_attn.k_norm.weight", "BF16", 64);
        foreach (char part in "qkvo")
        {
            Linear($"{Layer}self_attn.{part}_proj", part is 'k' or 'v' ? 128 : Hidden, Hidden);
        }

        Add(Layer + "mlp.gate.weight", "BF16", Experts, Hidden);
        for (int expert = 0; expert < Experts; expert++)
        {
            string at = $"{Layer}mlp.experts.{expert}.";
            Linear(at + "gate_proj", Inner, Hidden);
            Linear(at + "up_proj", Inner, Hidden);
            Linear(at + "down_proj", Hidden, Inner);
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        using FileStream file = File.Create(Path.Combine(_directory.Path, "model.safetensors"));
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        file.SetLength(8 + json.Length + end);
        File.WriteAllText(Path.Combine(_directory.Path, "config.json"), $$"""
            {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": {{Hidden}}, "moe_intermediate_size": {{Inner}}, "num_local_experts": {{Experts}},
             "num_experts_per_tok": 2, "norm_topk_prob": true, "num_hidden_layers": 1, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 8,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000, "vocab_size": 64,
             "quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]} }
            """);
    }
}
