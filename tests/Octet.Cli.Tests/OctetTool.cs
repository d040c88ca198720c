using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Tests;

/// <summary>What a run of the tool left behind.</summary>
sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>The one JSON object of <c>--json</c>: nothing else may be on the output.</summary>
    internal JsonObject Json => JsonNode.Parse(Output)!.AsObject();

    internal JsonObject[] JsonLines => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
}

/// <summary>
/// Runs the tool as its users do, from another directory. With nothing in its environment that others have not it runs in this process, whose code
/// is compiled once; where the environment's <c>OCTET_TOOL</c> is the path of a published tool, always in a process of its own.
/// </summary>
static class OctetTool
{
    static readonly UTF8Encoding s_utf8 = new(false);
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(50);

    static readonly string? s_published = Environment.GetEnvironmentVariable("OCTET_TOOL");

    // A test run must not depend on the user's cache or settings; ASCII is what a bare machine's locale says.
    static readonly Dictionary<string, string> s_environment = new()
    {
        ["LC_ALL"] = "C",
        ["HF_HUB_CACHE"] = Path.Combine(Path.GetTempPath(), "octet-no-cache"),
        ["HF_HUB_OFFLINE"] = "1",
        ["HF_TOKEN"] = "",
    };

    [ModuleInitializer]
    internal static void SetEnvironment()
    {
        foreach ((string name, string value) in s_environment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        Environment.SetEnvironmentVariable("OCTET_CPU", s_published is null ? null : PublishedInstructionSet());
        AppContext.SetData("System.CommandLine.ExecutableName", "octet");
        Directory.SetCurrentDirectory(Path.GetTempPath());
    }

    // What a published tool was compiled for may be less than what this process, whose library gives the vectors that are expected, would choose.
    static string? PublishedInstructionSet()
    {
        string report = Run(Process.Start(StartInfo(["doctor", "--json"]))!, []).Output;
        return (string?)JsonNode.Parse(report)!["instruction_set"];
    }

    internal static ToolResult Run(params string[] arguments) => Run(arguments, null, null);

    internal static ToolResult Run(string[] arguments, string? input = null, params (string Name, string Value)[]? environment)
        => environment is { Length: > 0 } ? RunProcess(arguments, s_utf8.GetBytes(input ?? ""), environment) : Run(arguments, s_utf8.GetBytes(input ?? ""));

    /// <summary>With an input that need not be text.</summary>
    internal static ToolResult Run(string[] arguments, byte[] input) => s_published is null ? RunHere(arguments, input) : RunProcess(arguments, input);

    /// <summary>In a process of its own, whatever the environment.</summary>
    internal static ToolResult RunProcess(string[] arguments, byte[] input, params (string Name, string Value)[]? environment) => Run(Start(arguments, environment), input);

    /// <summary>In this process too, with a hub's variables that are read in place of the environment's. Others would not be.</summary>
    internal static ToolResult RunWithHub(string[] arguments, string? input, params (string Name, string Value)[] environment)
    {
        Assert.All(environment, variable => Assert.StartsWith("HF_", variable.Name, StringComparison.Ordinal));
        byte[] bytes = s_utf8.GetBytes(input ?? "");
        if (s_published is not null)
        {
            return RunProcess(arguments, bytes, environment);
        }

        var variables = new Dictionary<string, string>(s_environment);
        foreach ((string name, string value) in environment)
        {
            variables[name] = value;
        }

        return RunHere(arguments, bytes, new HubEnvironment(name => variables.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name)));
    }

    static ToolResult RunHere(string[] arguments, byte[] input, HubEnvironment? hub = null)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        Task<int> run = Task.Run(async () =>
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
            Standard.Redirect(new MemoryStream(input, writable: false), output, error);
            if (hub is not null)
            {
                HubEnvironment.Redirect(hub);
            }

            using var interruption = new Interruption();
            return await Tool.RunAsync(arguments, interruption);
        });
        if (!run.Wait(s_patience))
        {
            Assert.Fail($"the tool did not end within {s_patience.TotalSeconds} s");
        }

        return new ToolResult(run.Result, s_utf8.GetString(output.ToArray()), s_utf8.GetString(error.ToArray()));
    }

    /// <summary>By a shell, which can give arguments that are no text.</summary>
    internal static ToolResult RunShell(string arguments, params (string Name, string Value)[]? environment)
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "octet.dll");
        return Run(Process.Start(StartInfo("/bin/sh", ["-c", s_published is null ? $"exec dotnet '{tool}' {arguments}" : $"exec '{s_published}' {arguments}"], environment))!, []);
    }

    static ToolResult Run(Process started, byte[] input)
    {
        using Process process = started;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it.
        }

        return Finish(process, output, error);
    }

    internal static Process Start(string[] arguments, params (string Name, string Value)[]? environment) => Process.Start(StartInfo(arguments, environment))!;

    internal static ProcessStartInfo StartInfo(string[] arguments, params (string Name, string Value)[]? environment)
        => StartInfo(s_published ?? "dotnet", s_published is null ? [Path.Combine(AppContext.BaseDirectory, "octet.dll"), .. arguments] : arguments, environment);

    static ProcessStartInfo StartInfo(string program, string[] arguments, (string Name, string Value)[]? environment)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = s_utf8,
            StandardOutputEncoding = s_utf8,
            StandardErrorEncoding = s_utf8,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("OCTET_CPU");
        foreach ((string name, string value) in s_environment.Select(pair => (pair.Key, pair.Value)).Concat(environment ?? []))
        {
            start.Environment[name] = value;
        }

        return start;
    }

    internal static ToolResult Finish(Process process, Task<string> output, Task<string> error)
    {
        if (!process.WaitForExit(s_patience))
        {
            process.Kill();
            Assert.Fail($"the tool did not end within {s_patience.TotalSeconds} s");
        }

        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>One line, <c>octet: error: ...</c>, on the error stream; nothing on the output; no stack trace.</summary>
    internal static void AssertError(ToolResult result, int exitCode, params string[] fragments)
    {
        Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(result.Error.Length - 1, result.Error.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain("unexpected ", result.Error, StringComparison.Ordinal);
        foreach (string fragment in fragments)
        {
            Assert.Contains(fragment, result.Error, StringComparison.Ordinal);
        }

        Assert.Equal("", result.Output);
        Assert.Equal(exitCode, result.ExitCode);
    }
}
