using System.Runtime.InteropServices;
using Octet.Cli.IO;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Measurement;

/// <summary>
/// A checkpoint of random weights in a directory of its own, which goes when this is disposed of: as large and as costly as the published one, without a tokenizer.
/// Codes of linear layers are evenly distributed over all of E4M3 but NaN, and their scales such that outputs are about as large as inputs. Larger tensors
/// are put together of pieces of a few million random numbers: making new ones would take longer than the measurement.
/// </summary>
sealed class RandomCheckpoint : IDisposable
{
    const int Block = 128;
    const int Piece = 1 << 20;
    const int Pool = 16 << 20;

    // Root of the mean of the squares of all finite codes of E4M3.
    static readonly float s_codeSize = MathF.Sqrt(Enumerable.Range(0, 256).Where(code => !IsNaN((byte)code)).Average(code => Squared((byte)code)));

    readonly ModelShape _shape;
    readonly Random _random = new(1);
    readonly CancellationToken _cancellationToken;
    readonly byte[] _codes = new byte[Pool];

    RandomCheckpoint(ModelShape shape, CancellationToken cancellationToken)
    {
        _shape = shape;
        _cancellationToken = cancellationToken;
        _random.NextBytes(_codes);
        foreach (ref byte code in _codes.AsSpan())
        {
            code = IsNaN(code) ? (byte)0 : code;
        }

        try
        {
            Directory = System.IO.Directory.CreateTempSubdirectory($"octet-{shape.Name}-").FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"random weights go to a directory in {Path.GetTempPath()}, which is not there or may not be written to: set TMPDIR to one that is");
        }
    }

    internal string Directory { get; }

    /// <exception cref="CommandException">There is no room for it, or no place.</exception>
    internal static RandomCheckpoint Make(ModelShape shape, CancellationToken cancellationToken)
    {
        var checkpoint = new RandomCheckpoint(shape, cancellationToken);
        try
        {
            List<TensorSource> tensors = [.. checkpoint.Tensors()];
            long bytes = tensors.Sum(tensor => tensor.ByteLength);
            long room = new DriveInfo(checkpoint.Directory).AvailableFreeSpace;
            if (room < bytes)
            {
                throw new CommandException($"random weights of {shape.Name} take {ByteCount.Text(bytes)}, and {Path.GetTempPath()} has {ByteCount.Text(room)}: set TMPDIR to a directory with more, or choose a smaller shape");
            }

            if (Standard.ErrorIsTerminal)
            {
                Standard.Error.WriteLine($"octet: note: making {ByteCount.Text(bytes)} of random weights in {checkpoint.Directory}");
            }

            File.WriteAllText(Path.Combine(checkpoint.Directory, "config.json"), shape.Config());
            SafetensorsWriter.WriteSharded(checkpoint.Directory, tensors, null, cancellationToken);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    IEnumerable<TensorSource> Tensors()
    {
        const int HeadDim = ModelShape.HeadDim;
        int hidden = _shape.Hidden;
        yield return Uniform("model.embed_tokens.weight", ModelShape.Vocabulary, hidden);
        for (int layer = 0; layer < _shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            string attention = prefix + "self_attn.";
            string feedForward = prefix + "mlp.";
            yield return Ones(prefix + "input_layernorm.weight", hidden);
            yield return Ones(prefix + "post_attention_layernorm.weight", hidden);
            yield return Ones(attention + "q_norm.weight", HeadDim);
            yield return Ones(attention + "k_norm.weight", HeadDim);
            IEnumerable<TensorSource> linear =
            [
                .. Linear(attention + "q_proj", _shape.Heads * HeadDim, hidden),
                .. Linear(attention + "k_proj", _shape.KeyHeads * HeadDim, hidden),
                .. Linear(attention + "v_proj", _shape.KeyHeads * HeadDim, hidden),
                .. Linear(attention + "o_proj", hidden, _shape.Heads * HeadDim),
                .. _shape.Experts == 0 ? FeedForward(feedForward) : Enumerable.Range(0, _shape.Experts).SelectMany(expert => FeedForward($"{feedForward}experts.{expert}.")),
            ];
            foreach (TensorSource tensor in linear)
            {
                yield return tensor;
            }

            if (_shape.Experts > 0)
            {
                yield return Uniform(feedForward + "gate.weight", _shape.Experts, hidden);
            }
        }

        yield return Ones("model.norm.weight", hidden);
        if (!_shape.Tied)
        {
            yield return Uniform("lm_head.weight", ModelShape.Vocabulary, hidden);
        }
    }

    IEnumerable<TensorSource> FeedForward(string prefix) =>
    [
        .. Linear(prefix + "gate_proj", _shape.Inner, _shape.Hidden),
        .. Linear(prefix + "up_proj", _shape.Inner, _shape.Hidden),
        .. Linear(prefix + "down_proj", _shape.Hidden, _shape.Inner),
    ];

    IEnumerable<TensorSource> Linear(string name, int rows, int columns)
    {
        yield return new TensorSource(name + ".weight", DataType.Float8E4M3FN, [rows, columns], stream => Write(stream, _codes, (long)rows * columns));
        float scale = 1 / (s_codeSize * MathF.Sqrt(columns));
        long[] blocks = [(rows + Block - 1) / Block, (columns + Block - 1) / Block];
        yield return new TensorSource(name + ".weight_scale_inv", DataType.BFloat16, blocks, stream => Fill(stream, blocks[0] * blocks[1], scale));
    }

    static TensorSource Ones(string name, int length) => new(name, DataType.BFloat16, [length], stream => Fill(stream, length, 1));

    /// <summary>Evenly distributed, of the size that keeps states of size 1.</summary>
    TensorSource Uniform(string name, int rows, int columns) => new(name, DataType.BFloat16, [rows, columns], stream =>
    {
        float bound = MathF.Sqrt(3f / columns);
        long bytes = (long)rows * columns * sizeof(ushort);
        byte[] numbers = new byte[(int)Math.Min(Pool, bytes)];
        foreach (ref ushort bits in MemoryMarshal.Cast<byte, ushort>(numbers.AsSpan()))
        {
            bits = Bits(((2 * _random.NextSingle()) - 1) * bound);
        }

        Write(stream, numbers, bytes);
    });

    /// <summary>Pieces of <paramref name="pool"/>, none longer than that, from anywhere in it, beginning at an even byte.</summary>
    void Write(Stream stream, byte[] pool, long bytes)
    {
        for (long at = 0; at < bytes; at += Piece)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            int piece = (int)Math.Min(Piece, bytes - at);
            stream.Write(pool, _random.Next(((pool.Length - piece) / 2) + 1) * 2, piece);
        }
    }

    static void Fill(Stream stream, long count, float value)
    {
        ushort[] values = new ushort[count];
        Array.Fill(values, Bits(value));
        stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    static ushort Bits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);

    static bool IsNaN(byte code) => (code & 0x7f) == 0x7f;

    static float Squared(byte code)
    {
        float value = (float)MemoryMarshal.Cast<byte, Float8E4M3FN>([code])[0];
        return value * value;
    }
}
