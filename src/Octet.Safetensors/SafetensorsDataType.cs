using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>The dtypes as the header spells them (<c>safetensors/src/tensor.rs</c>, <c>Dtype</c>), and their sizes.</summary>
static class SafetensorsDataType
{
    static readonly (string Name, int BitSize)[] s_table =
    [
        ("BOOL", 8),
        ("F4", 4),
        ("F6_E2M3", 6),
        ("F6_E3M2", 6),
        ("U8", 8),
        ("I8", 8),
        ("F8_E5M2", 8),
        ("F8_E4M3", 8),
        ("F8_E8M0", 8),
        ("F8_E4M3FNUZ", 8),
        ("F8_E5M2FNUZ", 8),
        ("I16", 16),
        ("U16", 16),
        ("F16", 16),
        ("BF16", 16),
        ("I32", 32),
        ("U32", 32),
        ("F32", 32),
        ("C64", 64),
        ("F64", 64),
        ("I64", 64),
        ("U64", 64),
    ];

    static readonly byte[][] s_utf8Names = [.. s_table.Select(row => System.Text.Encoding.ASCII.GetBytes(row.Name))];

    internal static string Name(DataType type) => s_table[(int)type].Name;

    internal static int BitSize(DataType type) => s_table[(int)type].BitSize;

    internal static bool IsDefined(DataType type) => (uint)type < (uint)s_table.Length;

    internal static bool TryParse(ReadOnlySpan<byte> name, out DataType type)
    {
        for (int i = 0; i < s_utf8Names.Length; i++)
        {
            if (name.SequenceEqual(s_utf8Names[i]))
            {
                type = (DataType)i;
                return true;
            }
        }

        type = default;
        return false;
    }
}
