using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.IO;

/// <summary>Rows of float32 as a file that appears whole or not at all: NumPy's <c>.npy</c>, or safetensors.</summary>
static class MatrixFile
{
    internal const string Numpy = ".npy";

    // Of the header: NumPy wants the numbers behind it aligned.
    const int Alignment = 64;

    internal static bool IsKnown(string path) => Path.GetExtension(path) is Numpy or ".safetensors";

    internal static void Write(string path, string tensor, IReadOnlyList<float[]> rows, int columns, CancellationToken cancellationToken)
    {
        if (Path.GetExtension(path) != Numpy)
        {
            var matrix = new TensorSource(tensor, DataType.Float32, [rows.Count, columns], stream => WriteRows(stream, rows));
            SafetensorsWriter.Write(path, [matrix], null, cancellationToken);
            return;
        }

        AtomicOutput.Write(path, stream =>
        {
            stream.Write(Header(rows.Count, columns));
            WriteRows(stream, rows);
        });
    }

    static void WriteRows(Stream stream, IReadOnlyList<float[]> rows)
    {
        foreach (float[] row in rows)
        {
            stream.Write(MemoryMarshal.AsBytes<float>(row));
        }
    }

    /// <summary>Version 1.0: magic, the length of a Python dictionary, and that, blanks up to a line feed.</summary>
    static byte[] Header(int rows, int columns)
    {
        const int Fixed = 10;
        string dictionary = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        int length = ((Fixed + dictionary.Length + 1 + Alignment - 1) / Alignment * Alignment) - Fixed;
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)length, (byte)(length >> 8), .. Encoding.ASCII.GetBytes(dictionary.PadRight(length - 1)), (byte)'\n'];
    }
}
