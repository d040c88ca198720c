using System.Text;
using Octet.Checkpoints;
using Octet.Tests.Reference;

namespace Octet.Tests.Checkpoints;

public class ModelConfigErrorTests
{
    static readonly string s_all = string.Join(", ", ModelConfig.SupportedArchitectures);

    [Theory]
    [InlineData("architectures", """["X", "YForCausalLM"]""", """c.json: architectures is ["X","YForCausalLM"], which is not implemented; supported: ALL""")]
    [InlineData("rope_scaling", """{"rope_type":"spiral"}""", """c.json: rope_scaling is {"rope_type":"spiral"}, which is not implemented; supported: absent, null, or rope_type "default", "linear", "dynamic", "llama3", "yarn", "longrope" or "proportional" """)]
    [InlineData("rope_parameters", """{"type":"spiral"}""", """c.json: rope_parameters is {"type":"spiral"}, which is not implemented; supported: absent, null, or rope_type "default", "linear", "dynamic", "llama3", "yarn", "longrope" or "proportional" """)]
    [InlineData("partial_rotary_factor", "0.25", "c.json: partial_rotary_factor is 0.25, which is not implemented; supported: absent or 1")]
    [InlineData("attention_bias", "true", "c.json: attention_bias is true, which is not implemented; supported: false")]
    [InlineData("hidden_act", "\"gelu\"", "c.json: hidden_act is \"gelu\", which is not implemented; supported: \"silu\"")]
    [InlineData("layer_types", """["full_attention","linear_attention"]""", """c.json: layer_types is ["full_attention","linear_attention"], which is not implemented; supported: "full_attention" or "sliding_attention" in every layer""")]
    [InlineData("quantization_config.quant_method", "\"gptq\"", "c.json: quantization_config.quant_method is \"gptq\", which is not read: its codes are integers, not FP8 or FP4")]
    [InlineData("quantization_config.quant_method", "\"new\"", "c.json: quantization_config.quant_method is \"new\", which is not implemented; supported: fp8, mxfp8, compressed-tensors, modelopt, nvfp4, fbgemm_fp8, w8a8_fp8, torchao, quanto, quark, auto-round, mxfp4")]
    [InlineData("quantization_config.fmt", "\"e3m4\"", "c.json: quantization_config.fmt is \"e3m4\", which is not implemented; supported: e4m3, e5m2")]
    [InlineData("quantization_config.activation_scheme", "\"token\"", "c.json: quantization_config.activation_scheme is \"token\", which is not implemented; supported: dynamic, static")]
    [InlineData("quantization_config.scale_fmt", "\"int\"", "c.json: quantization_config.scale_fmt is \"int\", which is not implemented; supported: float, ue8m0")]
    public void What_is_not_implemented_is_refused_by_name_and_value(string key, string? json, string message) =>
        Assert.Equal(message.TrimEnd().Replace("ALL", s_all, StringComparison.Ordinal), Refused((key, json)).Message);

