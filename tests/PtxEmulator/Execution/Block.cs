namespace PtxEmulator;

/// <summary>A block of threads: its warps take turns, in order, until all have exited.</summary>
sealed class Block
{
    // So many rounds without any event in which every warp only polls or waits are taken for a deadlock.
    const int IdleRounds = 64;

    readonly Warp[] _warps;
    readonly bool[] _exited;
    long _events;
    long _eventsSeen;
    int _idle;

    public Block(KernelLaunch launch, LaunchCounters counters)
    {
        Launch = launch;
        Counters = counters;
        Shared = new SharedMemory(launch.SharedEnd);
        int warps = (int)((launch.Block.Count + 31) / 32);
        Order = launch.Options.DetectRaces ? new SharedOrder(warps, launch.SharedEnd) : null;
        Lanes = launch.Options.DetectRaces ? new LaneOrder(launch.SharedEnd) : null;
        _warps = new Warp[warps];
        _exited = new bool[warps];
        for (int i = 0; i < warps; i++)
        {
            _warps[i] = new Warp(this, i);
        }

        Barriers = new BlockBarriers(this);
        PhaseBarriers = new PhaseBarriers(this);
    }

    public KernelLaunch Launch { get; }

    public LaunchCounters Counters { get; }

    public Dim3 Index { get; private set; }

    public SharedMemory Shared { get; }

    /// <summary>The race detector; null where it is switched off.</summary>
    public SharedOrder? Order { get; }

    /// <summary>The same between lanes of one warp.</summary>
    public LaneOrder? Lanes { get; }

    /// <summary>A number that no other block of this launch or those around it has.</summary>
    public ulong Serial { get; private set; }

    /// <summary>So many times lanes of a warp came together.</summary>
    public ulong Epochs { get; set; }

    public BlockBarriers Barriers { get; }

    /// <summary>The <c>mbarrier</c> objects.</summary>
    public PhaseBarriers PhaseBarriers { get; }

    public IReadOnlyList<Warp> Warps => _warps;

    /// <summary>Warps that have not exited.</summary>
    public int Alive { get; private set; }

    public void Begin(Dim3 index)
    {
        Index = index;
        Serial = (Launch.FirstSerial + (ulong)(index.X + ((long)Launch.Grid.X * (index.Y + ((long)Launch.Grid.Y * index.Z))))) & GlobalOrder.SerialMask;
        Alive = _warps.Length;
        _idle = 0;
        Shared.Clear();
        Order?.Begin();
        Lanes?.Begin();
        Barriers.Clear();
        PhaseBarriers.Clear();
        Array.Clear(_exited);
        foreach (Warp warp in _warps)
        {
            warp.Begin();
        }
    }

    /// <summary>Something happened that a waiting warp may have waited for.</summary>
    public void Happened() => _events++;

    /// <summary>Gives every warp a turn.</summary>
    /// <returns>Whether all have exited.</returns>
    public bool Pass()
    {
        bool ran = false;
        bool onlyPolled = true;
        for (int i = 0; i < _warps.Length; i++)
        {
            Warp warp = _warps[i];
            if (_exited[i] || warp.IsBlocked)
            {
                continue;
            }

            Turn turn = warp.Run();
            ran = true;
            onlyPolled &= turn is Turn.Polled or Turn.Blocked;
            if (turn == Turn.Exited)
            {
                _exited[i] = true;
                Alive--;
                Happened();
                Barriers.WarpExited();
            }
        }

        if (Alive == 0)
        {
            Warpgroups.Check(this);
            return true;
        }

        _idle = onlyPolled && _events == _eventsSeen ? _idle + 1 : 0;
        _eventsSeen = _events;
        if (!ran || _idle > IdleRounds)
        {
            throw Deadlock();
        }

        return false;
    }

    PtxException Deadlock()
    {
        Warp[] stuck = [.. _warps.Where((_, i) => !_exited[i])];
        string places = string.Join("; ", stuck.Take(8).Select(warp => warp.Describe()));
        string more = stuck.Length > 8 ? $"; and {stuck.Length - 8} more" : "";
        return new PtxException(PtxError.Deadlock, stuck[0].LineOf(stuck[0].Pc), Launch.Kernel.Name, Index, null, $"no warp can go on: {places}{more}{PhaseBarriers.Describe()}");
    }
}
