using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Octet.Tokenizers.Reading;

/// <summary>What a piece of SentencePiece is for; the numbers are those of its file.</summary>
enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>
/// The content of a <c>tokenizer.model</c>: the message <c>ModelProto</c> of SentencePiece (sentencepiece_model.proto), as far as it tells
/// how texts are encoded.
/// </summary>
sealed class SentencePiece
{
    internal const int Unigram = 1;
    internal const int Pairs = 2;

    // Fields of the messages, and the kinds of values on the wire.
    const int Varint = 0;
    const int Fixed64 = 1;
    const int Delimited = 2;
    const int Fixed32 = 5;

    readonly string _file;

    SentencePiece(string file) => _file = file;

    internal List<(byte[] Content, float Score, PieceType Type)> Pieces { get; } = [];

    internal int ModelType { get; private set; } = Unigram;

    internal bool ByteFallback { get; private set; }

    internal bool WhitespaceAsSuffix { get; private set; }

    internal byte[] CharacterMap { get; private set; } = [];

    internal bool AddDummyPrefix { get; private set; } = true;

    internal bool RemoveExtraWhitespaces { get; private set; } = true;

    internal bool EscapeWhitespaces { get; private set; } = true;

    /// <exception cref="TokenizerException">The content is no such message.</exception>
    internal static SentencePiece Parse(ReadOnlySpan<byte> message, string file)
    {
        SentencePiece model = new(file);
        while (model.Next(ref message, out int field, out ulong number, out ReadOnlySpan<byte> content))
        {
            switch (field)
            {
                case 1:
                    model.ReadPiece(content);
                    break;
                case 2:
                    model.ReadTrainer(content);
                    break;
                case 3:
                    model.ReadNormalizer(content);
                    break;
            }

            _ = number;
        }

        return model.Pieces.Count > 0 ? model : throw model.Problem("holds no pieces; expected a model of SentencePiece");
    }

    void ReadPiece(ReadOnlySpan<byte> message)
    {
        byte[] text = [];
        float score = 0;
        PieceType type = PieceType.Normal;
        while (Next(ref message, out int field, out ulong number, out ReadOnlySpan<byte> content))
        {
            switch (field)
            {
                case 1:
                    text = content.ToArray();
                    break;
                case 2:
                    score = BitConverter.UInt32BitsToSingle((uint)number);
                    break;
                case 3:
                    type = number is >= 1 and <= 6 ? (PieceType)number : throw Problem($"piece {Pieces.Count} has type {number}, expected 1 to 6");
                    break;
            }
        }

        if (!Utf8.IsValid(text) || !float.IsFinite(score))
        {
            throw Problem($"piece {Pieces.Count} has {(float.IsFinite(score) ? "a content that is not UTF-8" : $"score {score}")}");
        }

        if (Pieces.Count > Vocabulary.MaxId)
        {
            throw Problem($"expected at most {Vocabulary.MaxId + 1} pieces, found more");
        }

        Pieces.Add((text, score, type));
    }

    void ReadTrainer(ReadOnlySpan<byte> message)
    {
        while (Next(ref message, out int field, out ulong number, out _))
        {
            switch (field)
            {
                case 3:
                    ModelType = (int)Math.Min(number, 100);
                    break;
                case 24:
                    WhitespaceAsSuffix = number != 0;
                    break;
                case 35:
                    ByteFallback = number != 0;
                    break;
            }
        }
    }

    void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        while (Next(ref message, out int field, out ulong number, out ReadOnlySpan<byte> content))
        {
            switch (field)
            {
                case 2:
                    CharacterMap = content.ToArray();
                    break;
                case 3:
                    AddDummyPrefix = number != 0;
                    break;
                case 4:
                    RemoveExtraWhitespaces = number != 0;
                    break;
                case 5:
                    EscapeWhitespaces = number != 0;
                    break;
            }
        }
    }

    /// <summary>The next field of a message; false at its end.</summary>
    bool Next(ref ReadOnlySpan<byte> message, out int field, out ulong number, out ReadOnlySpan<byte> content)
    {
        field = 0;
        number = 0;
        content = default;
        if (message.IsEmpty)
        {
            return false;
        }

        ulong tag = ReadVarint(ref message);
        field = (int)Math.Min(tag >> 3, int.MaxValue);
        switch ((int)(tag & 7))
        {
            case Varint:
                number = ReadVarint(ref message);
                break;
            case Fixed64 when message.Length >= 8:
                number = BinaryPrimitives.ReadUInt64LittleEndian(message);
                message = message[8..];
                break;
            case Fixed32 when message.Length >= 4:
                number = BinaryPrimitives.ReadUInt32LittleEndian(message);
                message = message[4..];
                break;
            case Delimited when ReadVarint(ref message) is var length && length <= (ulong)message.Length:
                content = message[..(int)length];
                message = message[(int)length..];
                break;
            default:
                throw Problem("is cut short or no model of SentencePiece: a field ends behind its message");
        }

        return true;
    }

    ulong ReadVarint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < message.Length; i++)
        {
            value |= (ulong)(message[i] & 0x7F) << (7 * i);
            if (message[i] < 0x80)
            {
                message = message[(i + 1)..];
                return value;
            }
        }

        throw Problem("is cut short or no model of SentencePiece: a number does not end");
    }

    TokenizerException Problem(string problem) => new($"{_file}: {problem}");
}