    [Theory]
    [InlineData("rope_scaling", """{"type":"linear"}""", "c.json: rope_scaling.factor is missing; expected a number above 0")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":0.5}""", "c.json: rope_scaling.factor is 0.5; expected a number from 1")]
    [InlineData("rope_parameters", """{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":1}""", "c.json: rope_parameters.high_freq_factor is 1; expected a number from low_freq_factor on")]
    [InlineData("rope_scaling", """{"type":"longrope","short_factor":[1],"long_factor":[1],"original_max_position_embeddings":8}""", "c.json: rope_scaling.short_factor is [1]; expected 16 numbers above 0, one for each pair")]
    [InlineData("layer_types", """["full_attention"]""", "c.json: layer_types is [\"full_attention\"]; expected one for each of num_hidden_layers, 2")]
    [InlineData("layer_types", """["full_attention","sliding_attention"]""", "c.json: sliding_window is missing; expected a whole number from 1 to 2147483647")]
    public void What_does_not_fit_is_refused_by_name_and_value(string key, string? json, string message) =>
        Assert.Equal(message, Refused((key, json)).Message);

    [Theory]
    [InlineData("architectures", "a list with one of: ALL")]
    [InlineData("model_type", "a string such as \"qwen3\"")]
    [InlineData("hidden_size", "a whole number from 1 to 2147483647")]
    [InlineData("intermediate_size", "a whole number from 1 to 2147483647")]
    [InlineData("num_hidden_layers", "a whole number from 1 to 65536")]
    [InlineData("num_attention_heads", "a whole number from 1 to 2147483647")]
    [InlineData("vocab_size", "a whole number from 1 to 2147483647")]
    [InlineData("max_position_embeddings", "a whole number from 1 to 2147483647")]
    [InlineData("rms_norm_eps", "a number from 0 to 1")]
    [InlineData("rope_theta", "a number above 1, here or in rope_parameters")]
    public void A_missing_key_is_named(string key, string expected) =>
        Assert.Equal($"c.json: {key} is missing; expected {expected.Replace("ALL", s_all, StringComparison.Ordinal)}", Refused((key, null)).Message);

    [Theory]
    [InlineData("hidden_size", "\"64\"", "a whole number from 1 to 2147483647")]
    [InlineData("hidden_size", "64.5", "a whole number from 1 to 2147483647")]
    [InlineData("hidden_size", "0", "a whole number from 1 to 2147483647")]
    [InlineData("vocab_size", "-5", "a whole number from 1 to 2147483647")]
    [InlineData("num_hidden_layers", "99999999999", "a whole number from 1 to 65536")]
    [InlineData("num_hidden_layers", "2147483647", "a whole number from 1 to 65536")]
    [InlineData("num_key_value_heads", "3", "a divisor of num_attention_heads, 4")]
    [InlineData("head_dim", "33", "an even number")]
    [InlineData("head_dim", "2147483646", "at most 65536 for num_attention_heads 4")]
    [InlineData("rms_norm_eps", "-1", "a number from 0 to 1")]
    [InlineData("rope_theta", "0", "a number above 1")]
    [InlineData("rope_theta", "1e999", "a number above 1")]
    [InlineData("tie_word_embeddings", "1", "true or false")]
    [InlineData("eos_token_id", "1000", "a whole number from 0 to 999, or a list of such numbers")]
    [InlineData("eos_token_id", "[1,\"2\"]", "a whole number from 0 to 999, or a list of such numbers")]
    [InlineData("bos_token_id", "-1", "a whole number from 0 to 999")]
    [InlineData("architectures", "\"Qwen3ForCausalLM\"", "a list of strings")]
    [InlineData("architectures", "[1]", "a list of strings")]
    [InlineData("model_type", "3", "a string")]
    [InlineData("quantization_config", "[]", "a JSON object")]
    [InlineData("quantization_config.weight_block_size", "[128,128,128]", "a list of rows and columns such as [128, 128]")]
    public void A_value_that_cannot_be_is_shown_beside_what_was_expected(string key, string json, string expected) =>
        Assert.Equal($"c.json: {key} is {json}; expected {expected}", Refused((key, json)).Message);

    [Fact]
    public void A_head_width_that_cannot_be_derived_has_to_be_stated() => Assert.Equal(
        "c.json: head_dim is missing; expected it to be stated, since hidden_size 66 / num_attention_heads 4 is not an even whole number",
        Refused(("head_dim", null), ("hidden_size", "66")).Message);

    [Fact]
    public void Two_bases_of_rotation_that_differ_are_refused() => Assert.Equal(
        "c.json: rope_parameters.rope_theta is 5000000; expected the same value as the file's other rope_theta, 1000000",
        Refused(("rope_parameters", """{"rope_theta":5000000}""")).Message);

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":64}""", """{"rope_theta":1000000,"rope_type":"default"}""", "rope_type")]
    [InlineData("""{"type":"yarn","factor":4.0}""", """{"rope_type":"yarn","factor":2.0,"rope_theta":1000000}""", "factor")]
    [InlineData("""{"type":"yarn","factor":4}""", """{"rope_type":"yarn","factor":4,"beta_fast":16}""", "beta_fast")]
    [InlineData("""{"type":"linear","factor":4}""", """{"rope_theta":1000000}""", "rope_type")]
    [InlineData("""{"type":"linear","factor":4,"rope_theta":10}""", """{"type":"linear","factor":4,"rope_theta":1000000}""", "rope_theta")]
    public void Both_spellings_of_the_rotary_embedding_that_differ_are_refused(string scaling, string parameters, string different) => Assert.Equal(
        $"c.json: rope_scaling is {scaling} and rope_parameters is {parameters}; {different} differs: remove the one that is not meant",
        Refused(("rope_scaling", scaling), ("rope_parameters", parameters)).Message);

    [Fact]
    public void Rotary_embeddings_by_layer_type_are_refused_where_layers_have_one() => Assert.Equal(
        """c.json: rope_parameters.full_attention is {"rope_type":"yarn","factor":4}, which is not read: layers of this architecture have one rotary embedding; put its keys into rope_parameters itself""",
        Refused(("rope_parameters", """{"full_attention":{"rope_type":"yarn","factor":4}}""")).Message);

    [Fact]
    public void Sizes_that_together_exceed_any_memory_are_refused() => Assert.StartsWith(
        "c.json: its sizes describe ",
        Refused(("hidden_size", "2147483647"), ("intermediate_size", "2147483647"), ("vocab_size", "2147483647")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_long_value_is_cut_and_stays_on_one_line()
    {
        string message = Refused(("model_type", $"[{string.Join(",\n", Enumerable.Repeat("1", 500))}]")).Message;

        Assert.DoesNotContain('\n', message);
        Assert.EndsWith("...; expected a string", message, StringComparison.Ordinal);
        Assert.True(message.Length < 150, message);
    }

    [Theory]
    [InlineData("", "c.json is not valid JSON: it is empty: download the file again, for instance with octet pull ID")]
    [InlineData("{\n \"a\": ]}", "c.json is not valid JSON at line 2, byte 7; expected a JSON object")]
    [InlineData("[1]", "c.json holds [1]; expected a JSON object")]
    public void Text_that_is_not_an_object_is_refused_with_its_place(string text, string message) =>
        Assert.Equal(message, Assert.Throws<ModelException>(() => ModelConfig.Parse(Encoding.UTF8.GetBytes(text), "c.json")).Message);

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    public void Text_that_nests_too_deep_is_refused_with_its_place(int levels)
    {
        // The object itself is the first.
        string text = $"{{\"a\": {new string('[', levels - 1)}{new string(']', levels - 1)}}}";
        string message = Assert.Throws<ModelException>(() => ModelConfig.Parse(Encoding.UTF8.GetBytes(text), "c.json")).Message;

        Assert.Equal(levels == 64 ? "c.json: architectures is missing" : "c.json nests deeper than 64 levels at byte 70", message.Split(';')[0]);
    }

    [Fact]
    public void A_file_without_end_is_not_read_to_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "devices have names as on Unix");
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "config.json");
        File.CreateSymbolicLink(path, "/dev/zero");

        Assert.Equal($"{path} is longer than 67108864 bytes, expected a file of less: is it the right one?", Assert.Throws<ModelException>(() => ModelConfig.Load(directory.Path)).Message);
    }

    [Fact]
    public void A_pipe_is_not_waited_at()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes have names as on Unix");
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "config.json");
        System.Diagnostics.Process.Start("mkfifo", [path]).WaitForExit();
        Task<Exception?> loading = Task.Run(() => Record.Exception(() => ModelConfig.Load(directory.Path)));
        if (!loading.Wait(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
        {
            // The reader waits for a writer: here is one.
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite).Dispose();
            Assert.Fail("it waits at the pipe");
        }

        Assert.Equal($"{path} cannot be read: it is a pipe, expected a file", Assert.IsType<ModelException>(loading.Result).Message);
    }

    [Fact]
    public void A_directory_that_may_not_be_looked_into_is_told()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("needs a user whom permissions bind");
        }
        else
        {
            using var directory = new TemporaryDirectory();
            string path = Path.Combine(directory.Path, "config.json");
            File.WriteAllText(path, "{}");
            File.SetUnixFileMode(directory.Path, UnixFileMode.None);
            Exception? error = Record.Exception(() => ModelConfig.Load(directory.Path));
            File.SetUnixFileMode(directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

            Assert.Equal($"{path} cannot be read: no permission for its directory, or for one above it", Assert.IsType<ModelException>(error).Message);
        }
    }

    [Fact]
    public void A_repeated_key_is_refused_by_name() => Assert.Contains(
        "hidden_size",
        Assert.Throws<ModelException>(() => ModelConfig.Parse("""{"hidden_size": 1, "hidden_size": 2}"""u8.ToArray(), "c.json")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused() => Assert.Equal(
        "c.json is not UTF-8; expected a JSON object",
        Assert.Throws<ModelException>(() => ModelConfig.Parse((byte[])[(byte)'{', 0xFF, (byte)'}'], "c.json")).Message);

    [Fact]
    public void Whatever_is_damaged_the_error_is_typed_and_on_one_line()
    {
        byte[] valid = ConfigText.With();
        var random = new Random(20);
        string alphabet = "{}[]\",:0123456789eE-.\\u null true\n";
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. valid];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)alphabet[random.Next(alphabet.Length)];
            }

            try
            {
                ModelConfig.Parse(damaged.AsMemory(0, random.Next(10) == 0 ? random.Next(damaged.Length) : damaged.Length), "c.json");
            }
            catch (ModelException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Fact]
    public void A_directory_without_a_model_says_what_was_looked_for()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("octet-");
        try
        {
            string absent = Path.Combine(directory.FullName, "absent");
            string file = Path.Combine(directory.FullName, "file");
            File.WriteAllText(file, "");

            Assert.Equal($"{directory.FullName} holds no model: looked for config.json and did not find it", LoadError(directory.FullName).Message);
            Assert.Equal($"there is no directory {absent}; expected a model directory with config.json, *.safetensors and tokenizer.json", LoadError(absent).Message);
            Assert.Equal($"{file} is a file; expected a model directory with config.json, *.safetensors and tokenizer.json", LoadError(file).Message);
            Assert.Equal(absent, LoadError(absent).Path);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    static ModelException LoadError(string directory) => Assert.Throws<ModelException>(() => ModelConfig.Load(directory));

    static ModelException Refused(params (string Key, string? Json)[] changes) =>
        Assert.Throws<ModelException>(() => ModelConfig.Parse(ConfigText.With(changes), "c.json"));
}
