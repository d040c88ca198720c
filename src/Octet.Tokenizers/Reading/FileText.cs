using System.Text;
using System.Text.Unicode;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// The text of a small file of a model, as UTF-8. A byte-order mark is dropped, and one of UTF-16 is believed: editors and shells of
/// Windows write both.
/// </summary>
static class FileText
{
    /// <summary>
    /// The longest file that is read: sixteen times a template that <see cref="ChatTemplates.ChatTemplateOptions"/> allows by itself, and
    /// more than ten times the longest published <c>tokenizer_config.json</c>.
    /// </summary>
    internal const int MaxBytes = 64 << 20;

    /// <param name="path">A file that is there.</param>
    /// <param name="refuse">Makes the exception for a file that cannot be used.</param>
    internal static byte[] Read(string path, Refusal refuse)
    {
        byte[] bytes;
        try
        {
            bytes = ReadBytes(path) ?? throw refuse(path, $"is longer than {MaxBytes} bytes, expected a file of less: is it the right one?", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw refuse(path, $"cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        if (ForeignContent.StandIn(bytes.AsSpan(0, Math.Min(bytes.Length, ForeignContent.BeginningBytes))) is { } standIn)
        {
            throw refuse(path, standIn, null);
        }

        byte[] text = bytes switch
        {
            [0xEF, 0xBB, 0xBF, .. byte[] rest] => rest,
            [0xFF, 0xFE, .. byte[] rest] => Encoding.Convert(Encoding.Unicode, Encoding.UTF8, rest),
            [0xFE, 0xFF, .. byte[] rest] => Encoding.Convert(Encoding.BigEndianUnicode, Encoding.UTF8, rest),
            _ => bytes,
        };
        return Utf8.IsValid(text) ? text : throw refuse(path, "is not text in UTF-8; save it with that encoding", null);
    }

    /// <summary>The file's bytes; null where there are too many. What has no length, such as a device, is read until then.</summary>
    static byte[]? ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.CanSeek && file.Length > MaxBytes)
        {
            return null;
        }

        using MemoryStream into = new(file.CanSeek ? (int)file.Length : 0);
        byte[] buffer = new byte[Math.Clamp(into.Capacity + 1, 1 << 12, 1 << 16)];
        for (int count = file.Read(buffer); count > 0; count = file.Read(buffer))
        {
            if (into.Length + count > MaxBytes)
            {
                return null;
            }

            into.Write(buffer, 0, count);
        }

        return into.ToArray();
    }
}
