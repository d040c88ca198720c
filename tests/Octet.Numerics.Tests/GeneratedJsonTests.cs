using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Numerics.Tests;

/// <summary>Code that is generated at compile time, as trimmed and native programs have it, finds the converter too.</summary>
public partial class GeneratedJsonTests
{
    [Fact]
    public void A_generated_context_writes_and_reads_numbers()
    {
        var value = new Block([(Float8E4M3FN)448, (Float8E4M3FN)(-0.5)], (BFloat16)1.5, null);

        string json = JsonSerializer.Serialize(value, Context.Default.Block);

        Assert.Equal("""{"Codes":[448,-0.5],"Scale":1.5,"Rest":null}""", json);
        Block read = JsonSerializer.Deserialize(json, Context.Default.Block)!;
        Assert.Equal((value.Scale, value.Rest), (read.Scale, read.Rest));
        Assert.Equal(value.Codes, read.Codes);
    }

    [Fact]
    public void A_number_that_is_refused_is_told_with_its_place()
    {
        JsonException error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"Codes":[1,1e10]}""", Context.Default.Block));

        Assert.Equal("expected a number from -448 to 448 for Float8E4M3FN, found 1e10", error.Message);
        Assert.Equal("$.Codes[1]", error.Path);
    }

    internal sealed record Block(Float8E4M3FN[] Codes, BFloat16 Scale, Float4E2M1FN? Rest);

    [JsonSerializable(typeof(Block))]
    internal sealed partial class Context : JsonSerializerContext;
}
