namespace PtxEmulator;

/// <summary>One host thread's part of a launch: it runs blocks, and keeps the memory of registers between them.</summary>
sealed class BlockRunner
{
    readonly KernelLaunch _launch;
    readonly Block[] _residents;

    public BlockRunner(KernelLaunch launch, int residents)
    {
        _launch = launch;
        Counters = new LaunchCounters(launch.Code.Length);
        _residents = new Block[residents];
        for (int i = 0; i < residents; i++)
        {
            _residents[i] = new Block(launch, Counters);
        }
    }

    public LaunchCounters Counters { get; }

    /// <summary>The error that ended this part, and the index of its block.</summary>
    public (long Block, PtxException Error)? Failure { get; private set; }

    public void RunInOrder() => RunShare(0, 1);

    /// <summary>Runs every <paramref name="step"/>-th block from <paramref name="first"/> on.</summary>
    public void RunShare(int first, int step)
    {
        Block block = _residents[0];
        for (long index = first; index < _launch.Grid.Count && index < Interlocked.Read(ref _launch.FirstFailure); index += step)
        {
            try
            {
                block.Begin(_launch.Grid.At(index));
                while (!block.Pass())
                {
                }
            }
            catch (PtxException error)
            {
                Fail(index, error);
                return;
            }
        }
    }

    /// <summary>Runs all blocks in turns.</summary>
    public void RunResident()
    {
        int running = 0;
        try
        {
            for (int i = 0; i < _residents.Length; i++)
            {
                _residents[i].Begin(_launch.Grid.At(i));
            }

            bool[] done = new bool[_residents.Length];
            for (int left = _residents.Length; left > 0;)
            {
                for (running = 0; running < _residents.Length; running++)
                {
                    if (!done[running] && _residents[running].Pass())
                    {
                        done[running] = true;
                        left--;
                    }
                }
            }
        }
        catch (PtxException error)
        {
            Fail(running, error);
        }
    }

    void Fail(long index, PtxException error)
    {
        Failure = (index, error);
        lock (_launch)
        {
            _launch.FirstFailure = Math.Min(_launch.FirstFailure, index);
        }
    }
}
