using System.Text;
using System.Text.Json;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>Where in the text tokens come from, against the reference implementation. The vectors are made by <c>make-offsets.cjs</c> beside them.</summary>
public class OffsetVectorTests
{
    [Fact]
    public void Places_are_those_of_the_reference()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (string line in File.ReadLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", "offset-vectors.jsonl")).Skip(1))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            string family = row.GetProperty("family").GetString()!;
            string text = row.GetProperty("text").GetString()!;
            TokenEncoding encoding = Family.Load(family).EncodeWithOffsets(text);
            int[] places = Places(text);
            Range[] expected = [.. row.GetProperty("offsets").EnumerateArray().Select(pair => places[pair[0].GetInt32()]..places[pair[1].GetInt32()])];
            rows++;
            if (!encoding.Ids.SequenceEqual(Family.Ids(row.GetProperty("ids"))) || !encoding.Offsets.SequenceEqual(expected))
            {
                wrong.Add($"{family} {JsonSerializer.Serialize(text)}: {string.Join(' ', encoding.Offsets)} for {string.Join(' ', expected)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {rows}: {string.Join('\n', wrong)}");
    }

    /// <summary>Characters as the reference counts them to those of a string.</summary>
    static int[] Places(string text)
    {
        List<int> places = [0];
        foreach (Rune rune in text.EnumerateRunes())
        {
            places.Add(places[^1] + rune.Utf16SequenceLength);
        }

        return [.. places];
    }
}
