using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

[Collection(nameof(Alone))]
public class WorkerPoolTests
{
    public static TheoryData<int> Workers => [1, 2, 3, 4 * Environment.ProcessorCount];

    [Theory]
    [MemberData(nameof(Workers))]
    public void Every_unit_is_computed_once(int workers)
    {
        using var pool = new WorkerPool(workers);
        foreach (int units in (int[])[0, 1, 2, workers, workers + 1, 1000])
        {
            int[] times = new int[units];
            pool.Run(new Each(units, (_, unit) => Interlocked.Increment(ref times[unit])));
            Assert.All(times, count => Assert.Equal(1, count));
        }
    }

    [Theory]
    [MemberData(nameof(Workers))]
    public void A_worker_number_belongs_to_one_thread_at_a_time(int workers)
    {
        using var pool = new WorkerPool(workers);
        int[] inside = new int[workers];
        bool shared = false;
        for (int region = 0; region < 20; region++)
        {
            pool.Run(new Each(200, (worker, _) =>
            {
                shared |= Interlocked.Increment(ref inside[worker]) != 1;
                Thread.SpinWait(20);
                Interlocked.Decrement(ref inside[worker]);
            }));
        }

        Assert.False(shared);
    }

    [Fact]
    public void All_units_are_done_when_a_region_ends()
    {
        using var pool = new WorkerPool(3);
        int done = 0;
        for (int region = 1; region <= 300; region++)
        {
            // The last units of some regions take longer than workers spin: the caller parks too.
            int slow = region % 10 == 0 ? 1 : 0;
            pool.Run(new Each(12, (_, unit) =>
            {
                Thread.Sleep(unit >= 9 ? slow : 0);
                Interlocked.Increment(ref done);
            }));
            Assert.Equal(12 * region, done);
        }
    }

    [Theory]
    [MemberData(nameof(Workers))]
    public void An_exception_arrives_once_and_the_pool_goes_on(int workers)
    {
        using var pool = new WorkerPool(workers);
        for (int failing = 0; failing < 40; failing += 13)
        {
            int at = failing;
            Exception thrown = Assert.Throws<InvalidOperationException>(() => pool.Run(new Each(40, (_, unit) =>
            {
                if (unit == at)
                {
                    throw new InvalidOperationException($"unit {unit}");
                }
            })));
            Assert.Equal($"unit {at}", thrown.Message);
            Assert.Equal(40, Count(pool, 40));
        }
    }

    [Fact]
    public void When_every_worker_throws_one_exception_arrives()
    {
        using var pool = new WorkerPool(4);
        Assert.Throws<InvalidOperationException>(() => pool.Run(new Each(100, (_, unit) => throw new InvalidOperationException($"unit {unit}"))));
        Assert.Equal(100, Count(pool, 100));
    }

    [Fact]
    public void A_worker_that_is_put_aside_holds_nobody_from_the_units_it_has_not_begun()
    {
        using var pool = new WorkerPool(2);
        using var others = new CountdownEvent(63);
        int held = -1;

        // Whoever takes unit 32, the first of the second range, sleeps in it until everything that it did not take with it is done.
        pool.Run(new Chunks(64, (worker, first, end) =>
        {
            if (first == 32)
            {
                held = (int)(end - first);
                others.Signal(held - 1);
                Assert.True(others.Wait(TimeSpan.FromSeconds(20)), "the other worker left units that nobody had begun");
                return;
            }

            others.Signal((int)(end - first));
        }));
        Assert.InRange(held, 1, 8);
    }

    [Fact]
    public void A_region_does_not_wait_for_workers_that_are_still_waking()
    {
        using var pool = new WorkerPool(2);
        Thread.Sleep(20);
        long started = Stopwatch.GetTimestamp();
        for (int region = 0; region < 10_000; region++)
        {
            pool.Run(new Each(2, (_, _) => { }));
        }

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 2);
    }

    [Fact]
    public void Ten_thousand_empty_regions_of_more_workers_than_processors_end_soon()
    {
        using var pool = new WorkerPool(2 * Environment.ProcessorCount + 1);
        var work = new Each(64, (_, _) => { });
        long started = Stopwatch.GetTimestamp();
        for (int region = 0; region < 10_000; region++)
        {
            pool.Run(work);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
    }

    [Fact]
    public void A_pool_is_disposed_of_while_its_workers_spin_or_are_parked()
    {
        for (int wait = 0; wait < 6; wait += 2)
        {
            var pool = new WorkerPool(3);
            Assert.Equal(30, Count(pool, 30));
            Thread.Sleep(wait);
            pool.Dispose();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void When_a_thread_cannot_be_started_none_is_left(int startable)
    {
        List<Thread> started = [];
        var error = Assert.Throws<ModelException>(() => new WorkerPool(4, 4, [], thread =>
        {
            if (started.Count == startable)
            {
                throw new InsufficientMemoryException();
            }

            thread.Start();
            started.Add(thread);
        }));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Contains($"{startable + 1} of 4 threads", error.Message, StringComparison.Ordinal);
        Assert.Equal(startable, started.Count);
        Assert.All(started, thread => Assert.False(thread.IsAlive));
    }

    [Fact]
    public void The_threads_of_a_forgotten_pool_end()
    {
        List<Thread> threads = Forget();
        for (int i = 0; i < 100 && threads.Any(thread => thread.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }

        Assert.All(threads, thread => Assert.False(thread.IsAlive));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static List<Thread> Forget()
        {
            List<Thread> threads = [];
            Assert.Equal(30, Count(new WorkerPool(3, 3, [], thread =>
            {
                thread.Start();
                threads.Add(thread);
            }), 30));
            return threads;
        }
    }

    [Fact]
    public void Regions_allocate_nothing()
    {
        using var pool = new WorkerPool(2);
        var work = new Each(64, (_, _) => { });
        pool.Run(work);
        Assert.Equal(0, AllocatedBytes.Of(() =>
        {
            for (int region = 0; region < 100; region++)
            {
                pool.Run(work);
            }
        }));
    }

    [Fact]
    public void Workers_that_wait_take_no_processor_time()
    {
        using var pool = new WorkerPool(4);
        Assert.Equal(10, Count(pool, 10));
        Thread.Sleep(50);
        long[] before = WorkerTicks();
        Thread.Sleep(200);
        Assert.InRange(WorkerTicks().Sum() - before.Sum(), 0, 2);
    }

    static int Count(WorkerPool pool, int units)
    {
        int done = 0;
        pool.Run(new Each(units, (_, _) => Interlocked.Increment(ref done)));
        return done;
    }

    // utime and stime of this process's workers, in ticks of 10 ms.
    static long[] WorkerTicks()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        return [.. Directory.GetDirectories("/proc/self/task")
            .Select(task => File.ReadAllText(Path.Combine(task, "stat")))
            .Where(stat => stat.Contains("(octet worker", StringComparison.Ordinal))
            .Select(stat => stat[(stat.LastIndexOf(')') + 2)..].Split(' '))
            .Select(fields => long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture))];
    }

    sealed class Each(int units, Action<int, int> run) : ParallelWork
    {
        internal override long Units => units;

        internal override void Run(int worker, long first, long end)
        {
            for (int unit = (int)first; unit < end; unit++)
            {
                run(worker, unit);
            }
        }
    }

    sealed class Chunks(int units, Action<int, long, long> run) : ParallelWork
    {
        internal override long Units => units;

        internal override void Run(int worker, long first, long end) => run(worker, first, end);
    }
}
