namespace PtxEmulator;

/// <summary>A pair of accesses to the same shared bytes that nothing orders.</summary>
/// <param name="Address">The word's shared address.</param>
/// <param name="Agent">Who made the earlier access: a warp, or behind the warps the copy engine.</param>
/// <param name="Instruction">The index of the earlier write in the code; -1 for a read.</param>
/// <param name="MissingFence">Ordered, but a generic write reaches the asynchronous proxy without <c>fence.proxy.async</c>.</param>
readonly record struct SharedConflict(int Address, int Agent, int Instruction, bool MissingFence);

/// <summary>
/// Finds races in shared memory by vector clocks. The agents are the block's warps and, last, the engine of bulk copies.
/// Every agent has a clock that advances when it releases (arrives at a barrier); an access carries its agent's clock;
/// it is ordered before another agent's access if that agent has seen the clock, through a chain of barriers.
/// A word remembers its last write, and of every agent the last read.
/// Lanes of one warp are one agent, whose order is <see cref="LaneOrder"/>'s; atomics and volatile accesses are not looked at.
/// </summary>
sealed class SharedOrder
{
    const int AgentShift = 54;
    const int InstructionShift = 34;
    const ulong ClockMask = (1UL << InstructionShift) - 1;
    const int InstructionMask = (1 << (AgentShift - InstructionShift)) - 1;
    const int BytesShift = 60;

    readonly int _agents;
    readonly int _words;

    // Per agent a row: the clocks it has seen of all agents, then those of them whose writes to shared memory a fence has made
    // visible to the asynchronous proxy, then the same of global memory.
    readonly long[][] _rows;
    readonly ulong[] _writes;
    readonly long[][] _reads;
    readonly long[] _lastWrite;
    readonly long[] _lastRead;

    // Rises with every first access at a new clock: as long as it stands, an agent that has seen all accesses still has.
    long _version;
    readonly long[] _seenWritesAt;
    readonly long[] _seenReadsAt;
    readonly int[] _unseenReaders;

    public SharedOrder(int warps, int sharedEnd)
    {
        _agents = warps + 1;
        _words = (sharedEnd + 3) / 4;
        _rows = Rows(3 * _agents);
        _reads = Rows(_words);
        _writes = new ulong[_words];
        _lastWrite = new long[_agents];
        _lastRead = new long[_agents];
        _seenWritesAt = new long[_agents];
        _seenReadsAt = new long[_agents];
        _unseenReaders = new int[_agents];
        Begin();
    }

    /// <summary>The agent of bulk copies.</summary>
    public int Engine => _agents - 1;

    /// <summary>The length of a vector of clocks for <see cref="Release"/> and <see cref="Acquire"/>.</summary>
    public int ClockLength => 3 * _agents;

    /// <summary>A new block: what the one before it did is seen by all.</summary>
    public void Begin()
    {
        for (int agent = 0; agent < _agents; agent++)
        {
            for (int other = 0; other < _agents; other++)
            {
                _rows[agent][other] = Math.Max(_rows[agent][other], _rows[other][other]);
            }

            _rows[agent].AsSpan(0, _agents).CopyTo(_rows[agent].AsSpan(_agents));
            _rows[agent].AsSpan(0, _agents).CopyTo(_rows[agent].AsSpan(2 * _agents));
        }

        for (int agent = 0; agent < _agents; agent++)
        {
            _rows[agent][agent]++;
        }
    }

    /// <summary>What the agent did and saw until now goes with the vector; what it did itself up to a clock.</summary>
    public void Release(int agent, long[] clocks, long upTo = long.MaxValue)
    {
        JoinUpTo(clocks, agent, upTo);
        _rows[agent][agent]++;
    }

    /// <summary>The agent sees what was released into the vector.</summary>
    public void Acquire(int agent, long[] clocks) => Join(_rows[agent], clocks);

    /// <summary>The copy engine begins what a warp asks of it: it sees what the warp sees.</summary>
    public void Issue(int warp, long upTo)
    {
        JoinUpTo(_rows[Engine], warp, upTo);
        _rows[warp][warp]++;
    }

    /// <summary>What the agent does from here on has another clock.</summary>
    /// <returns>The clock of what it did until now.</returns>
    public long Advance(int agent) => _rows[agent][agent]++;

    /// <summary>A warp sees all that the copy engine did.</summary>
    public void AwaitEngine(int warp)
    {
        Join(_rows[warp], _rows[Engine]);
        _rows[Engine][Engine]++;
    }

