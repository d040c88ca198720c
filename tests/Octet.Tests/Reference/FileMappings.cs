namespace Octet.Tests.Reference;

/// <summary>What Linux was told of the mappings of files: proc(5), VmFlags. hg and nh are MADV_HUGEPAGE and MADV_NOHUGEPAGE, rr is MADV_RANDOM.</summary>
static class FileMappings
{
    /// <summary>The flags of each mapping of a directory's files in this process.</summary>
    internal static string[][] FlagsOf(string directory)
    {
        List<string[]> flags = [];
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            // "7f00-7f01 r--p 0000 fe:00 123 /path" begins a mapping; its figures have names with a colon.
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
            {
                inside = line.Contains(directory, StringComparison.Ordinal);
            }
            else if (inside && words[0] == "VmFlags:")
            {
                flags.Add(words[1..]);
            }
        }

        return [.. flags];
    }
}
