namespace Octet.Checkpoints;

/// <summary>
/// What Python's <c>json</c> writes for an infinite number, <c>Infinity</c>, is no JSON, and stands in published configs (<c>time_step_limit</c> of Nemotron-H and Mamba-2).
/// As <c>1e999</c> it is: a number that both languages read as infinite.
/// </summary>
static class PythonNumbers
{
    /// <summary>The same text of the same length with infinite numbers as JSON has them.</summary>
    internal static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOf("Infinity"u8) < 0)
        {
            return json;
        }

        byte[] text = json.ToArray();
        bool isText = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (isText && text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                isText = !isText;
            }
            else if (!isText && text.AsSpan(i).StartsWith("Infinity"u8))
            {
                "1e999   "u8.CopyTo(text.AsSpan(i));
            }
        }

        return text;
    }
}
