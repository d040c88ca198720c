using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests.Fuzzing;

/// <summary>The valid files that mutations start from; between them they use every feature of the format.</summary>
static class FuzzSeeds
{
    // Before what is made of them: static members begin in the order of the text.
    static readonly string[] s_dtypes =
    [
        "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
        "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64",
    ];

    internal static byte[][] Files { get; } =
    [
        Bytes.Write(s_dtypes.Select(DataTypes.Parse).Select(type => new TensorSource($"layer.{type}", type, [2, 4], new byte[type.BitSize()]))),
        Bytes.Write(
        [
            new TensorSource("model.weight", DataType.Float8E4M3FN, [4, 6], Encoding.ASCII.GetBytes("0123456789abcdefghijklmn")),
            new TensorSource("model.weight_scale_inv", DataType.BFloat16, [1, 1], new byte[2]),
            new TensorSource("scalar", DataType.Float32, [], new byte[4]),
            new TensorSource("empty", DataType.Int64, [0, 3], ReadOnlyMemory<byte>.Empty),
            new TensorSource("packed", DataType.Float6E2M3FN, [4], new byte[3]) { Aliases = ["tied"] },
        ]),
        Bytes.Write([], new SafetensorsWriterOptions
        {
            Metadata = new Dictionary<string, string> { ["format"] = "pt", ["é\"\\\n\u0001漢\U0001F600"] = "\t\u2028", [""] = "", ["long"] = new('x', 300) },
        }),
        Bytes.File("{}"),
        Bytes.File("\t\n{ }\r "),
        Bytes.File("""{ "b" : { "data_offsets":[4,20], "shape" : [2,2], "dtype":"I32", "extra":{"deep":[[[{}]]]} }, "__metadata__":null, "\u0061":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", new byte[20]),
        Bytes.File("""{"z":{"dtype":"F4","shape":[2,0,9],"data_offsets":[0,0]},"y":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"BOOL","shape":[1,1,1,1,1,1,1,1],"data_offsets":[0,1]} , "__metadata__" : { "format":"pt" } }""", 1),
    ];

    /// <summary>Taken seldom: one costs as much as a hundred of the others.</summary>
    internal static byte[] LargeHeader { get; } = Bytes.Write(
        Enumerable.Range(0, 500).Select(i => new TensorSource($"model.layers.{i}.mlp.down_proj.weight_scale_inv", DataType.BFloat16, [1, i % 3], new byte[2 * (i % 3)])));
}
