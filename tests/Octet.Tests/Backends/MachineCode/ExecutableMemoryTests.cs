using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Octet.Backends.Cpu.MachineCode;
using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Tests.Backends.MachineCode;

public unsafe class ExecutableMemoryTests
{
    [Fact]
    public void Functions_run_where_they_were_put()
    {
        SkipElsewhere();
        using ExecutableMemory memory = Create(Function(7), Function(70_000), Function(-5));
        foreach ((int index, long expected) in ((int, long)[])[(0, 7), (1, 70_000), (2, -5)])
        {
            long result = 0;
            memory.Entry(index)(&result);
            Assert.Equal(expected, result);
        }
    }

    [Fact]
    public void A_loop_runs_as_often_as_it_says()
    {
        SkipElsewhere();
        var code = new X64Encoder();
        code.Move(R8, X64Encoder.FirstArgument);
        code.Load(R9, R8, 0);
        code.Move(Rax, 0);
        int again = code.Position;
        code.Add(Rax, 3);
        code.Decrement(R9);
        code.JumpIfNotZero(again);
        code.Store(R8, 8, Rax);
        code.Return();
        using ExecutableMemory memory = Create(code.ToArray());
        long* values = stackalloc long[] { 1000, 0 };
        memory.Entry(0)(values);
        Assert.Equal(3000, values[1]);
    }

    [Fact]
    public void Its_pages_can_be_executed_and_not_written()
    {
        SkipElsewhere();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the pages' rights are read from /proc");
        using ExecutableMemory memory = Create(Function(1));
        nint address = (nint)memory.Entry(0);
        string line = File.ReadLines("/proc/self/maps").Single(line =>
        {
            nint[] range = [.. line.Split(' ')[0].Split('-').Select(number => nint.Parse(number, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            return range[0] <= address && address < range[1];
        });
        Assert.Equal("r-xp", line.Split(' ')[1]);
    }

    [Fact]
    public void What_was_given_back_is_not_entered()
    {
        SkipElsewhere();
        ExecutableMemory memory = Create(Function(1));
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)memory.Entry(0));
    }

    [Fact]
    public void The_operating_system_saves_what_it_lets_dotnet_use()
    {
        SkipElsewhere();
        Assert.True(ExtendedControl.TryRead(out ulong state, out string? refusal), refusal);

        // x87 and SSE always; AVX's upper halves and AVX-512's registers where .NET, which looks at the same register, uses them.
        Assert.Equal(3UL, state & 3);
        Assert.False(Avx.IsSupported && (state & 4) == 0);
        Assert.False(Avx512F.IsSupported && (state & 0xE0) != 0xE0);
    }

    static byte[] Function(int value)
    {
        var code = new X64Encoder();
        code.Move(Rax, value);
        code.Store(X64Encoder.FirstArgument, 0, Rax);
        code.Return();
        return code.ToArray();
    }

    static ExecutableMemory Create(params byte[][] functions)
    {
        Assert.True(ExecutableMemory.TryCreate(functions, out ExecutableMemory? memory, out string? refusal), refusal);
        return memory;
    }

    static void SkipElsewhere() => Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "the code is for x64");
}
