using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary>What is not text in the encoding that it claims is refused wherever text is read; a byte-order mark is accepted everywhere.</summary>
public sealed class TextInputTests : IDisposable
{
    static readonly Encoding[] s_marked = [new UTF8Encoding(true), new UnicodeEncoding(bigEndian: false, byteOrderMark: true), new UnicodeEncoding(bigEndian: true, byteOrderMark: true)];

    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    /// <summary>Every place that reads text, and what it takes as a text: the arguments with FILE, or null for the standard input; what goes round the text.</summary>
    public static TheoryData<string, string, string> Places => new()
    {
        { "run MODEL - --temperature 0 --max-tokens 1", "", "" },
        { "run MODEL - --raw --temperature 0 --max-tokens 1", "", "" },
        { "chat MODEL --temperature 0 --max-tokens 1", "first\n", "\n" },
        { "score MODEL --file -", "", "" },
        { "score MODEL --file FILE", "", "" },
        { "compare MODEL MODEL --file FILE", "", "" },
        { "compare MODEL MODEL --prompts FILE", "{\"text\":\"", "\"}\n" },
        { "tokenize MODEL", "{\"text\":\"", "\"}\n" },
        { "tokenize MODEL --file FILE", "{\"text\":\"", "\"}\n" },
    };

    public static TheoryData<string, string, string> PlacesAndQuantize => new(Places.Select(row => row.Data).Append(("quantize MODEL OUT --kv-cache FILE", "", "")));

