using CsCheck;
using Octet.Output;

namespace Octet.Tests.Conversations;

/// <summary>Reasoning and text of any format, cut into pieces of every length.</summary>
public class ReasoningTests
{
    [Theory]
    [InlineData("<think>\nWhy?\n</think>\n\nSo.", "So.", "Why?")]
    [InlineData("\n <think>a</think>b", "b", "a")]
    [InlineData("<think>\n\n</think>\n\nSo.", "So.", "")]
    [InlineData("<think>a\n\nb </think>\n  c", "  c", "a\n\nb")]
    [InlineData("<seed:think>a</seed:think>b", "b", "a")]
    [InlineData("[THINK]a[/THINK]b", "b", "a")]
    [InlineData("<|channel>thought\na\n<channel|>b", "b", "a")]
    [InlineData("<|START_THINKING|>a<|END_THINKING|>b", "b", "a")]
    [InlineData("<|inner_prefix|>a<|inner_suffix|>b", "b", "a")]
    [InlineData("So. <think>no</think>", "So. <think>no</think>", "")]
    [InlineData("<think>a</think>b<think>c</think>", "b<think>c</think>", "a")]
    [InlineData("<think>a</thought", "", "a</thought")]
    [InlineData("<think>a </thin", "", "a </thin")]
    [InlineData("<thi", "<thi", "")]
    [InlineData("  ", "  ", "")]
    [InlineData("", "", "")]
    public void Reasoning_is_a_block_at_the_beginning_however_the_text_is_cut(string text, string answer, string reasoning)
        => AssertSplit(null, text, answer, reasoning);

    [Theory]
    [InlineData("Why?\n</think>\n\nSo.", "So.", "Why?")]
    [InlineData("\n</think>So.", "So.", "")]
    [InlineData("never closed", "", "never closed")]
    [InlineData("<think>a</think>b", "b", "<think>a")]
    public void A_block_that_the_prompt_opened_is_gone_on_with(string text, string answer, string reasoning)
        => AssertSplit("</think>", text, answer, reasoning);

    [Fact]
    public void What_is_given_out_is_never_taken_back()
    {
        // Near misses all the time; the definition looks at the whole text.
        Gen<string> piece = Gen.Int[0, 6].Select(i => ((string[])["<think>", "</think>", "<", "/think>", "a", "\n", " "])[i]);
        Gen.Select(piece.Array[0, 12].Select(string.Concat), Gen.Bool).Sample(
            (text, open) =>
            {
                string start = open ? text : text.TrimStart();
                bool has = open || start.StartsWith("<think>", StringComparison.Ordinal);
                string block = has ? (open ? text : start["<think>".Length..]) : "";
                int close = block.IndexOf("</think>", StringComparison.Ordinal);
                string reasoning = has ? (close < 0 ? block : block[..close]).Trim() : "";
                string answer = !has ? text : close < 0 ? "" : block[(close + "</think>".Length)..].TrimStart('\n');
                return Enumerable.Range(1, 9).All(length => Split(open ? "</think>" : null, text, length) is var found && found.Answer == answer && found.Reasoning.TrimEnd() == reasoning);
            },
            iter: 20000);
    }

    static void AssertSplit(string? leftOpen, string text, string answer, string reasoning)
    {
        for (int length = 1; length <= text.Length + 1; length++)
        {
            Assert.Equal((answer, reasoning), Split(leftOpen, text, length));
        }
    }

    static (string Answer, string Reasoning) Split(string? leftOpen, string text, int length)
    {
        var parser = new OutputParser(OutputFormat.Plain, new OutputParserOptions(null, leftOpen, "", true, true));
        var collector = new OutputCollector();
        for (int at = 0; at < text.Length; at += length)
        {
            collector.Add(parser.Append(text.Substring(at, Math.Min(length, text.Length - at))));
        }

        collector.Add(parser.Complete());
        ChatTurn turn = collector.ToTurn();
        return (turn.Content!, turn.ReasoningContent ?? "");
    }
}
