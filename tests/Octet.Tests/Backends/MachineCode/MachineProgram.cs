using Iced.Intel;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>Bytes as Iced, a decoder that shares nothing with the encoder, reads them.</summary>
sealed class MachineProgram
{
    readonly Dictionary<ulong, int> _index = [];

    internal MachineProgram(byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        List<Instruction> instructions = [];
        while (decoder.IP < (ulong)code.Length)
        {
            _index.Add(decoder.IP, instructions.Count);
            Instruction instruction = decoder.Decode();
            Assert.False(instruction.IsInvalid, $"bytes at {decoder.IP} are no instruction");
            instructions.Add(instruction);
        }

        Instructions = [.. instructions];
    }

    internal Instruction[] Instructions { get; }

    internal int IndexOf(ulong address) => _index[address];

    /// <summary>One line an instruction; a jump names the number of the line it goes to, from 0.</summary>
    internal string[] Listing()
    {
        var formatter = new NasmFormatter();
        formatter.Options.NumberBase = NumberBase.Decimal;
        formatter.Options.SpaceAfterOperandSeparator = true;
        formatter.Options.SignedImmediateOperands = true;
        return [.. Instructions.Select(instruction =>
        {
            if (instruction.Mnemonic == Mnemonic.Jne)
            {
                return $"jnz {_index[instruction.NearBranchTarget]}";
            }

            var output = new StringOutput();
            formatter.Format(instruction, output);
            return output.ToStringAndReset();
        })];
    }
}