    [Theory]
    [MemberData(nameof(PlacesAndQuantize))]
    public void Text_in_another_code_page_is_refused_where_it_is_read(string arguments, string before, string after)
    {
        ToolResult windows = Run(arguments, [.. Encoding.UTF8.GetBytes(before), .. "Caf"u8, 0xE9, .. Encoding.UTF8.GetBytes(after)]);
        ToolResult unmarked = Run(arguments, new UnicodeEncoding(false, false).GetBytes($"{before}Caf\u00E9{after}"));

        foreach (ToolResult result in (ToolResult[])[windows, unmarked])
        {
            Assert.Equal(1, result.ExitCode);
            Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
            Assert.Contains("UTF-8", result.Error, StringComparison.Ordinal);
            Assert.Contains("convert it", result.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("\uFFFD", result.Output + result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_byte_order_mark_is_accepted_wherever_text_is_read(string arguments, string before, string after)
    {
        string plain = Comparable(Run(arguments, Encoding.UTF8.GetBytes($"{before}Caf\u00E9{after}")));
        foreach (Encoding encoding in (Encoding[])[s_marked[0], s_marked[1 + arguments.Length % 2]])
        {
            Assert.Equal(plain, Comparable(Run(arguments, [.. encoding.GetPreamble(), .. encoding.GetBytes($"{before}Caf\u00E9{after}")])));
        }
    }

    [Fact]
    public void The_text_that_a_cache_is_scaled_by_may_have_a_mark()
    {
        byte[] Scaled(byte[] text)
        {
            using var directory = new TemporaryDirectory();
            string file = Path.Combine(directory.Path, "text.txt");
            string output = Path.Combine(directory.Path, "out");
            File.WriteAllBytes(file, text);
            Assert.Equal(0, OctetTool.Run("quantize", Path.Combine(Fixtures.Repository, "models", "octet-tiny-bf16"), output, "--kv-cache", file).ExitCode);
            return File.ReadAllBytes(Path.Combine(output, "model.safetensors"));
        }

        byte[] plain = Scaled("Caf\u00E9"u8.ToArray());
        Assert.Equal(plain, Scaled([.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes("Caf\u00E9")]));
        Assert.NotEqual(plain, Scaled("Cafe"u8.ToArray()));
    }

    [Theory]
    [InlineData("latin1.txt")]
    [InlineData("gbk.txt")]
    public void The_reported_prompts_are_refused(string name)
    {
        byte[] prompt = File.ReadAllBytes(Fixtures.Case("text", "07-prompt-not-utf8", name));

        AssertError(Run("run MODEL - --max-tokens 1", prompt), 1, "standard input, line 1", "it is not UTF-8");
        AssertError(Run("chat MODEL --max-tokens 1", prompt), 1, "standard input, line 1", "it is not UTF-8");
    }

    [Fact]
    public void A_chat_answers_the_lines_before_the_one_that_is_no_text()
    {
        ToolResult result = Run("chat MODEL --logit-bias 65=100 --temperature 0 --max-tokens 2", [.. "one\ntwo\n"u8, 0xC4, 0xE3, (byte)'\n', .. "four\n"u8]);

        Assert.Equal("AA\nAA\n", result.Output);
        Assert.Contains("standard input, line 3", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void A_saved_conversation_may_have_a_mark_and_must_be_text()
    {
        const string Saved = """{"messages":[{"role":"user","content":"é"},{"role":"assistant","content":"a"}]}""";
        string file = Path.Combine(_model.Path, "saved.json");
        string again = Path.Combine(_model.Path, "again.json");
        foreach (Encoding encoding in s_marked)
        {
            File.WriteAllText(file, Saved, encoding);
            Assert.Equal("", Run("chat MODEL", Encoding.UTF8.GetBytes($"/load {file}\n/save {again}\n")).Error);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Saved), JsonNode.Parse(File.ReadAllText(again))));
        }

        File.WriteAllBytes(file, Encoding.Latin1.GetBytes(Saved));
        ToolResult refused = Run("chat MODEL", Encoding.UTF8.GetBytes($"/load {file}\n"));
        Assert.Contains($"{file}, line 1: it is not UTF-8", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);

        File.WriteAllText(file, """{"messages":[{"role":"user","role":"user","content":"é"}]}""");
        Assert.Contains("a key occurs twice", Run("chat MODEL", Encoding.UTF8.GetBytes($"/load {file}\n")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Utf_32_is_refused_by_its_name()
    {
        AssertError(Run("run MODEL -", [0xFF, 0xFE, 0, 0, (byte)'a', 0, 0, 0]), 1, "it is UTF-32");
        AssertError(Run("run MODEL -", [0, 0, 0xFE, 0xFF, 0, 0, 0, (byte)'a']), 1, "it is UTF-32");
    }

    [Fact]
    public void What_is_endless_and_no_text_is_refused_at_its_beginning()
    {
        if (!File.Exists("/dev/zero"))
        {
            Assert.Skip("there is no /dev/zero");
        }

        AssertError(OctetTool.Run("score", _model.Path, "--file", "/dev/zero"), 1, "a NUL byte");
    }

    [Fact]
    public void An_argument_in_another_code_page_is_refused_and_the_replacement_character_is_not()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux shows the bytes of the arguments");
        }

        AssertError(Shell("score \"$MODEL\" --text \"$(printf 'Caf\\351')\""), 2, "argument 4 is not text");
        Assert.Equal("", Shell("score \"$MODEL\" --text \"$(printf 'Caf\\357\\277\\275')\"").Error);
    }

    /// <summary>The output, without what differs from run to run.</summary>
    static string Comparable(ToolResult result)
    {
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return result.Output;
    }

    ToolResult Run(string arguments, byte[] text)
    {
        string file = Path.Combine(_model.Path, "text.txt");
        File.WriteAllBytes(file, text);
        string output = Path.Combine(_model.Path, "out");
        return OctetTool.Run(
            [.. arguments.Split(' ').Select(word => word switch { "MODEL" => _model.Path, "FILE" => file, "OUT" => output, _ => word })],
            arguments.Contains("FILE", StringComparison.Ordinal) ? [] : text);
    }

    ToolResult Shell(string arguments) => RunShell(arguments, ("MODEL", _model.Path));
}
