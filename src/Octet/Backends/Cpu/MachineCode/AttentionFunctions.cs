namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="AttentionCode"/> for one size of heads, for one group of 16 queries and for two.</summary>
sealed unsafe class AttentionFunctions(
    delegate* unmanaged<void*, void> scoresOfOne, delegate* unmanaged<void*, void> scoresOfTwo, delegate* unmanaged<void*, void> valuesOfOne, delegate* unmanaged<void*, void> valuesOfTwo)
{
    readonly delegate* unmanaged<void*, void> _scoresOfOne = scoresOfOne;
    readonly delegate* unmanaged<void*, void> _scoresOfTwo = scoresOfTwo;
    readonly delegate* unmanaged<void*, void> _valuesOfOne = valuesOfOne;
    readonly delegate* unmanaged<void*, void> _valuesOfTwo = valuesOfTwo;

    /// <summary>Null where the system gives no more memory for code. It stays for the life of the process.</summary>
    internal static AttentionFunctions? TryGenerate(int size)
    {
        GeneralRegister argument = X64Encoder.FirstArgument;
        byte[][] code = [AttentionCode.Scores(argument, size, 1), AttentionCode.Scores(argument, size, 2), AttentionCode.Values(argument, size, 1), AttentionCode.Values(argument, size, 2)];
        return ExecutableMemory.TryCreate(code, out ExecutableMemory? memory, out _) ? new(memory.Entry(0), memory.Entry(1), memory.Entry(2), memory.Entry(3)) : null;
    }

    internal void Scores(AttentionBlock block, int groups)
    {
        if (groups == 2)
        {
            _scoresOfTwo(&block);
        }
        else
        {
            _scoresOfOne(&block);
        }
    }

    internal void AddValues(AttentionBlock block, int groups)
    {
        if (groups == 2)
        {
            _valuesOfTwo(&block);
        }
        else
        {
            _valuesOfOne(&block);
        }
    }
}
