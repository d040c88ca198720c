using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

public sealed class ThreadPlacementTests : IDisposable
{
    readonly TemporaryDirectory _sys = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Nodes_are_read_in_the_order_of_their_numbers()
    {
        Node("node10", "6\n");
        Node("node2", "0-1,4\n");
        Node("node0", "2,3,5,7-7\n");
        Directory.CreateDirectory(Path.Combine(_sys.Path, "power"));
        Directory.CreateDirectory(Path.Combine(_sys.Path, "nodes"));
        File.WriteAllText(Path.Combine(_sys.Path, "online"), "0,2,10\n");

        Assert.Equal([[2, 3, 5, 7], [0, 1, 4], [6]], NumaNodes.Read(_sys.Path));
    }

    [Fact]
    public void A_node_of_memory_alone_is_left_out()
    {
        Node("node0", "0-3\n");
        Node("node1", "\n");

        Assert.Equal([[0, 1, 2, 3]], NumaNodes.Read(_sys.Path));
    }

    [Theory]
    [InlineData("0-")]
    [InlineData("3-1")]
    [InlineData("0-1-2")]
    [InlineData("a")]
    [InlineData("-1")]
    [InlineData("0-2000000000")]
    [InlineData("99999999999")]
    public void A_list_that_is_not_understood_places_nothing(string list)
    {
        Node("node0", "0-3");
        Node("node1", list);

        Assert.Empty(NumaNodes.Read(_sys.Path));
    }

    [Fact]
    public void A_folder_or_a_list_that_is_missing_places_nothing()
    {
        Assert.Empty(NumaNodes.Read(Path.Combine(_sys.Path, "hidden")));
        Node("node0", "0-3");
        Directory.CreateDirectory(Path.Combine(_sys.Path, "node1"));
        Assert.Empty(NumaNodes.Read(_sys.Path));
    }

    [Fact]
    public void Workers_are_bound_to_nodes_in_blocks_as_large_as_the_nodes()
    {
        int[] a = [0, 1, 2, 3, 8, 9, 10, 11];
        int[] b = [4, 5, 6, 7];
        HashSet<int> all = [.. a, .. b];

        Assert.Equal([a, a, b], ThreadPlacement.Plan([a, b], all, 3));
        Assert.Equal([.. Enumerable.Repeat(a, 8), .. Enumerable.Repeat(b, 4)], ThreadPlacement.Plan([a, b], all, 12));
        Assert.Equal([.. Enumerable.Repeat(a, 16), .. Enumerable.Repeat(b, 8)], ThreadPlacement.Plan([a, b], all, 24));
    }

    [Fact]
    public void One_node_or_chosen_processors_bind_nothing()
    {
        Assert.Empty(ThreadPlacement.Plan([[0, 1]], new HashSet<int> { 0, 1 }, 2));
        Assert.Empty(ThreadPlacement.Plan([[0, 1], [2, 3]], new HashSet<int> { 0, 1, 2 }, 4));
        Assert.Empty(ThreadPlacement.Plan([], new HashSet<int>(), 4));
    }

    [Fact]
    public void A_worker_runs_on_the_processors_of_its_place_and_the_caller_on_its_own()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "threads are placed on Linux");
        HashSet<int> before = ThreadPlacement.Allowed();
        Assert.SkipUnless(before.Count > 1, "one processor");
        int last = before.Max();
        using var pool = new WorkerPool(2, 2, [[before.Min()], [last]]);
        using var work = new Affinities();
        pool.Run(work);
        Assert.Equal([last], work.Seen[1]!);
        Assert.Equal(before, work.Seen[0]!);
    }

    [Fact]
    public void A_place_that_does_not_exist_is_not_an_error()
    {
        using var pool = new WorkerPool(2, 2, [[8191], [8191]]);
        using var work = new Affinities();
        pool.Run(work);
        Assert.NotNull(work.Seen[1]);
    }

    void Node(string name, string list)
    {
        string folder = Path.Combine(_sys.Path, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "cpulist"), list);
    }

    // Two units that each wait for the other: two threads take one each.
    sealed class Affinities : ParallelWork, IDisposable
    {
        readonly Barrier _both = new(2);

        internal HashSet<int>?[] Seen { get; } = new HashSet<int>?[2];

        internal override long Units => 2;

        internal override void Run(int worker, long first, long end)
        {
            Assert.True(_both.SignalAndWait(TimeSpan.FromSeconds(20)));
            Seen[worker] = ThreadPlacement.Allowed();
        }

        public void Dispose() => _both.Dispose();
    }
}
