namespace Octet.Measurements;

/// <summary>A table in a page of the repository, between two comments that name it.</summary>
static class MarkedTable
{
    internal static void Replace(string path, string marker, string table)
    {
        string begin = $"<!-- {marker}:begin -->", end = $"<!-- {marker}:end -->";
        string text = File.ReadAllText(path);
        int from = text.IndexOf(begin, StringComparison.Ordinal), to = text.IndexOf(end, StringComparison.Ordinal);
        if (from < 0 || to < from)
        {
            throw new MeasurementException($"{Path.GetRelativePath(Repository.Root, path)} has no lines {begin} and {end}: put them where the table belongs");
        }

        Repository.Write(path, $"{text[..(from + begin.Length)]}\n{table.TrimEnd()}\n{text[to..]}");
    }
}
