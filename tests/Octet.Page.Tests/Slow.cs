namespace Octet.Page.Tests;

/// <summary>Tests that take most of a minute together, of what changes seldom: on request.</summary>
static class Slow
{
    /// <summary>Skips the running test unless <c>OCTET_SLOW=1</c> is set.</summary>
    internal static void Require()
        => Assert.SkipUnless(Environment.GetEnvironmentVariable("OCTET_SLOW") == "1", "sizes, colours, accessibility and Markdown take most of a minute: set OCTET_SLOW=1");
}
