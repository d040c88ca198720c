using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>Reads the dtypes as the header spells them, which is exactly: case matters, and other spellings are not read.</summary>
static class SafetensorsDataType
{
    static readonly byte[][] s_names = [.. Enum.GetValues<DataType>().Where(type => type.IsSafetensors()).Select(type => Encoding.ASCII.GetBytes(type.SafetensorsName()))];

    /// <summary>All of them, for messages.</summary>
    internal static string Known { get; } = string.Join(", ", s_names.Select(Encoding.ASCII.GetString).Order(StringComparer.Ordinal));

    internal static bool IsDefined(DataType type) => (uint)type < (uint)s_names.Length;

    internal static bool TryParse(ReadOnlySpan<byte> name, out DataType type)
    {
        for (int i = 0; i < s_names.Length; i++)
        {
            if (name.SequenceEqual(s_names[i]))
            {
                type = (DataType)i;
                return true;
            }
        }

        type = default;
        return false;
    }
}
