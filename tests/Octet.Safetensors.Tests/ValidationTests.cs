namespace Octet.Safetensors.Tests;

public class ValidationTests
{
    static string Entry(string dtype = "U8", string shape = "[4]", string offsets = "[0,4]") =>
        $$"""{"dtype":"{{dtype}}","shape":{{shape}},"data_offsets":{{offsets}}}""";

    static string One(string entry) => $$"""{"t":{{entry}}}""";

    static SafetensorsException Refusal(string header, int dataLength = 4) => Bytes.Refusal(Bytes.File(header, new byte[dataLength]));

    [Fact]
    public void Of_two_faults_the_one_the_reference_finds_first_is_reported()
    {
        byte[] invalidUtf8 = [.. "{\""u8, 0xFF, .. "\"!"u8];
        byte[] beyondAndNotText = [9, 0, 0, 0, 0, 0, 0, 0, 0xFF];
        Assert.Equal(SafetensorsError.InvalidHeaderLength, Bytes.Refusal(beyondAndNotText).Error);
        Assert.Equal(SafetensorsError.InvalidHeader, Bytes.Refusal(Bytes.File(invalidUtf8)).Error);
        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Refusal(One(Entry("U9", offsets: "[1,5]")), 0).Error);
        Assert.Equal(SafetensorsError.InvalidOffset, Refusal(One(Entry("F4", "[18446744073709551615,3]", "[1,5]")), 0).Error);
        Assert.Equal(SafetensorsError.ValidationOverflow, Refusal(One(Entry("F4", "[18446744073709551615,3]")), 0).Error);
        Assert.Equal(SafetensorsError.MisalignedSlice, Refusal(One(Entry("F4", "[3]", "[0,9]")), 0).Error);
        Assert.Equal(SafetensorsError.TensorInvalidInfo, Refusal(One(Entry(shape: "[5]")), 0).Error);
        Assert.Equal(SafetensorsError.MetadataIncompleteBuffer, Refusal(One(Entry()), 0).Error);
    }

    [Theory]
    [InlineData("[4.0]")]
    [InlineData("[4e0]")]
    [InlineData("[-4]")]
    [InlineData("[-0]")]
    [InlineData("[18446744073709551616]")]
    [InlineData("[\"4\"]")]
    [InlineData("[null]")]
    [InlineData("[[4]]")]
    [InlineData("4")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[04]")]
    [InlineData("[4,]")]
    public void A_shape_is_an_array_of_whole_numbers(string shape) =>
        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Refusal(One(Entry(shape: shape))).Error);

    [Theory]
    [InlineData("[]")]
    [InlineData("[4]")]
    [InlineData("[0,2,4]")]
    [InlineData("[0,4.0]")]
    [InlineData("[0,-4]")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Offsets_are_two_whole_numbers(string offsets) =>
        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Refusal(One(Entry(offsets: offsets))).Error);

    [Theory]
    [InlineData("""{"t":{"shape":[4],"data_offsets":[0,4]}}""", "no dtype")]
    [InlineData("""{"t":{"dtype":"U8","data_offsets":[0,4]}}""", "no shape")]
    [InlineData("""{"t":{"dtype":"U8","shape":[4]}}""", "no data_offsets")]
    [InlineData("""{"t":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "two fields dtype")]
    [InlineData("""{"t":{"dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4]}}""", "two fields shape")]
    [InlineData("""{"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"data_offsets":[0,4]}}""", "two fields data_offsets")]
    [InlineData("""{"t":{"dtype":8,"shape":[4],"data_offsets":[0,4]}}""", "needs a dtype in quotes")]
    [InlineData("""{"t":{"dtype":"u8","shape":[4],"data_offsets":[0,4]}}""", "'u8'")]
    [InlineData("""{"t":["U8",[4],[0,4]]}""", "needs an object")]
    public void An_entry_has_each_field_once_and_of_its_kind(string header, string says)
    {
        SafetensorsException refused = Refusal(header);

        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, refused.Error);
        Assert.Equal("t", refused.TensorName);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"{}\"")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{}{}")]
    [InlineData("{}x")]
    [InlineData("{}\0\0")]
    [InlineData("{} \0")]
    [InlineData("\uFEFF{}")]
    [InlineData("{/**/}")]
    [InlineData("{'a':1}")]
    [InlineData("{,}")]
    [InlineData("{\"\\ud800\":{}}")]
    [InlineData("{\"__metadata__\":{\"a\":1}}")]
    [InlineData("{\"__metadata__\":{\"a\":null}}")]
    [InlineData("{\"__metadata__\":[]}")]
    [InlineData("{\"__metadata__\":{\"a\":\"\\udc00\"}}")]
    [InlineData("{\"__metadata__\":{\"a\":\"b\"}")]
    public void What_is_not_a_header_is_refused(string header) =>
        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Refusal(header, 0).Error);

    [Fact]
    public void Depth_is_limited()
    {
        static string Nested(int depth) =>
            One(Entry()[..^1] + ",\"x\":" + new string('[', depth) + new string(']', depth) + "}");

        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Refusal(Nested(100_000)).Error);
        Assert.Single(SafetensorsFile.Parse(Bytes.File(Nested(100), new byte[4]), "f").Tensors);
    }

    [Fact]
    public void Unknown_fields_of_an_entry_are_ignored()
    {
        string header = """{"t":{"note":{"a":[1,null,"x"]},"dtype":"U8","strides":[1],"shape":[4],"data_offsets":[0,4]}}""";

        TensorView tensor = SafetensorsFile.Parse(Bytes.File(header, 1, 2, 3, 4), "f")["t"];

        Assert.Equal([1, 2, 3, 4], tensor.Bytes.ToArray());
    }

    [Fact]
    public void Equal_names_are_named()
    {
        SafetensorsException tensors = Refusal($$"""{"a":{{Entry()}},"\u0061":{{Entry(offsets: "[4,8]")}}}""", 8);
        SafetensorsException metadata = Refusal("""{"__metadata__":{"k":"1","k":"2"}}""", 0);
        SafetensorsException metadataTwice = Refusal("""{"__metadata__":{},"__metadata__":{}}""", 0);

        Assert.Equal((SafetensorsError.DuplicateName, "a"), (tensors.Error, tensors.TensorName));
        Assert.Contains("'k'", metadata.Message, StringComparison.Ordinal);
        Assert.Equal(SafetensorsError.DuplicateName, metadata.Error);
        Assert.Equal(SafetensorsError.DuplicateName, metadataTwice.Error);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"__metadata__":null}""")]
    [InlineData("""{"__metadata__":{}}""")]
    public void Metadata_may_be_absent_null_or_empty(string header) =>
        Assert.Empty(SafetensorsFile.Parse(Bytes.File(header), "f").Metadata);

    [Theory]
    [InlineData("[1,5]", "[5,9]", 9, "'a' begins at 1, the tensor before it ends at 0")]
    [InlineData("[0,4]", "[5,9]", 9, "'b' begins at 5, the tensor before it ends at 4")]
    [InlineData("[0,4]", "[3,7]", 7, "'b' begins at 3, the tensor before it ends at 4")]
    [InlineData("[0,4]", "[4,3]", 8, "'b' ends at 3, before its begin at 4")]
    public void Gaps_overlaps_and_reversed_ranges_are_refused(string first, string second, int dataLength, string says)
    {
        SafetensorsException refused = Refusal($$"""{"b":{{Entry(offsets: second)}},"a":{{Entry(offsets: first)}}}""", dataLength);

        Assert.Equal(SafetensorsError.InvalidOffset, refused.Error);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_are_listed_by_offset_whatever_the_order_of_the_header()
    {
        string header = $$"""
            {"c":{{Entry(shape: "[0]", offsets: "[8,8]")}},"b":{{Entry(offsets: "[4,8]")}},"e":{{Entry(shape: "[0,7]", offsets: "[0,0]")}},"a":{{Entry()}},"d":{{Entry(shape: "[0]", offsets: "[8,8]")}}}
            """;

        SafetensorsFile file = SafetensorsFile.Parse(Bytes.File(header, new byte[8]), "f");

        Assert.Equal(["e", "a", "b", "c", "d"], file.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void A_dimension_of_zero_makes_any_other_dimension_harmless()
    {
        string header = One(Entry(shape: "[9223372036854775807,0]", offsets: "[0,0]"));

        TensorView tensor = SafetensorsFile.Parse(Bytes.File(header), "f")["t"];

        Assert.Equal((0, 0), (tensor.ElementCount, tensor.ByteLength));
        Assert.Equal(SafetensorsError.ValidationOverflow, Refusal(One(Entry(shape: "[9223372036854775807,3,0]", offsets: "[0,0]")), 0).Error);
    }

    [Fact]
    public void Offsets_at_the_end_of_the_number_range_do_not_wrap()
    {
        // Eight tensors of 2^61 - 1 bytes end at 2^64 - 8; with the header the promised length passes 2^64.
        const ulong Size = (1UL << 61) - 1;
        string header = "{" + string.Join(",", Enumerable.Range(0, 8).Select(i =>
            $"\"{i}\":" + Entry(shape: $"[{Size}]", offsets: $"[{(ulong)i * Size},{(ulong)(i + 1) * Size}]"))) + "}";

        SafetensorsException refused = Refusal(header, 0);

        Assert.Equal(SafetensorsError.MetadataIncompleteBuffer, refused.Error);
    }

    [Fact]
    public void A_truncated_file_says_how_many_bytes_are_missing()
    {
        string header = One(Entry(shape: "[1000]", offsets: "[0,1000]"));
        int whole = 8 + header.Length + 1000;

        SafetensorsException refused = Refusal(header, 400);

        Assert.Equal($"f: the file is 600 bytes short (the header promises {whole}, the file has {whole - 600}): download it again", refused.Message);
        Assert.Equal("f", refused.FilePath);
    }

    [Fact]
    public void A_file_with_something_appended_says_how_much()
    {
        string header = One(Entry());
        int whole = 8 + header.Length + 4;

        SafetensorsException refused = Refusal(header, 7);

        Assert.Equal($"f: the file is 3 bytes too long (the header promises {whole}, the file has {whole + 3}): download it again", refused.Message);
    }

    [Fact]
    public void Names_from_a_file_cannot_break_a_message_into_lines()
    {
        string header = $$"""{"a\nb\u2028\u001b[2J{{new string('x', 5000)}}":{{Entry(shape: "[5]")}}}""";

        SafetensorsException refused = Refusal(header);

        Assert.DoesNotContain(refused.Message, unit => char.IsControl(unit) || unit == '\u2028');
        Assert.True(refused.Message.Length < 500);
    }
}
