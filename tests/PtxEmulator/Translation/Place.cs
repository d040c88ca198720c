namespace PtxEmulator;

/// <summary>What the name of a variable stands for: an address in its state space.</summary>
/// <param name="Space">Of the variable.</param>
/// <param name="Address">In the space; of dynamic shared memory 0, to be added to where that begins.</param>
/// <param name="IsDynamicShared">Whether the kernel's launch decides the address.</param>
readonly record struct Place(StateSpace Space, ulong Address, bool IsDynamicShared = false);
