using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>Launches that begin while those before them end: what they may do before they wait.</summary>
public class OverlapTests
{
    // Makes 5 of the buffer's first word, as a launch before would.
    const string Write = "st.global.u32 [%ptr], 5;";

    [Fact]
    public void A_kernel_that_waits_reads_what_the_launch_before_wrote()
    {
        (DeviceMemory memory, ulong buffer) = Run("ld.global.u32 %r2, [%rd1];", "ld.global.u32 %r1, [%ptr]; add.u32 %r1, %r1, %r2; st.global.u32 [%ptr+4], %r1;");
        byte[] word = new byte[4];
        memory.Read(buffer + 4, word);
        Assert.Equal(5 + 7, BitConverter.ToInt32(word));
    }

    [Fact]
    public void Reading_what_the_launch_before_may_write_needs_a_wait()
        => Refused("reads in an allocation", () => Run("ld.global.u32 %r1, [%ptr];", ""));

    [Fact]
    public void Writing_needs_a_wait()
        => Refused("writes in an allocation", () => Run("st.global.u32 [%ptr+4], %r2;", ""));

    [Fact]
    public void A_copy_that_goes_on_beside_needs_a_wait()
        => Refused("reads in an allocation", () => Run("cp.async.cg.shared.global [stage], [%ptr], 16; cp.async.wait_all;", ""));

    [Fact]
    public void What_the_launch_before_wrote_is_no_memory_that_is_only_read()
        => Refused("reads by .nc", () => Run("", "ld.global.nc.u32 %r1, [%ptr];"));

    [Fact]
    public void A_kernel_that_never_waits_is_refused()
        => Refused("never waits", () => Run("", "", waits: false));

    [Fact]
    public void To_let_the_next_launch_begin_is_not_to_wait()
        => Refused("reads in an allocation", () => Run("griddepcontrol.launch_dependents; ld.global.u32 %r1, [%ptr];", ""));

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "bar.warp.sync -1;", false)]
    public void Another_lane_s_wait_is_known_behind_a_barrier(string early, string between, bool refused)
    {
        void Launched() => Run(early, $"{between} setp.eq.u32 %p1, %tid, 1; @%p1 ld.global.u32 %r1, [%ptr];", threads: 32, guard: "setp.eq.u32 %p0, %tid, 0; @%p0");
        if (refused)
        {
            Refused("reads in an allocation", Launched);
        }
        else
        {
            Launched();
        }
    }

    const string Barrier = "mov.u32 %r5, stage; mov.u32 %r6, barrier; mbarrier.init.shared.b64 [%r6], 1; fence.proxy.async.shared::cta;";

    const string Fetch = "mbarrier.arrive.expect_tx.shared.b64 _, [%r6], 16; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r5], [%ptr], 16, [%r6];";

    /// <summary>PTX ISA, "Async proxy": the wait makes what launches before wrote visible to ordinary reads.</summary>
    [Theory]
    [InlineData("", "fence.proxy.async.global;" + Fetch, false)]
    [InlineData("", "fence.proxy.async;" + Fetch, false)]
    [InlineData("", Fetch, true)]
    [InlineData("", "fence.proxy.async.shared::cta;" + Fetch, true)]
    [InlineData("fence.proxy.async;", Fetch, true)]
    public void Bulk_copies_of_what_the_launch_before_wrote_need_a_fence_behind_the_wait(string early, string late, bool refused)
    {
        void Launched() => Run(Barrier + early, late);
        if (refused)
        {
            Refused("fence.proxy.async is missing", Launched);
        }
        else
        {
            Launched();
        }
    }

    [Fact]
    public void A_launch_before_that_did_not_wait_either_may_still_run_beside()
    {
        var memory = new DeviceMemory();
        var machine = new PtxMachine(memory);
        ulong buffer = Buffer(memory);
        Launch(machine, Write, buffer, overlaps: false);
        Launch(machine, "griddepcontrol.wait;", buffer, overlaps: true);
        Refused("launch 1 wrote to", () => Launch(machine, "ld.global.u32 %r1, [%ptr]; griddepcontrol.wait;", buffer, overlaps: true));
    }

    [Fact]
    public void A_launch_that_begins_when_all_have_ended_has_nothing_to_wait_for()
    {
        var memory = new DeviceMemory();
        var machine = new PtxMachine(memory);
        ulong buffer = Buffer(memory);
        Launch(machine, Write, buffer, overlaps: false);
        Launch(machine, "ld.global.u32 %r1, [%ptr];", buffer, overlaps: false);
        Launch(machine, "ld.global.u32 %r1, [%ptr]; griddepcontrol.wait;", buffer, overlaps: true);
    }

    [Theory]
    [InlineData("griddepcontrol.wait;")]
    [InlineData("griddepcontrol.launch_dependents;")]
    public void Targets_before_sm_90_do_not_have_it(string instruction)
    {
        PtxException error = Assert.Throws<PtxException>(() => PtxModule.Parse(PtxProgram.Kernel(instruction, "sm_89")));
        Assert.Equal(PtxError.NotInTarget, error.Error);
        Assert.Contains("needs .target sm_90 or later", error.Message, StringComparison.Ordinal);
    }

    static void Refused(string what, Action run)
    {
        PtxException error = Assert.Throws<PtxException>(run);
        Assert.Equal(PtxError.Overlap, error.Error);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    /// <summary>A launch that writes to the buffer, and beside it one that does something before it waits, and something then.</summary>
    /// <param name="early">What it does first; in <c>%rd1</c> is the address of another allocation, of a 7, which nobody writes to.</param>
    /// <param name="late">What it does then.</param>
    /// <param name="waits">Whether it waits between.</param>
    /// <param name="threads">Of its block.</param>
    /// <param name="guard">Before the wait: who waits.</param>
    static (DeviceMemory Memory, ulong Buffer) Run(string early, string late, bool waits = true, int threads = 1, string guard = "")
    {
        var memory = new DeviceMemory();
        var machine = new PtxMachine(memory);
        ulong buffer = Buffer(memory);
        ulong constant = memory.Allocate(4);
        memory.Write(constant, BitConverter.GetBytes(7));
        Launch(machine, Write, buffer, overlaps: false);
        Launch(machine, $"mov.u64 %rd1, {constant}; mov.u32 %r2, 0; {early} {(waits ? guard + " griddepcontrol.wait;" : "")} {late}", buffer, overlaps: true, threads);
        return (memory, buffer);
    }

    static ulong Buffer(DeviceMemory memory)
    {
        ulong buffer = memory.Allocate(64);
        memory.Write(buffer, new byte[64]);
        return buffer;
    }

    static void Launch(PtxMachine machine, string body, ulong buffer, bool overlaps, int threads = 1)
    {
        string text = PtxProgram.Kernel(body, declarations: ".shared .align 16 .b8 stage[16]; .shared .align 8 .b64 barrier;");
        machine.Launch(PtxModule.Parse(text).Kernels["k"], new Dim3(1), new Dim3(threads), 0, BitConverter.GetBytes(buffer), overlaps: overlaps);
    }
}