    /// <summary>
    /// All writes that the agent has seen become visible to the asynchronous proxy (PTX ISA, "membar/fence": <c>fence.proxy.async</c>,
    /// which a state space restricts to itself).
    /// </summary>
    /// <param name="agent">Whose lanes have executed it.</param>
    /// <param name="shared">Whether it is for shared memory.</param>
    /// <param name="global">Whether it is for global memory.</param>
    /// <param name="upTo">The clock up to which it covers what the agent wrote itself.</param>
    public void FenceAsync(int agent, bool shared, bool global, long upTo)
    {
        long[] row = _rows[agent];
        for (int i = 0; i < _agents; i++)
        {
            long seen = i == agent ? Math.Min(row[i], upTo) : row[i];
            row[_agents + i] = shared ? Math.Max(row[_agents + i], seen) : row[_agents + i];
            row[(2 * _agents) + i] = global ? Math.Max(row[(2 * _agents) + i], seen) : row[(2 * _agents) + i];
        }

        row[agent]++;
    }

    /// <summary>The agent's own clock, which its accesses to global memory carry too (<see cref="GlobalOrder"/>).</summary>
    public long ClockOf(int agent) => _rows[agent][agent];

    /// <summary>Whether an agent has seen what another did at a clock.</summary>
    public bool HasSeen(int agent, int other, long clock) => agent == other || clock <= _rows[agent][other];

    /// <summary>Whether a fence that the agent has seen covers what another wrote to global memory at a clock.</summary>
    public bool HasFencedGlobal(int agent, int other, long clock) => clock <= _rows[agent][(2 * _agents) + other];

    /// <summary>The last writes of the words of sixteen bytes, as marks that the next ones change.</summary>
    public (ulong, ulong, ulong, ulong) WritesAt(int address)
    {
        Span<ulong> words = _writes.AsSpan(address >> 2, 4);
        return (words[0], words[1], words[2], words[3]);
    }


    /// <summary>An agent reads bytes; through the asynchronous proxy, writes of warps have to be fenced too.</summary>
    public SharedConflict? Read(int agent, int address, int bytes, bool asynchronous = false)
    {
        long[] row = _rows[agent];
        bool check = !AllSeen(_lastWrite, row, agent, _seenWritesAt) || (asynchronous && !AllFenced(row));
        long[] reads = _reads[agent];
        long clock = row[agent];
        Note(_lastRead, agent, clock);
        int last = (address + bytes - 1) >> 2;
        if (!check && bytes >= 4)
        {
            reads.AsSpan(address >> 2, last - (address >> 2) + 1).Fill(clock);
            return null;
        }

        for (int word = address >> 2; word <= last; word++)
        {
            if (check && UnseenWrite(agent, row, word, BytesOf(word, address, bytes), asynchronous) is { } conflict)
            {
                return conflict;
            }

            if (bytes >= 4)
            {
                reads[word] = clock;
            }
        }

        return null;
    }

    /// <summary>Whether an agent that is about to read has to look at each word it reads; for <see cref="BeginPiece"/>.</summary>
    public bool HasUnseenWrites(int agent, bool asynchronous) =>
        !AllSeen(_lastWrite, _rows[agent], agent, _seenWritesAt) || (asynchronous && !AllFenced(_rows[agent]));

    /// <summary>Sixteen bytes of many that one instruction will have read through the asynchronous proxy when it is waited for.</summary>
    /// <param name="agent">Who reads.</param>
    /// <param name="address">A multiple of 16.</param>
    /// <param name="check">What <see cref="HasUnseenWrites"/> said before the first.</param>
    public SharedConflict? BeginPiece(int agent, int address, bool check) => check ? Read(agent, address, 16, asynchronous: true) : null;

    /// <summary>They were read.</summary>
    public void EndPiece(int agent, int address)
    {
        long clock = _rows[agent][agent];
        Note(_lastRead, agent, clock);
        _reads[agent].AsSpan(address >> 2, 4).Fill(clock);
    }

