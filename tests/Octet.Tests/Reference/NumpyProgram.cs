using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Tests.Reference;

/// <summary>Programs of others in Python with numpy, and the matrices that they write.</summary>
static class NumpyProgram
{
    const string Python = "/usr/bin/python3";

    static readonly Lazy<bool> s_isHere = new(() => File.Exists(Python)
        && Process.Start(new ProcessStartInfo(Python, ["-c", "import numpy"]) { RedirectStandardError = true }) is { } probe && Ends(probe));

    /// <summary>Runs a program; skips the test where Python or numpy is not there.</summary>
    internal static void Run(string script, string[] arguments)
    {
        if (!s_isHere.Value)
        {
            Assert.Skip($"{Python} with numpy is not here");
        }

        var start = new ProcessStartInfo(Python, ["-B", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        output.Wait();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
    }

    static bool Ends(Process process)
    {
        using (process)
        {
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }

    /// <summary>A matrix of doubles: .npy 1.0 is magic, version, u16 header length, header text, little-endian doubles in row order.</summary>
    internal static double[][] Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = bytes[8] | bytes[9] << 8;
        string header = Encoding.ASCII.GetString(bytes, 10, length);
        Assert.Contains("'descr': '<f8', 'fortran_order': False", header, StringComparison.Ordinal);
        int[] shape = [.. header[(header.IndexOf('(', StringComparison.Ordinal) + 1)..header.IndexOf(')', StringComparison.Ordinal)].Split(',').Select(int.Parse)];
        double[] values = MemoryMarshal.Cast<byte, double>(bytes.AsSpan(10 + length)).ToArray();
        return [.. Enumerable.Range(0, shape[0]).Select(row => values[(row * shape[1])..((row + 1) * shape[1])])];
    }
}
