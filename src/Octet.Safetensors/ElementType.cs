using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>By which .NET types a tensor's elements may be read in place.</summary>
static class ElementType
{
    /// <summary>Whether <typeparamref name="T"/> is the element's own type, or the unsigned integer of its width.</summary>
    internal static unsafe bool Holds<T>(DataType type)
        where T : unmanaged
    {
        if (sizeof(T) * 8 != type.BitSize())
        {
            return false;
        }

        if (typeof(T) == typeof(byte) || typeof(T) == typeof(ushort) || typeof(T) == typeof(uint) || typeof(T) == typeof(ulong))
        {
            return true;
        }

        return DataTypes.TryOf<T>(out DataType own) && own == type;
    }

    /// <summary>The end of a message: how elements of this type are read.</summary>
    internal static string Advice(DataType type) => type.BitSize() switch
    {
        8 => "Byte reads its bits",
        16 => "UInt16 reads its bits",
        32 => "UInt32 reads its bits",
        64 => "UInt64 reads its bits",
        _ => "its elements are smaller than a byte, read Bytes",
    };
}
