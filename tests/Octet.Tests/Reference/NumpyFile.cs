using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Octet.Tests.Reference;

/// <summary>Arrays of float32 in NumPy's <c>.npz</c>, a zip of <c>.npy</c> files (version 1.0).</summary>
static partial class NumpyFile
{
    internal static (int[] Shape, float[] Values) Read(string path, string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using Stream stream = archive.GetEntry(name + ".npy")!.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        ReadOnlySpan<byte> bytes = copy.ToArray();
        int header = bytes[8] | (bytes[9] << 8);
        string text = Encoding.ASCII.GetString(bytes.Slice(10, header));
        Assert.Contains("'<f4', 'fortran_order': False", text, StringComparison.Ordinal);
        int[] shape = [.. Number().Matches(Shape().Match(text).Value).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture))];
        return (shape, MemoryMarshal.Cast<byte, float>(bytes[(10 + header)..]).ToArray());
    }

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex Shape();

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();
}
