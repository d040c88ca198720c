namespace Octet.Tests.Hub;

public class ProgressTests
{
    [Fact]
    public void Progress_counts_what_was_there_and_what_comes_and_forgets_what_is_lost()
    {
        List<DownloadProgress> told = [];
        var meter = new DownloadMeter(new Recorder(told), 30);
        DownloadMeter.FileMeter first = meter.File(new ModelFile("a", 10, "", null));
        DownloadMeter.FileMeter second = meter.File(new ModelFile("b", 20, "", null));

        first.Present(10);
        second.Received(20);
        second.Lost();
        second.Received(20);

        Assert.Equal(("a", 10, 10, 10, 30), Parts(told[0]));
        Assert.Equal(0, told[0].BytesPerSecond);
        Assert.Equal(("b", 20, 20, 30, 30), Parts(told[1]));
        Assert.Equal(("b", 20, 20, 30, 30), Parts(told[^1]));
        Assert.True(told[^1].BytesPerSecond > 0);
        Assert.Equal(TimeSpan.Zero, told[^1].TimeLeft);
    }

    [Fact]
    public void The_time_left_is_what_the_rate_says()
    {
        Assert.Equal(TimeSpan.FromSeconds(8), new DownloadProgress("a", 1, 2, 200, 1000, 100).TimeLeft);
        Assert.Null(new DownloadProgress("a", 1, 2, 200, 1000, 0).TimeLeft);
    }

    [Fact]
    public async Task A_failure_is_repeated_so_often_and_then_final()
    {
        int attempts = 0;
        var options = new ModelHubOptions { Retries = 3, RetryDelay = TimeSpan.FromMilliseconds(1) };

        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => BackOff.RepeatAsync<int>(
            options, () => { attempts++; throw new TransientFailure(new ModelHubException(ModelHubError.ServerError, "broken")); }, TestContext.Current.CancellationToken));

        Assert.Equal((4, "broken"), (attempts, e.Message));
    }

    [Fact]
    public async Task A_longer_wait_than_makes_sense_is_an_error_at_once()
    {
        int attempts = 0;

        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => BackOff.RepeatAsync<int>(
            new ModelHubOptions(),
            () => { attempts++; throw new TransientFailure(new ModelHubException(ModelHubError.RateLimited, "wait"), TimeSpan.FromHours(1)); },
            TestContext.Current.CancellationToken));

        Assert.Equal((1, ModelHubError.RateLimited), (attempts, e.Error));
    }

    static (string, long, long, long, long) Parts(DownloadProgress progress) => (progress.File, progress.FileDone, progress.FileTotal, progress.Done, progress.Total);

    sealed class Recorder(List<DownloadProgress> told) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => told.Add(value);
    }
}
