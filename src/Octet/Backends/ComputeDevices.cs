namespace Octet.Backends;

/// <summary>The devices that a model may be opened on: the CPU, and the kinds that packages have made known. Thread-safe.</summary>
static class ComputeDevices
{
    const string Unknown = "reference the package Octet.Cuda and call its CudaDevices.Register()";

    static readonly Lock s_lock = new();
    static DeviceKind[] s_kinds = [];

    /// <summary>Makes a kind known, in the place of one of the same name.</summary>
    internal static void Register(DeviceKind kind)
    {
        lock (s_lock)
        {
            s_kinds = [.. s_kinds.Where(known => known.Name != kind.Name), kind];
        }
    }

    /// <summary>Opens something on the device of a name.</summary>
    /// <typeparam name="T">What is opened.</typeparam>
    /// <param name="name">As in <see cref="LanguageModelOptions.Device"/>.</param>
    /// <param name="mode">How the inputs of FP8 layers are held.</param>
    /// <param name="cpu">Makes the CPU's backend.</param>
    /// <param name="open">
    /// Opens it on a backend, which it owns from then on, and disposes of where it fails; beside it a notice, or null. With <c>auto</c> it is called again, for the CPU, where
    /// another device was refused it.
    /// </param>
    /// <param name="kinds">The kinds beside the CPU; null: those that are known.</param>
    /// <param name="needs">What it needs of a device, the CPU aside; null: nothing.</param>
    /// <exception cref="ModelException">There is no such device, or it cannot be used, or not for this.</exception>
    internal static T Open<T>(string name, ActivationMode mode, Func<Backend> cpu, Func<Backend, string?, T> open, IReadOnlyList<DeviceKind>? kinds = null, ModelNeeds? needs = null)
    {
        kinds ??= Volatile.Read(ref s_kinds);
        DeviceName device = DeviceName.Parse(name);
        if (device.Kind == DeviceName.Cpu)
        {
            return open(cpu(), null);
        }

        if (device.Kind != DeviceName.Auto)
        {
            DeviceKind kind = kinds.FirstOrDefault(kind => kind.Name == device.Kind) ?? throw new ModelException(ModelError.Unsupported, $"device {device} is not known: {Unknown}");
            if (Refusal(kind, device.Ordinal, needs) is { } refusal)
            {
                throw new ModelException(ModelError.Unsupported, $"device {device} cannot be used: {refusal}");
            }

            return open(kind.Create(device.Ordinal, mode), null);
        }

        var reasons = new List<string>();
        foreach (DeviceKind kind in kinds)
        {
            if (Refusal(kind, 0, needs) is { } refusal)
            {
                reasons.Add($"{kind.Name}: {refusal}");
                continue;
            }

            try
            {
                return open(kind.Create(0, mode), null);
            }
            catch (ModelException error)
            {
                reasons.Add($"{kind.Name}: {error.Message}");
            }
        }

        return open(cpu(), $"the CPU computes: {(reasons.Count == 0 ? Unknown : string.Join("; ", reasons))}");
    }

    // What can never run there is said whatever this machine has.
    static string? Refusal(DeviceKind kind, int ordinal, ModelNeeds? needs) => (needs is null ? null : kind.Lacks(needs)) ?? kind.Refusal(ordinal);
}
