using System.Globalization;

namespace PtxEmulator;

/// <summary>Reads the declarations of a module. Bodies of functions are read by <see cref="BodyParser"/>.</summary>
sealed class Parser(string text)
{
    readonly TokenReader _tokens = new(new Lexer(text).ReadAll());

    public ModuleSyntax ParseModule()
    {
        var module = new ModuleSyntax();
        while (_tokens.Peek.Kind != TokenKind.End)
        {
            Token token = _tokens.Next();
            switch (token.Text)
            {
                case ".version":
                    module.Version = PtxVersion.Parse(_tokens.Word(), token.Line);
                    break;
                case ".target":
                    module.Target = PtxTarget.Parse(_tokens.Word(), token.Line);
                    SkipTargetOptions();
                    break;
                case ".address_size":
                    if (_tokens.Word() != "64")
                    {
                        throw new PtxException(PtxError.Syntax, token.Line, "addresses of 64 bits are known, no others");
                    }

                    break;
                case ".file" or ".loc":
                    _tokens.SkipLine(token.Line);
                    break;
                case ".section":
                    SkipSection();
                    break;
                case ";":
                    break;
                default:
                    Declaration(module, token);
                    break;
            }
        }

        if (module.Version == default || module.Target == default)
        {
            throw new PtxException(PtxError.Syntax, 1, "a module begins with .version and .target");
        }

        return module;
    }

    void Declaration(ModuleSyntax module, Token token)
    {
        bool external = false;
        while (token.Text is ".visible" or ".extern" or ".weak" or ".common" or ".alias")
        {
            external |= token.Text == ".extern";
            token = _tokens.Next();
        }

        switch (token.Text)
        {
            case ".entry":
                module.Functions.Add(Function(isKernel: true, token.Line));
                break;
            case ".func":
                module.Functions.Add(Function(isKernel: false, token.Line));
                break;
            case ".global" or ".const" or ".shared":
                module.Variables.AddRange(Declarations.Variables(_tokens, token, external));
                break;
            default:
                throw new PtxException(PtxError.Syntax, token.Line, $"a declaration is expected, not {token}");
        }
    }

    FunctionSyntax Function(bool isKernel, int line)
    {
        List<VariableSyntax> results = !isKernel && _tokens.Peek.Is("(") ? Declarations.Parameters(_tokens) : [];
        var function = new FunctionSyntax(_tokens.Word(), isKernel, line);
        function.Results.AddRange(results);
        if (_tokens.Peek.Is("("))
        {
            function.Parameters.AddRange(Declarations.Parameters(_tokens));
        }

        while (_tokens.Peek.Kind == TokenKind.Word && _tokens.Peek.Text.StartsWith('.'))
        {
            string directive = _tokens.Word();
            function.Directives[directive] = Numbers();
        }

        if (!_tokens.Accept(";"))
        {
            function.Body = new BodyParser(_tokens).Scope();
        }

        return function;
    }

    int[] Numbers()
    {
        var numbers = new List<int>();
        while (_tokens.Peek.Kind == TokenKind.Word && int.TryParse(_tokens.Peek.Text, CultureInfo.InvariantCulture, out int number))
        {
            numbers.Add(number);
            _tokens.Next();
            _tokens.Accept(",");
        }

        return [.. numbers];
    }

    void SkipTargetOptions()
    {
        while (_tokens.Accept(","))
        {
            _tokens.Word();
        }
    }

    void SkipSection()
    {
        while (!_tokens.Next().Is("}"))
        {
            _tokens.RefuseEnd();
        }
    }
}
