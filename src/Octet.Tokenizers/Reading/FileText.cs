using System.Text;
using System.Text.Unicode;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// The text of a small file of a model, as UTF-8. A byte-order mark is dropped, and one of UTF-16 is believed: editors and shells of
/// Windows write both.
/// </summary>
static class FileText
{
    /// <param name="path">A file that is there.</param>
    /// <param name="refuse">Makes the exception for a file that cannot be used.</param>
    /// <param name="mayBePipe">Whether somebody named the path, who may have meant a pipe.</param>
    internal static byte[] Read(string path, Refusal refuse, bool mayBePipe = false)
    {
        byte[] bytes;
        try
        {
            if (!mayBePipe)
            {
                RegularFile.Require(path);
            }

            bytes = RegularFile.Read(path) ?? throw refuse(path, $"is longer than {RegularFile.MaxBytes} bytes, expected a file of less: is it the right one?", null);
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
}
