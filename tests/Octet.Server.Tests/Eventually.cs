namespace Octet.Server.Tests;

/// <summary>What is not there at once, as an answer is sent before all is told of it.</summary>
static class Eventually
{
    internal static async Task HoldsAsync(Func<bool> condition)
    {
        for (int i = 0; i < 800 && !condition(); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(condition());
    }
}
