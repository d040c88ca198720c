namespace PtxEmulator;

/// <summary>
/// The global memory of an emulated device. Addresses begin at 0x7f00_0000_0000; between allocations lie gaps, so that
/// an access beside one is found. Knows of each byte whether it was written. Allocating and freeing are safe from any
/// thread; a caller orders copies with launches.
/// </summary>
public sealed unsafe class DeviceMemory
{
    const ulong Alignment = 512;
    const ulong Gap = 4096;

    readonly Lock _lock = new();
    readonly HashSet<PtxModule> _modules = [];

    // Sorted by address; replaced as a whole, so that launches read it without the lock.
    Allocation[] _allocations = [];
    ulong _next = AddressWindows.Global;
    long _bytesInUse;

    /// <summary>The sum of the lengths of all allocations, variables of modules left out.</summary>
    public long BytesInUse => Interlocked.Read(ref _bytesInUse);

    /// <summary>Makes an allocation whose bytes count as unwritten.</summary>
    /// <param name="bytes">More than 0.</param>
    /// <param name="name">Told in errors.</param>
    /// <returns>A device address, a multiple of 512. Addresses are never used twice.</returns>
    public ulong Allocate(long bytes, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        lock (_lock)
        {
            ulong start = _next;
            _next += ((ulong)bytes + Gap + Alignment - 1) / Alignment * Alignment;
            Insert(new Allocation(start, bytes, name));
            _bytesInUse += bytes;
            return start;
        }
    }

    /// <summary>Frees what <see cref="Allocate"/> returned; 0 does nothing. Later accesses are errors.</summary>
    public void Free(ulong address)
    {
        if (address == 0)
        {
            return;
        }

        lock (_lock)
        {
            Allocation allocation = Array.Find(_allocations, allocation => allocation.Start == address)
                ?? throw new PtxException(PtxError.OutOfBounds, 0, $"0x{address:x} is no allocation to free");
            _allocations = [.. _allocations.Where(other => other != allocation)];
            _bytesInUse -= allocation.Length;
            allocation.Dispose();
        }
    }

    /// <summary>Copies bytes from the host.</summary>
    /// <exception cref="PtxException">The bytes are not all in one allocation.</exception>
    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        Allocation allocation = Demand(address, bytes.Length, "written");
        long offset = (long)(address - allocation.Start);
        bytes.CopyTo(new Span<byte>(allocation.Data + offset, bytes.Length));
        new Span<byte>(allocation.Written + offset, bytes.Length).Fill(1);
    }

    /// <summary>Copies bytes to the host.</summary>
    /// <param name="address">A device address.</param>
    /// <param name="bytes">Receives the bytes.</param>
    /// <param name="allowUnwritten">Whether bytes that nothing wrote may be read.</param>
    /// <exception cref="PtxException">The bytes are not all in one allocation, or some were never written.</exception>
    public void Read(ulong address, Span<byte> bytes, bool allowUnwritten = false)
    {
        Allocation allocation = Demand(address, bytes.Length, "read");
        long offset = (long)(address - allocation.Start);
        int unwritten = new ReadOnlySpan<byte>(allocation.Written + offset, bytes.Length).IndexOf((byte)0);
        if (unwritten >= 0 && !allowUnwritten)
        {
            throw new PtxException(PtxError.Uninitialized, 0, $"the host reads 0x{address + (ulong)unwritten:x} in {allocation}, which was never written");
        }

        new ReadOnlySpan<byte>(allocation.Data + offset, bytes.Length).CopyTo(bytes);
    }

    /// <summary>Copies within device memory; unwritten bytes stay unwritten. The ranges may overlap.</summary>
    public void Copy(ulong destination, ulong source, long bytes)
    {
        Allocation from = Demand(source, bytes, "copied");
        Allocation to = Demand(destination, bytes, "copied to");
        long fromOffset = (long)(source - from.Start);
        long toOffset = (long)(destination - to.Start);
        Buffer.MemoryCopy(from.Data + fromOffset, to.Data + toOffset, bytes, bytes);
        Buffer.MemoryCopy(from.Written + fromOffset, to.Written + toOffset, bytes, bytes);
    }

    /// <summary>Sets bytes to a value.</summary>
    public void Fill(ulong address, byte value, long bytes)
    {
        Allocation allocation = Demand(address, bytes, "filled");
        long offset = (long)(address - allocation.Start);
        System.Runtime.InteropServices.NativeMemory.Fill(allocation.Data + offset, (nuint)bytes, value);
        System.Runtime.InteropServices.NativeMemory.Fill(allocation.Written + offset, (nuint)bytes, 1);
    }

    /// <summary>Gives the variables of a module their memory and initial values; a second call does nothing. A launch does it by itself.</summary>
    public void Load(PtxModule module)
    {
        lock (_lock)
        {
            if (!_modules.Add(module))
            {
                return;
            }

            foreach (PtxVariable variable in module.Variables.Values)
            {
                var allocation = new Allocation(variable.Address, variable.Size, variable.Name);
                new Span<byte>(allocation.Data, (int)variable.Size).Clear();
                new Span<byte>(allocation.Written, (int)variable.Size).Fill(1);
                variable.Initial.CopyTo(new Span<byte>(allocation.Data, (int)variable.Size));
                Insert(allocation);
            }
        }
    }

    /// <summary>Takes the variables of a module away.</summary>
    public void Unload(PtxModule module)
    {
        lock (_lock)
        {
            if (_modules.Remove(module))
            {
                HashSet<ulong> addresses = [.. module.Variables.Values.Select(variable => variable.Address)];
                _allocations = [.. _allocations.Where(allocation => !addresses.Contains(allocation.Start))];
            }
        }
    }

    /// <summary>The allocation that holds this address, or null.</summary>
    internal Allocation? Find(ulong address)
    {
        Allocation[] allocations = _allocations;
        int low = 0;
        int high = allocations.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            Allocation allocation = allocations[middle];
            if (address < allocation.Start)
            {
                high = middle - 1;
            }
            else if (address - allocation.Start >= (ulong)allocation.Length)
            {
                low = middle + 1;
            }
            else
            {
                return allocation;
            }
        }

        return null;
    }

    /// <summary>Says of an address outside of every allocation what lies below it.</summary>
    internal string Describe(ulong address)
    {
        Allocation? below = Array.FindLast(_allocations, allocation => allocation.Start <= address);
        return below is null ? "no allocation lies below it" : $"{address - below.Start - (ulong)below.Length} bytes behind {below}";
    }

    Allocation Demand(ulong address, long bytes, string done)
    {
        Allocation? allocation = Find(address);
        return allocation?.Holds(address, bytes) == true
            ? allocation
            : throw new PtxException(PtxError.OutOfBounds, 0, $"{bytes} bytes {done} by the host at 0x{address:x} are not all in one allocation: {allocation?.ToString() ?? Describe(address)}");
    }

    void Insert(Allocation allocation) => _allocations = [.. _allocations.Append(allocation).OrderBy(each => each.Start)];
}
