namespace Octet.Tests.Generation;

public class StatisticsTests
{
    [Fact]
    public void The_first_token_belongs_to_the_prompt()
    {
        var statistics = new GenerationStatistics(new TokenUsage(100, 21), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));

        Assert.Equal((121, 50, 5), (statistics.Usage.TotalTokens, statistics.PromptTokensPerSecond, statistics.TokensPerSecond));
    }

    [Fact]
    public void No_time_is_no_speed()
    {
        Assert.Equal((0, 0), (default(GenerationStatistics).PromptTokensPerSecond, default(GenerationStatistics).TokensPerSecond));
        Assert.Equal(0, new GenerationStatistics(new TokenUsage(1, 0), default, default, TimeSpan.FromSeconds(1)).TokensPerSecond);
    }
}
