using System.Diagnostics.CodeAnalysis;

namespace Octet.Numerics;

/// <summary>What a <see cref="DataType"/> is: its width, its names, and its .NET type.</summary>
public static class DataTypes
{
    // In the order of the enumeration: bits; the name in safetensors; other spellings (PyTorch, NumPy and ml_dtypes, MLIR). The enum's
    // own name is read too. Case, and "torch." before a name, do not matter.
    static readonly (int Bits, string Name, string[] Aliases)[] s_table =
    [
        (8, "BOOL", ["i1"]),
        (4, "F4", ["F4_E2M1", "float4_e2m1fn", "float4_e2m1fn_x2", "f4e2m1fn"]),
        (6, "F6_E2M3", ["float6_e2m3fn", "f6e2m3fn"]),
        (6, "F6_E3M2", ["float6_e3m2fn", "f6e3m2fn"]),
        (8, "U8", ["ui8", "byte"]),
        (8, "I8", ["si8", "sbyte"]),
        (8, "F8_E5M2", ["float8_e5m2", "f8e5m2"]),
        (8, "F8_E4M3", ["float8_e4m3fn", "f8_e4m3fn", "f8e4m3fn"]),
        (8, "F8_E8M0", ["float8_e8m0fnu", "f8_e8m0fnu", "f8e8m0fnu", "ue8m0"]),
        (8, "F8_E4M3FNUZ", ["float8_e4m3fnuz", "f8e4m3fnuz"]),
        (8, "F8_E5M2FNUZ", ["float8_e5m2fnuz", "f8e5m2fnuz"]),
        (16, "I16", ["short"]),
        (16, "U16", ["ui16"]),
        (16, "F16", ["half", "fp16"]),
        (16, "BF16", []),
        (32, "I32", ["int"]),
        (32, "U32", ["ui32"]),
        (32, "F32", ["float", "fp32"]),
        (64, "C64", ["cfloat"]),
        (64, "F64", ["double", "fp64"]),
        (64, "I64", ["long"]),
        (64, "U64", ["ui64"]),
    ];

    static readonly Dictionary<string, DataType> s_byName = NamesOfAll();

    extension(DataType type)
    {
        /// <summary>The width of one element in bits: 4 to 64. Elements of less than a byte are packed.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
        public int BitSize() => Row(type).Bits;

        /// <summary>The name in a safetensors header, such as <c>F8_E4M3</c>.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
        public string SafetensorsName() => Row(type).Name;

        /// <summary>Whether elements are real floating-point numbers; a complex number is not.</summary>
        public bool IsFloatingPoint() => type
            is DataType.Float4E2M1FN or DataType.Float6E2M3FN or DataType.Float6E3M2FN
            or DataType.Float8E5M2 or DataType.Float8E4M3FN or DataType.Float8E8M0FNU or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ
            or DataType.Float16 or DataType.BFloat16 or DataType.Float32 or DataType.Float64;
    }

    /// <summary>The type that has a name: that of safetensors, PyTorch (also behind <c>torch.</c>), NumPy, MLIR or this enumeration, in any case.</summary>
    /// <exception cref="FormatException">No type has this name.</exception>
    public static DataType Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryParse(name, out DataType type)
            ? type
            : throw new FormatException($"'{name}' is no data type: expected a name such as F8_E4M3, BF16, float32 or torch.float8_e4m3fn");
    }

    /// <summary>The type that has a name, as <see cref="Parse"/> reads it; false where no type has it.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, out DataType type)
    {
        const string Torch = "torch.";
        type = default;
        return name is not null
            && s_byName.TryGetValue(name.StartsWith(Torch, StringComparison.OrdinalIgnoreCase) ? name[Torch.Length..] : name, out type);
    }

    /// <summary>The type of tensors whose elements are of a .NET type.</summary>
    /// <typeparam name="T">One of <see cref="bool"/>, the integers of 8 to 64 bits, <see cref="Half"/>, <see cref="float"/>, <see cref="double"/>, and the types of this library.</typeparam>
    /// <exception cref="NotSupportedException">No tensor has elements of this type.</exception>
    public static DataType Of<T>()
        where T : unmanaged
    {
        return default(T) switch
        {
            bool => DataType.Bool,
            byte => DataType.UInt8,
            sbyte => DataType.Int8,
            Float8E5M2 => DataType.Float8E5M2,
            Float8E4M3FN => DataType.Float8E4M3FN,
            short => DataType.Int16,
            ushort => DataType.UInt16,
            Half => DataType.Float16,
            BFloat16 => DataType.BFloat16,
            int => DataType.Int32,
            uint => DataType.UInt32,
            float => DataType.Float32,
            double => DataType.Float64,
            long => DataType.Int64,
            ulong => DataType.UInt64,
            _ => throw new NotSupportedException($"{typeof(T).Name} is not the element type of a tensor"),
        };
    }

    static (int Bits, string Name, string[] Aliases) Row(DataType type) =>
        (uint)type < (uint)s_table.Length
            ? s_table[(int)type]
            : throw new ArgumentOutOfRangeException(nameof(type), type, "not a data type");

    static Dictionary<string, DataType> NamesOfAll()
    {
        var names = new Dictionary<string, DataType>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < s_table.Length; i++)
        {
            var type = (DataType)i;
            names.Add(s_table[i].Name, type);
            names.TryAdd(type.ToString(), type);
            foreach (string alias in s_table[i].Aliases)
            {
                names.TryAdd(alias, type);
            }
        }

        return names;
    }
}
