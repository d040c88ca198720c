namespace Octet.Tokenizers.Patterns;

/// <summary>What an <see cref="Instruction"/> does.</summary>
enum Operation : byte
{
    /// <summary>The text matches up to here.</summary>
    Accept,

    /// <summary>One character of a set, then <see cref="Instruction.Next"/>.</summary>
    Take,

    /// <summary><see cref="Instruction.Next"/>, and where that fails <see cref="Instruction.Other"/>. <see cref="Instruction.Value"/> counts them.</summary>
    Fork,

    /// <summary>Goes on where the character ahead is of a set.</summary>
    EdgeAhead,

    /// <summary>Goes on where the character before is of a set.</summary>
    EdgeBehind,

    /// <summary>Goes on where the instructions from <see cref="Instruction.Other"/> on accept what is ahead, or do not.</summary>
    LookAhead,

    /// <summary>The same for what is before; the instructions read backwards.</summary>
    LookBehind,

    /// <summary>
    /// Goes on behind what the instructions from <see cref="Instruction.Other"/> on accept first: with <see cref="Instruction.Next"/>, or
    /// where that is nothing with <see cref="Instruction.Value"/>.
    /// </summary>
    Atomic,
}

/// <summary>A step of a compiled pattern. Every loop takes a character each time round, so that no two steps lead to each other for ever.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="Next">The instruction after it.</param>
/// <param name="Other">Another instruction.</param>
/// <param name="Value">Of a character: which set. Of a look: 1 where it is a negative one.</param>
readonly record struct Instruction(Operation Operation, int Next = 0, int Other = 0, int Value = 0);
