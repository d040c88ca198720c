using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Cuda.Driver;

/// <summary>Kernels that were compiled for the card.</summary>
sealed unsafe class CudaModule : CudaResource
{
    const int ErrorLog = 5;
    const int ErrorLogBytes = 6;
    const int LogLength = 8192;

    // Of the log in a message: the first errors.
    const int TextLength = 400;

    CudaModule(CudaContext context, nint handle)
        : base(context, handle)
    {
    }

    internal static CudaModule Load(CudaContext context, string ptx)
    {
        byte[] text = new byte[Encoding.UTF8.GetByteCount(ptx) + 1];
        Encoding.UTF8.GetBytes(ptx, text);
        byte[] log = new byte[LogLength];
        nint handle = 0;
        int result;
        fixed (byte* image = text, errors = log)
        {
            int* options = stackalloc int[] { ErrorLog, ErrorLogBytes };
            void** values = stackalloc void*[] { errors, (void*)LogLength };
            result = context.Driver.cuModuleLoadDataEx(&handle, image, 2, options, values);
        }

        if (result != CudaResult.Success)
        {
            context.Throw(context.Driver.Failure(result, nameof(context.Driver.cuModuleLoadDataEx), Beginning(log)));
        }

        return new CudaModule(context, handle);
    }

    /// <summary>A kernel, ready to be launched.</summary>
    /// <param name="name">As the text has it.</param>
    /// <param name="overlaps">As <see cref="CudaFunction.Overlaps"/>.</param>
    /// <exception cref="CudaException">There is none of that name.</exception>
    internal CudaFunction GetFunction(string name, bool overlaps = false)
    {
        Context.MakeCurrent();
        nint function = 0;
        fixed (byte* text = Name(name))
        {
            Check(Driver.cuModuleGetFunction(&function, Raw, text), $"cuModuleGetFunction of {name}");
        }

        // Otherwise a new driver loads it when it is first launched, which a recording of a graph forbids.
        if (Driver.cuFuncLoad is not null)
        {
            Check(Driver.cuFuncLoad(function), $"cuFuncLoad of {name}");
        }

        return new CudaFunction(this, function, name) { Overlaps = overlaps };
    }

    /// <summary>A variable of the module.</summary>
    /// <param name="name">As the text has it.</param>
    /// <exception cref="CudaException">There is none of that name.</exception>
    internal DeviceSpan GetGlobal(string name)
    {
        Context.MakeCurrent();
        ulong address = 0;
        nuint bytes = 0;
        fixed (byte* text = Name(name))
        {
            Check(Driver.cuModuleGetGlobal_v2(&address, &bytes, Raw, text), $"cuModuleGetGlobal_v2 of {name}");
        }

        return new DeviceSpan(address, (long)bytes);
    }

    protected override void Free(nint resource) => Driver.cuModuleUnload(resource);

    static byte[] Name(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    static string? Beginning(byte[] log)
    {
        int length = Array.IndexOf(log, (byte)0);
        string[] lines = Encoding.UTF8.GetString(log, 0, length < 0 ? log.Length : length).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string text = string.Join(" | ", lines);
        return text.Length == 0 ? null : text.Length > TextLength ? OneLine.Cut(text, TextLength) + "..." : text;
    }
}
