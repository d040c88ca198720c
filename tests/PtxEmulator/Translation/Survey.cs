namespace PtxEmulator;

/// <summary>Looks through a body before it is translated: which names it mentions, and whether blocks see one another in it.</summary>
static class Survey
{
    public static void Of(ScopeSyntax scope, FunctionCode function)
    {
        foreach (StatementSyntax statement in scope.Statements)
        {
            switch (statement)
            {
                case ScopeSyntax inner:
                    Of(inner, function);
                    break;
                case InstructionSyntax instruction:
                    Array.ForEach(instruction.Operands, operand => Mention(operand, function.Mentions));
                    function.Communicates |= Communicates(instruction);
                    break;
            }
        }
    }

    static bool Communicates(InstructionSyntax instruction) => instruction.Opcode switch
    {
        "atom" or "red" => !instruction.Modifiers.Contains("shared"),
        "ld" or "st" => instruction.Modifiers.Any(modifier => modifier is "acquire" or "release" or "relaxed" or "volatile" or "mmio") && !instruction.Modifiers.Contains("shared"),
        _ => false,
    };

    static void Mention(Operand operand, HashSet<string> names)
    {
        switch (operand)
        {
            case NameOperand name:
                names.Add(name.Name);
                break;
            case OffsetOperand part:
                names.Add(part.Name);
                break;
            case AddressOperand { Base: { } name }:
                names.Add(name);
                break;
            case VectorOperand vector:
                Array.ForEach(vector.Elements, element => Mention(element, names));
                break;
            case ListOperand list:
                Array.ForEach(list.Elements, element => Mention(element, names));
                break;
        }
    }
}
