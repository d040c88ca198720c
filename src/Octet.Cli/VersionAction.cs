using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Octet.Cli;

/// <summary>Prints the version alone, for scripts; works beside anything else on the line.</summary>
sealed class VersionAction : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    internal static string Version { get; } = typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(Version);
        return 0;
    }
}
