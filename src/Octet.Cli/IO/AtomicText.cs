using System.Text;

namespace Octet.Cli.IO;

/// <summary>A small text file that appears whole or not at all.</summary>
static class AtomicText
{
    internal static void Write(string path, string text) => AtomicOutput.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
