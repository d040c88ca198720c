using System.Globalization;

namespace PtxEmulator;

/// <summary>Reads declarations of variables and parameters.</summary>
static class Declarations
{
    /// <summary>The variables after a state space: <c>.shared .align 16 .b8 a[64], b[4];</c></summary>
    public static List<VariableSyntax> Variables(TokenReader tokens, Token space, bool isExternal)
    {
        var variables = new List<VariableSyntax>();
        (PtxType type, int vector, int align) = Attributes(tokens);
        do
        {
            variables.Add(Variable(tokens, Space(space), type, vector, align, space.Line) with { IsExternal = isExternal });
        }
        while (tokens.Accept(","));
        tokens.Expect(";");
        return variables;
    }

    /// <summary>A list in parentheses: <c>(.param .b64 a, .param .align 4 .b8 b[12])</c></summary>
    public static List<VariableSyntax> Parameters(TokenReader tokens)
    {
        var parameters = new List<VariableSyntax>();
        tokens.Expect("(");
        while (!tokens.Accept(")"))
        {
            int line = tokens.Peek.Line;
            if (tokens.Word() is not ".param")
            {
                throw new PtxException(PtxError.UnknownInstruction, line, "parameters of functions are .param variables here, no registers");
            }

            (PtxType type, int vector, int align) = Attributes(tokens);
            parameters.Add(Variable(tokens, StateSpace.Parameter, type, vector, align, line));
            tokens.Accept(",");
        }

        return parameters;
    }

    static StateSpace Space(Token token) => token.Text switch
    {
        ".global" => StateSpace.Global,
        ".const" => StateSpace.Constant,
        ".shared" => StateSpace.Shared,
        ".local" => StateSpace.Local,
        ".param" => StateSpace.Parameter,
        _ => throw new PtxException(PtxError.Syntax, token.Line, $"a state space is expected, not {token}"),
    };

    static (PtxType Type, int Vector, int Align) Attributes(TokenReader tokens)
    {
        int align = 0;
        int vector = 1;
        while (true)
        {
            Token token = tokens.Next();
            switch (token.Text)
            {
                case ".align":
                    align = int.Parse(tokens.Word(), CultureInfo.InvariantCulture);
                    break;
                case ".v2":
                    vector = 2;
                    break;
                case ".v4":
                    vector = 4;
                    break;
                case ".ptr" or ".global" or ".shared" or ".const" or ".local":
                    break; // What a pointer parameter points to: advice for the compiler.
                default:
                    PtxType type = token.Text.StartsWith('.') ? PtxTypes.Parse(token.Text[1..]) : PtxType.None;
                    if (type == PtxType.None)
                    {
                        throw new PtxException(PtxError.Syntax, token.Line, $"a type is expected, not {token}");
                    }

                    return Pointer(tokens, type, vector, align == 0 ? type.Bytes() * vector : align);
            }
        }
    }

    /// <summary>Skips what may follow the type of a kernel's pointer: <c>.ptr .global .align 1</c>.</summary>
    static (PtxType, int, int) Pointer(TokenReader tokens, PtxType type, int vector, int align)
    {
        while (tokens.Peek.Text is ".ptr" or ".global" or ".shared" or ".const" or ".local" or ".align")
        {
            if (tokens.Next().Text == ".align")
            {
                tokens.Word();
            }
        }

        return (type, vector, align);
    }

    static VariableSyntax Variable(TokenReader tokens, StateSpace space, PtxType type, int vector, int align, int line)
    {
        string name = tokens.Word();
        long elements = 1;
        while (tokens.Accept("["))
        {
            elements *= tokens.Peek.Is("]") ? 0 : long.Parse(tokens.Word(), CultureInfo.InvariantCulture);
            tokens.Expect("]");
        }

        var initial = new List<Operand>();
        if (tokens.Accept("="))
        {
            Initial(tokens, initial);
            elements = elements == 0 ? initial.Count : elements;
        }

        return new VariableSyntax(name, space, type, vector, elements, align, line) { Initial = initial };
    }

    static void Initial(TokenReader tokens, List<Operand> elements)
    {
        if (!tokens.Accept("{"))
        {
            elements.Add(OperandParser.Parse(tokens));
            return;
        }

        while (!tokens.Accept("}"))
        {
            Initial(tokens, elements);
            tokens.Accept(",");
        }
    }
}
