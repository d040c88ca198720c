using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Octet.Tests.Reference;

/// <summary>Programs of others in Python with numpy, and the matrices that they write.</summary>
static class NumpyProgram
{
    const string Python = "/usr/bin/python3";

    // One interpreter for all, which imports numpy once: a line in is a program and its arguments, a line out is what went wrong, or nothing.
    const string Loop = """
        import contextlib, io, json, os, runpy, sys, traceback
        import numpy
        answers = sys.stdout
        for line in sys.stdin:
            sys.argv = json.loads(line)
            sys.path.insert(0, os.path.dirname(sys.argv[0]))
            wrong = ''
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    runpy.run_path(sys.argv[0], run_name='__main__')
            except SystemExit as end:
                wrong = str(end.code or '')
            except BaseException:
                wrong = traceback.format_exc()
            sys.path.pop(0)
            print(json.dumps(wrong), file=answers, flush=True)
        """;

    static readonly Lock s_lock = new();
    static readonly Lazy<Process?> s_interpreter = new(Start);

    /// <summary>Runs a program; skips the test where Python or numpy is not there.</summary>
    internal static void Run(string script, string[] arguments)
    {
        string? wrong;
        lock (s_lock)
        {
            if (s_interpreter.Value is not { } interpreter)
            {
                Assert.Skip($"{Python} with numpy is not here");
                return;
            }

            interpreter.StandardInput.WriteLine(JsonSerializer.Serialize((string[])[script, .. arguments]));
            interpreter.StandardInput.Flush();
            wrong = interpreter.StandardOutput.ReadLine();
        }

        Assert.True(wrong is "\"\"", $"{script} {string.Join(' ', arguments)}: {wrong}");
    }

    static Process? Start()
    {
        if (!File.Exists(Python))
        {
            return null;
        }

        using (Process probe = Process.Start(new ProcessStartInfo(Python, ["-c", "import numpy"]) { RedirectStandardError = true })!)
        {
            probe.StandardError.ReadToEnd();
            probe.WaitForExit();
            if (probe.ExitCode != 0)
            {
                return null;
            }
        }

        // It ends when its input does, with this process.
        return Process.Start(new ProcessStartInfo(Python, ["-B", "-c", Loop]) { RedirectStandardInput = true, RedirectStandardOutput = true });
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