    /// <summary>An agent writes bytes.</summary>
    public SharedConflict? Write(int agent, int address, int bytes, int instruction)
    {
        long[] row = _rows[agent];
        bool checkWrites = !AllSeen(_lastWrite, row, agent, _seenWritesAt);
        int unseenReaders = bytes >= 4 && !AllSeen(_lastRead, row, agent, _seenReadsAt) ? UnseenReaders(row) : 0;
        long clock = row[agent];
        Note(_lastWrite, agent, clock);
        ulong stamp = ((ulong)agent << AgentShift) | ((ulong)(instruction & InstructionMask) << InstructionShift) | (ulong)clock;
        int last = (address + bytes - 1) >> 2;
        if (!checkWrites && unseenReaders == 0 && ((address | bytes) & 3) == 0)
        {
            _writes.AsSpan(address >> 2, bytes >> 2).Fill(stamp | (15UL << BytesShift));
            return null;
        }

        for (int word = address >> 2; word <= last; word++)
        {
            uint touched = BytesOf(word, address, bytes);
            if (checkWrites && UnseenWrite(agent, row, word, touched, asynchronous: false) is { } conflict)
            {
                return conflict;
            }

            if (unseenReaders > 0 && UnseenRead(row, word, unseenReaders) is { } reader)
            {
                return new SharedConflict(word << 2, reader, -1, MissingFence: false);
            }

            ulong before = _writes[word];
            uint together = touched | (SameWriter(before, stamp) ? (uint)(before >> BytesShift) : 0);
            _writes[word] = stamp | ((ulong)together << BytesShift);
        }

        return null;
    }

    void Note(long[] last, int agent, long clock)
    {
        if (last[agent] != clock)
        {
            last[agent] = clock;
            _version++;
        }
    }

    bool AllSeen(long[] last, long[] row, int agent, long[] seenAt)
    {
        if (seenAt[agent] == _version)
        {
            return true;
        }

        for (int i = 0; i < last.Length; i++)
        {
            if (last[i] > row[i])
            {
                return false;
            }
        }

        seenAt[agent] = _version;
        return true;
    }

    /// <summary>Collects the agents some of whose reads this row has not seen.</summary>
    int UnseenReaders(long[] row)
    {
        int count = 0;
        for (int i = 0; i < _agents; i++)
        {
            if (_lastRead[i] > row[i])
            {
                _unseenReaders[count++] = i;
            }
        }

        return count;
    }

    /// <summary>Whether a fence that the agent has seen covers the last writes of all warps.</summary>
    bool AllFenced(long[] row)
    {
        for (int i = 0; i < Engine; i++)
        {
            if (_lastWrite[i] > row[_agents + i])
            {
                return false;
            }
        }

        return true;
    }

    SharedConflict? UnseenWrite(int agent, long[] row, int word, uint touched, bool asynchronous)
    {
        ulong write = _writes[word];
        int writer = (int)(write >> AgentShift) & 63;
        long clock = (long)(write & ClockMask);
        if (clock <= row[writer] && !asynchronous)
        {
            return null;
        }

        if (clock == 0 || ((uint)(write >> BytesShift) & touched) == 0)
        {
            return null;
        }

        bool race = writer != agent && clock > row[writer];
        bool unfenced = asynchronous && writer != Engine && clock > row[_agents + writer];
        return race || unfenced ? new SharedConflict(word << 2, writer, (int)(write >> InstructionShift) & InstructionMask, !race) : null;
    }

    int? UnseenRead(long[] row, int word, int readers)
    {
        for (int i = 0; i < readers; i++)
        {
            int reader = _unseenReaders[i];
            if (_reads[reader][word] > row[reader])
            {
                return reader;
            }
        }

        return null;
    }

    static bool SameWriter(ulong a, ulong b)
    {
        const ulong Who = (63UL << AgentShift) | ClockMask;
        return (a & Who) == (b & Who);
    }

    /// <summary>The bytes of a word, one bit each, that a range covers.</summary>
    public static uint BytesOf(int word, int address, int bytes)
    {
        int from = Math.Max(0, address - (word << 2));
        int to = Math.Min(4, address + bytes - (word << 2));
        return (1u << to) - (1u << from);
    }

    void JoinUpTo(long[] into, int agent, long upTo)
    {
        long[] row = _rows[agent];
        long own = into[agent];
        Join(into, row);
        into[agent] = Math.Max(own, Math.Min(row[agent], upTo));
    }

    static void Join(long[] into, long[] from)
    {
        for (int i = 0; i < from.Length; i++)
        {
            into[i] = Math.Max(into[i], from[i]);
        }
    }

    long[][] Rows(int length)
    {
        var rows = new long[_agents][];
        for (int i = 0; i < _agents; i++)
        {
            rows[i] = new long[length];
        }

        return rows;
    }
}
