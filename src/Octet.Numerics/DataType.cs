namespace Octet.Numerics;

/// <summary>
/// The element types of tensors, spelled as MLIR and ONNX spell them. The order is that of the safetensors format
/// (<c>safetensors/src/tensor.rs</c>, <c>Dtype</c>), by rising alignment, which fixes the order of tensors in a written file; types
/// that the format does not have come last.
/// </summary>
public enum DataType
{
    /// <summary>One byte, 0 or 1. safetensors: <c>BOOL</c>.</summary>
    Bool,

    /// <summary>4-bit float, 1-2-1, two to a byte. safetensors: <c>F4</c>.</summary>
    Float4E2M1FN,

    /// <summary>6-bit float, 1-2-3, packed. safetensors: <c>F6_E2M3</c>.</summary>
    Float6E2M3FN,

    /// <summary>6-bit float, 1-3-2, packed. safetensors: <c>F6_E3M2</c>.</summary>
    Float6E3M2FN,

    /// <summary>Unsigned byte. safetensors: <c>U8</c>.</summary>
    UInt8,

    /// <summary>Signed byte. safetensors: <c>I8</c>.</summary>
    Int8,

    /// <summary>8-bit float, 1-5-2, with infinities. safetensors: <c>F8_E5M2</c>.</summary>
    Float8E5M2,

    /// <summary>8-bit float, 1-4-3, finite (OCP E4M3). safetensors: <c>F8_E4M3</c>.</summary>
    Float8E4M3FN,

    /// <summary>8-bit power of two, the scale of microscaled formats. safetensors: <c>F8_E8M0</c>.</summary>
    Float8E8M0FNU,

    /// <summary>8-bit float, 1-4-3, bias 8, no negative zero. safetensors: <c>F8_E4M3FNUZ</c>.</summary>
    Float8E4M3FNUZ,

    /// <summary>8-bit float, 1-5-2, bias 16, no negative zero. safetensors: <c>F8_E5M2FNUZ</c>.</summary>
    Float8E5M2FNUZ,

    /// <summary>Signed 16-bit integer. safetensors: <c>I16</c>.</summary>
    Int16,

    /// <summary>Unsigned 16-bit integer. safetensors: <c>U16</c>.</summary>
    UInt16,

    /// <summary>IEEE half precision. safetensors: <c>F16</c>.</summary>
    Float16,

    /// <summary>The upper half of a float32. safetensors: <c>BF16</c>.</summary>
    BFloat16,

    /// <summary>Signed 32-bit integer. safetensors: <c>I32</c>.</summary>
    Int32,

    /// <summary>Unsigned 32-bit integer. safetensors: <c>U32</c>.</summary>
    UInt32,

    /// <summary>IEEE single precision. safetensors: <c>F32</c>.</summary>
    Float32,

    /// <summary>Two float32, real and imaginary. safetensors: <c>C64</c>.</summary>
    Complex64,

    /// <summary>IEEE double precision. safetensors: <c>F64</c>.</summary>
    Float64,

    /// <summary>Signed 64-bit integer. safetensors: <c>I64</c>.</summary>
    Int64,

    /// <summary>Unsigned 64-bit integer. safetensors: <c>U64</c>.</summary>
    UInt64,

    /// <summary>8-bit float, 1-4-3, as IEEE 754 would have it. Not a type of safetensors.</summary>
    Float8E4M3,

    /// <summary>8-bit float, 1-3-4, as IEEE 754 would have it. Not a type of safetensors.</summary>
    Float8E3M4,

    /// <summary>8-bit float, 1-4-3, bias 11, no negative zero. Not a type of safetensors.</summary>
    Float8E4M3B11FNUZ,
}
