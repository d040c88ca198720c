using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Octet.Numerics;

namespace Octet.Safetensors.Tests.Fuzzing;

/// <summary>Files of the format, damaged: first what the header says, then its bytes, its length and the file's end.</summary>
static partial class FileMutator
{
    const int MaxRepairedData = 1 << 16;

    internal static byte[] Mutate(Random random)
    {
        byte[] seed = random.Next(256) == 0 ? FuzzSeeds.LargeHeader : FuzzSeeds.Files[random.Next(FuzzSeeds.Files.Length)];
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(seed);
        string header = Encoding.UTF8.GetString(seed, 8, length);
        byte[] data = seed[(8 + length)..];
        int changes = random.Next(4);
        for (int i = 0; i < changes; i++)
        {
            header = JsonMutator.Mutate(header, random);
        }

        if (changes > 0 && random.Next(2) == 0)
        {
            Repair(ref header, ref data, random);
        }

        byte[] file = Bytes.File(header, data);
        for (int i = changes == 0 ? 1 : 0; i < 3 && random.Next(changes == 0 ? 2 : 4) == 0; i++)
        {
            file = Damage(file, random);
        }

        return file;
    }

    /// <summary>Flips, inserts, deletes, cuts: of any bytes, JSON or not.</summary>
    internal static byte[] Damage(byte[] file, Random random)
    {
        List<byte> bytes = [.. file];
        if (bytes.Count == 0)
        {
            return [(byte)random.Next(256)];
        }

        ReadOnlySpan<byte> telling = "0123456789,:[]{}\" \\-.eFUI\0\u007f\u0080\u00ff\ud7ff"u8;
        int at = random.Next(bytes.Count);
        int count = Math.Min(random.Next(1, 17), bytes.Count - at);
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] = telling[random.Next(telling.Length)];
                break;
            case 3:
                bytes.Insert(at, telling[random.Next(telling.Length)]);
                break;
            case 4:
                bytes.RemoveRange(at, count);
                break;
            case 5:
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count));
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                bytes.AddRange(new byte[random.Next(1, 17)]);
                break;
            default:
                SetLength(bytes, random);
                break;
        }

        return [.. bytes];
    }

    static void SetLength(List<byte> bytes, Random random)
    {
        Span<byte> field = stackalloc byte[8];
        ulong length = random.Next(6) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => 100_000_000,
            2 => 100_000_001,
            3 => ulong.MaxValue - (ulong)random.Next(9),
            4 => (ulong)Math.Max(0, bytes.Count - 8 + random.Next(-2, 3)),
            _ => (ulong)Math.Max(0, bytes[0] + random.Next(-8, 9)),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(field, length);
        for (int i = 0; i < Math.Min(8, bytes.Count); i++)
        {
            bytes[i] = field[i];
        }
    }

    // Offsets and data to fit the dtypes and shapes as they are now, so that strange but valid files come up too.
    static void Repair(ref string header, ref byte[] data, Random random)
    {
        List<long> sizes = [];
        try
        {
            using JsonDocument json = JsonDocument.Parse(header);
            foreach (JsonProperty entry in json.RootElement.EnumerateObject().Where(entry => entry.Value.TryGetProperty("data_offsets", out _)))
            {
                decimal size = DataTypes.Parse(entry.Value.GetProperty("dtype").GetString()!).BitSize() / 8m;
                size = entry.Value.GetProperty("shape").EnumerateArray().Aggregate(size, (product, dimension) => product * dimension.GetUInt64());
                sizes.Add((long)size);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or OverflowException or ArgumentException)
        {
            return;
        }

        int entries = 0;
        long offset = 0;
        if (sizes.Sum(size => (decimal)size) <= MaxRepairedData && Offsets.Count(header) == sizes.Count)
        {
            header = Offsets.Replace(header, _ => string.Create(CultureInfo.InvariantCulture, $"\"data_offsets\":[{offset},{offset += sizes[entries++]}]"));
            data = new byte[offset];
            random.NextBytes(data);
        }
    }

    [GeneratedRegex("""
        "data_offsets"\s*:\s*\[[^\]]*\]
        """, RegexOptions.CultureInvariant)]
    static partial Regex Offsets { get; }
}
