using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>The string methods that ask Unicode, of every code point of Unicode 14.0: <c>unicode-14.json</c> is made by <c>make-unicode-14.py</c> beside it.</summary>
public class UnicodeTests
{
    static readonly JsonNode s_expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", "ChatTemplates", "unicode-14.json")))!;

    public static TheoryData<string> Methods => [.. s_expected["hashes"]!.AsObject().Select(static pair => pair.Key)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_string_method_says_of_every_code_point_what_Python_says(string method)
    {
        RenderState state = new("", new ChatTemplateOptions { MaxSteps = long.MaxValue });
        Operation operation = StringMethods.Table[method];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int[] ends = [.. s_expected["assigned"]!.AsArray().Select(static end => (int)end!)];
        StringBuilder answers = new();
        for (int range = 0; range < ends.Length; range += 2)
        {
            for (int point = ends[range]; point <= ends[range + 1]; point++)
            {
                object? made = operation.Invoke(state, method, char.ConvertFromUtf32(point), Arguments.None);
                answers.Append(made is bool truth ? truth ? "1" : "0" : (string)made!).Append('\n');
            }

            hash.AppendData(Encoding.UTF8.GetBytes(answers.ToString()));
            answers.Clear();
        }

        Assert.Equal((string)s_expected["hashes"]![method]!, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
