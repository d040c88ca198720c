using System.Diagnostics;
using System.Text;

namespace Octet.Cli.Tests;

/// <summary>The tool in a terminal of its own: a pseudo-terminal that <c>script</c> of util-linux makes; what is sent arrives as if it were typed.</summary>
sealed class TerminalSession : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(50);
    readonly Process _process;
    readonly StringBuilder _shown = new();
    int _seen;

    /// <param name="arguments">The tool's.</param>
    /// <param name="line">The shell's line, given the tool's command; null: the command takes the place of the shell.</param>
    internal TerminalSession(string[] arguments, Func<string, string>? line = null)
    {
        if (OperatingSystem.IsWindows() || !File.Exists("/usr/bin/script"))
        {
            Assert.Skip("a pseudo-terminal needs script of util-linux");
        }

        ProcessStartInfo tool = OctetTool.StartInfo(arguments);
        string command = string.Join(' ', tool.ArgumentList.Prepend(tool.FileName).Select(word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        tool.FileName = "/usr/bin/script";
        tool.ArgumentList.Clear();
        foreach (string argument in (string[])["-qec", $"stty cols 60 rows 12; {(line is null ? $"exec {command}" : line(command))}", "/dev/null"])
        {
            tool.ArgumentList.Add(argument);
        }

        tool.Environment["TERM"] = "xterm";
        _process = Process.Start(tool)!;
        _ = Task.Run(ReadAsync);
    }

    /// <summary>All that was shown so far, with the terminal's control sequences.</summary>
    internal string Shown
    {
        get
        {
            lock (_shown)
            {
                return _shown.ToString();
            }
        }
    }

    internal void Send(string keys)
    {
        _process.StandardInput.Write(keys);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits until a text is shown behind what was awaited before.</summary>
    internal void Await(string text)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            string shown = Shown;
            int at = shown.IndexOf(text, _seen, StringComparison.Ordinal);
            if (at >= 0)
            {
                _seen = at + text.Length;
                return;
            }

            if (Stopwatch.GetElapsedTime(started) > s_patience)
            {
                Assert.Fail($"'{text}' was not shown within {s_patience.TotalSeconds} s; shown: {shown.Replace("\e", "^[", StringComparison.Ordinal)}");
            }

            Thread.Sleep(20);
        }
    }

    internal int ExitCode()
    {
        if (!_process.WaitForExit(s_patience))
        {
            Assert.Fail($"the tool did not end within {s_patience.TotalSeconds} s; shown: {Shown}");
        }

        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        int read;
        while ((read = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            lock (_shown)
            {
                _shown.Append(buffer, 0, read);
            }
        }
    }
}
