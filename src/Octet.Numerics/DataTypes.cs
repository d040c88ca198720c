using System.Diagnostics.CodeAnalysis;

namespace Octet.Numerics;

/// <summary>What a <see cref="DataType"/> is: its width, its names, and its .NET type.</summary>
public static class DataTypes
{
    // In the order of the enumeration: bits; the name in safetensors, if it has one; other spellings (PyTorch, NumPy and ml_dtypes, MLIR,
    // ONNX, Nx, vLLM). The enum's own name is read too. Case, and "torch.", "np.", "jnp." or "tl." before a name, do not matter. "f8" is no
    // name: it is E5M2 to Nx and float64 to NumPy.
    static readonly (int Bits, string? Name, string[] Aliases)[] s_table =
    [
        (8, "BOOL", ["bool_", "boolean", "i1", "pred"]),
        (4, "F4", ["F4_E2M1", "float4_e2m1fn", "float4_e2m1fn_x2", "float4_e2m1", "f4e2m1fn", "f4_e2m1fn", "fp4_e2m1", "fp4", "e2m1", "mxfp4"]),
        (6, "F6_E2M3", ["float6_e2m3fn", "float6_e2m3", "f6e2m3fn", "f6_e2m3fn", "fp6_e2m3", "e2m3"]),
        (6, "F6_E3M2", ["float6_e3m2fn", "float6_e3m2", "f6e3m2fn", "f6_e3m2fn", "fp6_e3m2", "e3m2"]),
        (8, "U8", ["ui8", "byte"]),
        (8, "I8", ["s8", "si8", "sbyte", "char"]),
        (8, "F8_E5M2", ["float8_e5m2", "f8e5m2", "fp8_e5m2", "fp8e5", "float8e5", "e5m2"]),
        (8, "F8_E4M3", ["float8_e4m3fn", "f8_e4m3fn", "f8e4m3fn", "fp8_e4m3fn", "fp8_e4m3", "fp8e4nv", "float8e4nv", "e4m3fn"]),
        (8, "F8_E8M0", ["float8_e8m0fnu", "float8_e8m0", "f8_e8m0fnu", "f8e8m0fnu", "fp8_e8m0", "e8m0fnu", "e8m0", "ue8m0"]),
        (8, "F8_E4M3FNUZ", ["float8_e4m3fnuz", "f8_e4m3fnuz", "f8e4m3fnuz", "fp8_e4m3fnuz", "fp8e4b8", "float8e4b8", "e4m3fnuz"]),
        (8, "F8_E5M2FNUZ", ["float8_e5m2fnuz", "f8_e5m2fnuz", "f8e5m2fnuz", "fp8_e5m2fnuz", "fp8e5b16", "float8e5b16", "e5m2fnuz"]),
        (16, "I16", ["s16", "si16", "short"]),
        (16, "U16", ["ui16", "ushort"]),
        (16, "F16", ["half", "fp16"]),
        (16, "BF16", ["bfloat"]),
        (32, "I32", ["s32", "si32", "int"]),
        (32, "U32", ["ui32", "uint"]),
        (32, "F32", ["float", "fp32", "single"]),
        (64, "C64", ["cfloat", "complex<f32>"]),
        (64, "F64", ["double", "fp64"]),
        (64, "I64", ["s64", "si64", "long"]),
        (64, "U64", ["ui64", "ulong"]),
        (8, null, ["float8_e4m3", "f8e4m3", "e4m3"]),
        (8, null, ["float8_e3m4", "f8_e3m4", "f8e3m4", "e3m4"]),
        (8, null, ["float8_e4m3b11fnuz", "float8_e4m3b11", "f8_e4m3b11fnuz", "f8e4m3b11fnuz", "fp8e4b15", "e4m3b11fnuz"]),
    ];

    static readonly string[] s_prefixes = ["torch.", "numpy.", "np.", "jnp.", "ml_dtypes.", "tl."];

    static readonly Dictionary<string, DataType> s_byName = NamesOfAll();

