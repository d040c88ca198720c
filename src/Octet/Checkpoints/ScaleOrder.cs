using System.Runtime.CompilerServices;
using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// Whether the scales of blocks in a file of Model Optimizer lie in tiles, as ComfyUI has them, or row by row. Its
/// <c>export/unified_export_hf.py</c> writes the metadata that mean tiles to ComfyUI in both cases, so the files themselves must tell: by the
/// shape of scales, which tiles pad to 128 x 4, or where no layer needs padding by how the scales fit the codes (<see cref="ScaleFit"/>). One
/// export has one order.
/// </summary>
static class ScaleOrder
{
    // Of a layer, and of all of them: many more than a clear case takes.
    const long MostBlocks = 1 << 16;
    const long MostInAll = 1 << 21;

    /// <param name="checkpoint">The files.</param>
    /// <param name="layers">What their metadata say.</param>
    /// <exception cref="ModelException">Neither shapes nor values tell.</exception>
    internal static bool IsTiled(SafetensorsCheckpoint checkpoint, IReadOnlyDictionary<string, LayerFormat> layers)
    {
        List<Candidate> open = [];
        foreach ((string name, LayerFormat format) in layers.Where(layer => layer.Value.IsTiled))
        {
            if (Candidate.Of(checkpoint, name, format) is not { } candidate)
            {
                continue;
            }

            if (candidate.FitsRows != candidate.FitsTiles)
            {
                return candidate.FitsTiles;
            }

            if (candidate.FitsRows)
            {
                open.Add(candidate);
            }
        }

        ScaleFit rows = default, tiles = default;
        foreach (Candidate candidate in open)
        {
            rows += candidate.Fit(tiled: false);
            tiles += candidate.Fit(tiled: true);
            if (rows.IsUsual && tiles.IsWrong)
            {
                return false;
            }

            if (tiles.IsUsual && rows.IsWrong)
            {
                return true;
            }

            if (rows.Blocks > MostInAll)
            {
                break;
            }
        }

        // Of no layer the shape is right: the same is said of the first when it is read, by what is known of its layout.
        return open.Count == 0 ? false : throw new ModelException(
            ModelError.Unsupported,
            $"{checkpoint.Path}: metadata {LayerFormats.MetadataKey} name {open[0].Format.Name} for {open[0].Name}, which ComfyUI has with scales in tiles of 128 x 4 and Model Optimizer by default row by row, and neither shape nor values of the scales tell which: remove the metadata if they lie row by row, mark the layers as ComfyUI does (NAME{LayerFormats.MarkSuffix}) if in tiles",
            checkpoint.Path,
            open[0].Name);
    }

    /// <summary>A layer, and what the shape of its scales allows.</summary>
    sealed record Candidate(string Name, LayerFormat Format, TensorView Codes, TensorView Scale, long Rows, int Columns, bool FitsRows, bool FitsTiles)
    {
        /// <summary>Null for what is no layer of this format; reading it says why.</summary>
        internal static Candidate? Of(SafetensorsCheckpoint checkpoint, string name, LayerFormat format)
        {
            checkpoint.TryGetTensor(name + WeightScheme.PlainSuffix, out TensorView? codes);
            string[] suffixes = [.. WeightScheme.All.Where(scheme => scheme.Codes == WeightScheme.PlainSuffix).Select(scheme => scheme.Scale).Distinct()];
            TensorView? scale = suffixes.Select(suffix => checkpoint.TryGetTensor(name + suffix, out TensorView? found) ? found : null).FirstOrDefault(found => found is not null);
            int packed = codes is { DataType: DataType.UInt8 } ? 2 : 1;
            if (codes is not { Shape: [var rows and > 0, var stored and > 0] } || stored > int.MaxValue / packed || scale is null || (codes.DataType != format.Codes && !(packed == 2 && format.Codes == DataType.Float4E2M1FN)))
            {
                return null;
            }

            int columns = (int)stored * packed;
            (long _, long across) = ScaleLayout.Group(format.Group).ScaleShape(rows, columns);
            bool isFlat = columns % format.Group == 0 && scale.Shape.SequenceEqual([rows, across]);
            bool isTiled = scale.ElementCount == scale.ByteLength && scale.ByteLength == ScaleCodes.TiledBytes(rows, across);
            return new Candidate(name, format, codes, scale, rows, columns, isFlat, isTiled);
        }

        internal ScaleFit Fit(bool tiled)
        {
            int across = (Columns + Format.Group - 1) / Format.Group;

            // The scale of the tensor makes no difference to a slope.
            float[] table = [.. Enumerable.Range(0, 256).Select(code => Format.BlockScale == DataType.Float8E8M0FNU ? code == 0xFF ? float.NaN : (float)Math.ScaleB(1, code - 127) : (float)Unsafe.BitCast<byte, Float8E4M3FN>((byte)code))];
            var grid = new ScaleGrid(new ScaleCodes(Scale, Rows, across, tiled), table, 1, Format.Group);
            return ScaleFit.Measure(new LinearTensor(Codes, Format.Codes, Rows, Columns, grid), MostBlocks, CancellationToken.None) ?? default;
        }
    }
}
