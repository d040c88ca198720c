namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>Small kernels for tests of what is around kernels.</summary>
static class SmallKernels
{
    /// <summary>As <see cref="Add"/>, but it waits by itself for the launches before it.</summary>
    internal static string Waiting => Add("8.0", "sm_90").Replace("ld.param.u64 %rd1", "griddepcontrol.launch_dependents;\n    griddepcontrol.wait;\n    ld.param.u64 %rd1", StringComparison.Ordinal);

    /// <summary><c>add(pointer, value, count)</c>: adds a value to each of so many 32-bit numbers, one a thread.</summary>
    internal static string Add(string version = "7.0", string target = "sm_80") => $$"""
        .version {{version}}
        .target {{target}}
        .address_size 64

        .global .align 4 .u32 scale = 7;

        .visible .entry add(.param .u64 add_param_0, .param .u32 add_param_1, .param .u32 add_param_2)
        {
            .reg .pred %p<2>;
            .reg .b32 %r<8>;
            .reg .b64 %rd<5>;

            ld.param.u64 %rd1, [add_param_0];
            ld.param.u32 %r1, [add_param_1];
            ld.param.u32 %r2, [add_param_2];
            mov.u32 %r3, %tid.x;
            mov.u32 %r4, %ctaid.x;
            mov.u32 %r5, %ntid.x;
            mad.lo.s32 %r6, %r4, %r5, %r3;
            setp.ge.u32 %p1, %r6, %r2;
            @%p1 bra $DONE;
            cvta.to.global.u64 %rd2, %rd1;
            mul.wide.u32 %rd3, %r6, 4;
            add.s64 %rd4, %rd2, %rd3;
            ld.global.u32 %r7, [%rd4];
            add.s32 %r7, %r7, %r1;
            st.global.u32 [%rd4], %r7;
        $DONE:
            ret;
        }
        """;
}