    extension(DataType type)
    {
        /// <summary>The width of one element in bits: 4 to 64. Elements of less than a byte are packed.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
        public int BitSize() => Row(type).Bits;

        /// <summary>The name in a safetensors header, such as <c>F8_E4M3</c>.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
        /// <exception cref="NotSupportedException">The safetensors format does not have the type.</exception>
        public string SafetensorsName() =>
            Row(type).Name ?? throw new NotSupportedException($"safetensors has no data type for {type}: convert to one that it has, such as {DataType.Float8E4M3FN}");

        /// <summary>Whether the safetensors format has the type.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
        public bool IsSafetensors() => Row(type).Name is not null;

        /// <summary>Whether elements are real floating-point numbers; a complex number is not.</summary>
        public bool IsFloatingPoint() => type
            is DataType.Float8E4M3 or DataType.Float8E3M4 or DataType.Float8E4M3B11FNUZ or DataType.Float4E2M1FN or DataType.Float6E2M3FN or DataType.Float6E3M2FN
            or DataType.Float8E5M2 or DataType.Float8E4M3FN or DataType.Float8E8M0FNU or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ
            or DataType.Float16 or DataType.BFloat16 or DataType.Float32 or DataType.Float64;
    }

    /// <summary>The type that has a name: that of safetensors, PyTorch (also behind <c>torch.</c>), NumPy and ml_dtypes, MLIR, ONNX, Nx, Triton or this enumeration, in any case.</summary>
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
        type = default;
        string? prefix = s_prefixes.FirstOrDefault(prefix => name is not null && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
        return name is not null && s_byName.TryGetValue(name[(prefix?.Length ?? 0)..], out type);
    }

    /// <summary>The type of tensors whose elements are of a .NET type.</summary>
    /// <typeparam name="T">One of <see cref="bool"/>, the integers of 8 to 64 bits, <see cref="Half"/>, <see cref="float"/>, <see cref="double"/>, and the types of this library.</typeparam>
    /// <exception cref="NotSupportedException">No tensor has elements of this type.</exception>
    public static DataType Of<T>()
        where T : unmanaged => TryOf<T>(out DataType type)
            ? type
            : throw new NotSupportedException($"{typeof(T).Name} is not the element type of a tensor");

    /// <summary>The type of tensors whose elements are of a .NET type, as <see cref="Of{T}"/> knows them; false where there is none.</summary>
    public static bool TryOf<T>(out DataType type)
        where T : unmanaged
    {
        DataType? known = default(T) switch
        {
            bool => DataType.Bool,
            byte => DataType.UInt8,
            sbyte => DataType.Int8,
            Float4E2M1FN => DataType.Float4E2M1FN,
            Float6E2M3FN => DataType.Float6E2M3FN,
            Float6E3M2FN => DataType.Float6E3M2FN,
            Float8E5M2 => DataType.Float8E5M2,
            Float8E4M3FN => DataType.Float8E4M3FN,
            Float8E8M0FNU => DataType.Float8E8M0FNU,
            Float8E4M3FNUZ => DataType.Float8E4M3FNUZ,
            Float8E5M2FNUZ => DataType.Float8E5M2FNUZ,
            Float8E4M3 => DataType.Float8E4M3,
            Float8E3M4 => DataType.Float8E3M4,
            Float8E4M3B11FNUZ => DataType.Float8E4M3B11FNUZ,
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
            _ => null,
        };
        type = known ?? default;
        return known is not null;
    }

    static (int Bits, string? Name, string[] Aliases) Row(DataType type) =>
        (uint)type < (uint)s_table.Length
            ? s_table[(int)type]
            : throw new ArgumentOutOfRangeException(nameof(type), type, "not a data type");

    static Dictionary<string, DataType> NamesOfAll()
    {
        var names = new Dictionary<string, DataType>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < s_table.Length; i++)
        {
            var type = (DataType)i;
            names.Add(type.ToString(), type);
            foreach (string alias in s_table[i].Aliases)
            {
                names.Add(alias, type);
            }

            if (s_table[i].Name is { } name)
            {
                names.TryAdd(name, type);
            }
        }

        return names;
    }
}
