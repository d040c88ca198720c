namespace Octet.Backends;

/// <summary>A kind of device beside the CPU, which another package brings.</summary>
/// <param name="Name">What it is chosen by: <c>cuda</c>.</param>
/// <param name="Refusal">Of a device's number, from 0: why it cannot be used here, in one line with what to do; null: it can.</param>
/// <param name="Create">Opens the device of a number. It throws a <see cref="ModelException"/> where that fails.</param>
sealed record DeviceKind(string Name, Func<int, string?> Refusal, Func<int, ActivationMode, Backend> Create)
{
    /// <summary>Of a model: why no device of the kind can compute it, in one line; null: it can.</summary>
    internal Func<ModelNeeds, string?> Lacks { get; init; } = static _ => null;
}
