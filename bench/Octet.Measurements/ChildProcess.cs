using System.Diagnostics;

namespace Octet.Measurements;

/// <summary>A program run to its end. Its error stream is kept for the message where it fails; a cancelled one is ended with all it started.</summary>
static class ChildProcess
{
    /// <returns>What it wrote on its output.</returns>
    /// <exception cref="MeasurementException">It is not there, or its exit code is not 0.</exception>
    internal static string Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            using (cancellation.Register(() => process.Kill(entireProcessTree: true)))
            {
                process.WaitForExit();
            }

            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode == 0
                ? output.Result
                : throw new MeasurementException($"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {LastLine(error.Result)}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new MeasurementException($"{program} is not there: install it, or put it on the PATH");
        }
    }

    static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "no message";
}
