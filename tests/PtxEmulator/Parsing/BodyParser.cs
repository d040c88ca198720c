using System.Globalization;

namespace PtxEmulator;

/// <summary>Reads the body of a function: registers, variables, labels, instructions and nested scopes.</summary>
sealed class BodyParser(TokenReader tokens)
{
    public ScopeSyntax Scope()
    {
        var scope = new ScopeSyntax(tokens.Peek.Line);
        tokens.Expect("{");
        while (!tokens.Accept("}"))
        {
            tokens.RefuseEnd();
            Statement(scope.Statements);
        }

        return scope;
    }

    void Statement(List<StatementSyntax> statements)
    {
        Token token = tokens.Peek;
        switch (token)
        {
            case { Kind: TokenKind.ImplicitDefinition }:
                tokens.Next();
                statements.Add(new ImplicitDefinitionSyntax(token.Text, token.Line));
                break;
            case { Text: "{", Kind: TokenKind.Symbol }:
                statements.Add(Scope());
                break;
            case { Text: ";" }:
                tokens.Next();
                break;
            case { Text: ".loc" or ".file" }:
                tokens.SkipLine(token.Line);
                break;
            case { Text: ".pragma" }:
                tokens.SkipStatement();
                break;
            case { Text: ".reg" }:
                tokens.Next();
                Registers(statements, token.Line);
                break;
            case { Text: ".local" or ".shared" or ".param" or ".global" or ".const" }:
                tokens.Next();
                statements.AddRange(Declarations.Variables(tokens, token, isExternal: false));
                break;
            case { Text: ".branchtargets" }:
                tokens.Next();
                statements.Add(new BranchTargetsSyntax(Names(), token.Line));
                break;
            default:
                if (tokens.PeekAt(1).Is(":"))
                {
                    statements.Add(new LabelSyntax(tokens.Word(), token.Line));
                    tokens.Expect(":");
                }
                else
                {
                    statements.Add(Instruction());
                }

                break;
        }
    }

    void Registers(List<StatementSyntax> statements, int line)
    {
        string word = tokens.Word();
        PtxType type = PtxTypes.Parse(word.TrimStart('.'));
        if (type == PtxType.None)
        {
            throw new PtxException(PtxError.UnknownInstruction, line, $"registers of type {word} are not known");
        }

        do
        {
            string name = tokens.Word();
            int? count = null;
            if (tokens.Accept("<"))
            {
                count = int.Parse(tokens.Word(), CultureInfo.InvariantCulture);
                tokens.Expect(">");
            }

            statements.Add(new RegistersSyntax(name, count, type, line));
        }
        while (tokens.Accept(","));
        tokens.Expect(";");
    }

    InstructionSyntax Instruction()
    {
        string? guard = null;
        bool negated = false;
        if (tokens.Accept("@"))
        {
            negated = tokens.Accept("!");
            guard = tokens.Word();
        }

        int line = tokens.Peek.Line;
        string[] opcode = tokens.Word().Split('.');
        var operands = new List<Operand>();
        while (!tokens.Accept(";"))
        {
            tokens.RefuseEnd();
            operands.Add(OperandParser.Parse(tokens));
            if (!tokens.Peek.Is(";"))
            {
                tokens.Expect(",");
            }
        }

        return new InstructionSyntax(opcode[0], opcode[1..], [.. operands], line) { Guard = guard, GuardNegated = negated };
    }

    string[] Names()
    {
        var names = new List<string>();
        do
        {
            names.Add(tokens.Word());
        }
        while (tokens.Accept(","));
        tokens.Expect(";");
        return [.. names];
    }
}
