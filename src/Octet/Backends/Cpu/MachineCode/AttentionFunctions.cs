namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="AttentionCode"/>, or of <see cref="DotAttentionCode"/>, for one size of heads, for one group of 16 queries and for two.</summary>
sealed unsafe class AttentionFunctions(
    delegate* unmanaged<void*, void> scoresOfOne, delegate* unmanaged<void*, void> scoresOfTwo, delegate* unmanaged<void*, void> valuesOfOne, delegate* unmanaged<void*, void> valuesOfTwo)
{
    readonly delegate* unmanaged<void*, void> _scoresOfOne = scoresOfOne;
    readonly delegate* unmanaged<void*, void> _scoresOfTwo = scoresOfTwo;
    readonly delegate* unmanaged<void*, void> _valuesOfOne = valuesOfOne;
    readonly delegate* unmanaged<void*, void> _valuesOfTwo = valuesOfTwo;

    /// <summary>In tiles; null where the system gives no more memory for code. It stays for the life of the process.</summary>
    internal static AttentionFunctions? TryGenerateTiles(int size) => TryGenerate(size, AttentionCode.Scores, AttentionCode.Values);

    /// <summary>The same with dot products.</summary>
    internal static AttentionFunctions? TryGenerateDotProducts(int size) => TryGenerate(size, DotAttentionCode.Scores, DotAttentionCode.Values);

    static AttentionFunctions? TryGenerate(int size, Func<GeneralRegister, int, int, byte[]> scores, Func<GeneralRegister, int, int, byte[]> values)
    {
        GeneralRegister argument = X64Encoder.FirstArgument;
        byte[][] code = [scores(argument, size, 1), scores(argument, size, 2), values(argument, size, 1), values(argument, size, 2)];
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
