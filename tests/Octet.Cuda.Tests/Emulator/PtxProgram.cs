using System.Runtime.InteropServices;
using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>A device with one module on it.</summary>
sealed class PtxProgram
{
    readonly PtxMachine _machine;

    public PtxProgram(string text, PtxMachineOptions? options = null)
    {
        Module = PtxModule.Parse(text);
        _machine = new PtxMachine(Memory, options);
    }

    public PtxModule Module { get; }

    public DeviceMemory Memory { get; } = new();

    /// <summary>The committed PTX of a kernel file beside these tests.</summary>
    public static string FileText(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Emulator", "Kernels", name));

    /// <summary>A module of one kernel whose body has <c>%r</c>, <c>%rd</c>, <c>%f</c> and <c>%p</c> registers, a pointer in <c>%ptr</c> and the thread in <c>%tid</c>.</summary>
    public static string Kernel(string body, string target = "sm_90a", string version = "8.4", string declarations = "", string variables = "") => $$"""
        .version {{version}}
        .target {{target}}
        .address_size 64
        {{declarations}}
        .visible .entry k(.param .u64 pointer)
        {
            .reg .pred %p<16>;
            .reg .b16 %rs<16>;
            .reg .b32 %r<64>;
            .reg .b64 %rd<32>;
            .reg .f32 %f<64>;
            .reg .b64 %ptr;
            .reg .b32 %tid;
            {{variables}}
            ld.param.u64 %ptr, [pointer];
            mov.u32 %tid, %tid.x;
            {{body}}
            ret;
        }
        """;

    public ulong Upload<T>(params ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        ulong address = Memory.Allocate(bytes.Length);
        Memory.Write(address, bytes);
        return address;
    }

    public T[] Download<T>(ulong address, int count)
        where T : unmanaged
    {
        var values = new T[count];
        Memory.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Launches with parameters of any unmanaged types at their offsets.</summary>
    public LaunchReport Launch(string kernel, Dim3 grid, Dim3 block, int sharedBytes, params ReadOnlySpan<object> arguments)
    {
        PtxKernel entry = Module.Kernels[kernel];
        byte[] parameters = new byte[entry.ParameterBytes];
        for (int i = 0; i < arguments.Length; i++)
        {
            byte[] bytes = arguments[i] switch
            {
                ulong value => BitConverter.GetBytes(value),
                int value => BitConverter.GetBytes(value),
                float value => BitConverter.GetBytes(value),
                byte[] value => value,
                _ => throw new ArgumentException(arguments[i].GetType().Name),
            };
            bytes.CopyTo(parameters, entry.Parameters[i].Offset);
        }

        return _machine.Launch(entry, grid, block, sharedBytes, parameters);
    }

    /// <summary>Runs a body (see <see cref="Kernel"/>) on one block with a buffer of words, and gives the buffer back.</summary>
    public static uint[] Run(string body, uint[] buffer, int threads = 32, string declarations = "", string variables = "", int sharedBytes = 0)
    {
        var program = new PtxProgram(Kernel(body, declarations: declarations, variables: variables));
        ulong address = program.Upload<uint>(buffer);
        program.Launch("k", new Dim3(1), new Dim3(threads), sharedBytes, address);
        return program.Download<uint>(address, buffer.Length);
    }
}
