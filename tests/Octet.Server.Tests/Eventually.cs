namespace Octet.Server.Tests;

/// <summary>What is not there at once, as an answer is sent before all is told of it.</summary>
static class Eventually
{
    internal static Task HoldsAsync(Func<bool> condition) => HoldsAsync(() => Task.FromResult(condition()));

    internal static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 800 && !await condition(); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(await condition());
    }
}
