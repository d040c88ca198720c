using System.Diagnostics;
using Octet.Tests.Reference;

namespace Octet.Tests.Hub;

public sealed class CacheLockTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Lock => Path.Combine(_directory.Path, ".locks", "models--a", "hash.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task One_has_the_lock_at_a_time()
    {
        CacheLock first = CacheLock.TryAcquire(Lock)!;
        Assert.Null(CacheLock.TryAcquire(Lock));
        Task<CacheLock> second = CacheLock.AcquireAsync(Lock, TestContext.Current.CancellationToken);

        await Task.Delay(150, TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        first.Dispose();

        using CacheLock held = await second;
        Assert.Null(CacheLock.TryAcquire(Lock));
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using CacheLock? first = CacheLock.TryAcquire(Lock);
        using CancellationTokenSource cancellation = new(100);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CacheLock.AcquireAsync(Lock, cancellation.Token));
    }

    // Python's filelock calls flock(2), as this program does.
    [Fact]
    public void Another_program_that_locks_by_flock_is_kept_out()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "there is no flock(1) here");
        using (CacheLock.TryAcquire(Lock))
        {
            Assert.Equal(1, Flock());
        }

        Assert.Equal(0, Flock());
    }

    int Flock()
    {
        using Process flock = Process.Start("/usr/bin/flock", ["--nonblock", Lock, "true"]);
        flock.WaitForExit();
        return flock.ExitCode;
    }
}
