namespace Octet.Safetensors.Tests;

/// <summary>Files that are long and take no room; skips where the file system has none.</summary>
static class SparseFile
{
    const long MostRoom = 1 << 20;

    internal static void Create(string path, byte[] beginning, long length, byte last)
    {
        long before = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        try
        {
            using FileStream file = new(path, FileMode.Create);
            if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
            {
                Assert.Skip("files are not sparse here without being asked");
            }

            file.Write(beginning);
            file.SetLength(length);
            file.Position = length - 1;
            file.WriteByte(last);
        }
        catch (IOException e)
        {
            Assert.Skip($"the file system refuses a file of {length} bytes: {e.Message}");
        }

        Assert.SkipWhen(before - new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace > length / 2 + MostRoom, "the file system has no sparse files");
    }
}
