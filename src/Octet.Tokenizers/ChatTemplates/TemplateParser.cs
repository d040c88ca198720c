namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Reads the statements of a template.</summary>
sealed class TemplateParser
{
    static readonly Dictionary<string, Func<TemplateParser, int, Statement>> s_statements = new(StringComparer.Ordinal)
    {
        ["if"] = static (parser, line) => parser.ReadIf(line),
        ["for"] = static (parser, line) => parser.ReadFor(line),
        ["set"] = static (parser, line) => parser.ReadSet(line),
        ["macro"] = static (parser, line) => parser.ReadMacro(line),
        ["call"] = static (parser, line) => parser.ReadCall(line),
        ["with"] = static (parser, line) => parser.ReadWith(line),
        ["filter"] = static (parser, line) => new FilterBlock(parser._expressions.ReadFilter(null, named: true), parser.ReadInner("endfilter"), line),
        ["generation"] = static (parser, line) => new Generation(parser.ReadInner("endgeneration"), line),
        ["print"] = static (parser, line) => new Print(parser._expressions.ReadTuple(), line),
        ["break"] = static (parser, line) => parser.ReadLoopControl("break", Flow.Break, line),
        ["continue"] = static (parser, line) => parser.ReadLoopControl("continue", Flow.Continue, line),
    };

    readonly TokenReader _tokens;
    readonly ExpressionParser _expressions;
    int _loops;
    int _forDepth;

    TemplateParser(TokenReader tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
    }

    internal static IReadOnlyCollection<string> Statements => s_statements.Keys;

    internal static Block Parse(string source, string name, ChatTemplateOptions options)
    {
        if (source.Length > options.MaxTemplateCharacters)
        {
            throw new ChatTemplateException(name, 0, "LimitError", $"the template is longer than {options.MaxTemplateCharacters} characters: shorten it, or raise ChatTemplateOptions.MaxTemplateCharacters");
        }

        TemplateParser parser = new(new TokenReader(Lexer.Read(source, name), name, options.MaxParseDepth));
        Block body = parser.ReadBody();
        parser._expressions.RequireKnownNames();
        return body;
    }

    /// <summary>Everything up to a block of one of these names, whose name is left as the next token.</summary>
    Block ReadBody(params string[] ends)
    {
        _tokens.Enter();
        int opened = _tokens.Current.Line;
        List<Statement> statements = [];
        while (true)
        {
            Token token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    statements.Add(new TextOutput(token.Text, token.Line));
                    break;
                case TokenKind.PrintBegin:
                    statements.Add(new Print(_expressions.ReadTuple(), token.Line));
                    _tokens.Expect(TokenKind.PrintEnd);
                    break;
                case TokenKind.BlockBegin:
                    Token name = _tokens.Current;
                    if (name.Kind != TokenKind.Name)
                    {
                        _tokens.Fail("tag name expected");
                    }

                    if (ends.Contains(name.Text))
                    {
                        _tokens.Leave();
                        return new Block(statements);
                    }

                    statements.Add(ReadStatement(ends));
                    _tokens.Expect(TokenKind.BlockEnd);
                    break;
                default:
                    if (ends.Length > 0)
                    {
                        _tokens.Fail($"Unexpected end of template. The block that was opened before line {opened} needs one of: '{string.Join("', '", ends)}'.");
                    }

                    _tokens.Leave();
                    return new Block(statements);
            }
        }
    }

    Statement ReadStatement(string[] ends)
    {
        Token tag = _tokens.Next();
        int line = tag.Line;
        if (s_statements.TryGetValue(tag.Text, out Func<TemplateParser, int, Statement>? read))
        {
            return read(this, line);
        }

        switch (tag.Text)
        {
            case "include" or "import" or "from" or "extends" or "block" or "autoescape":
                _tokens.Fail($"'{tag.Text}' is not supported: a chat template is one file without inheritance", line);
                return null;
            default:
                string expected = ends.Length == 0 ? "" : $" Expected one of: '{string.Join("', '", ends)}'.";
                _tokens.Fail($"Encountered unknown tag '{tag.Text}'.{expected}", line);
                return null;
        }
    }

    /// <summary>The rest of this tag, and the body up to the end tag, whose name is read.</summary>
    Block ReadInner(string end)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        Block body = ReadBody(end);
        _tokens.Next();
        return body;
    }

    LoopControl ReadLoopControl(string name, Flow flow, int line)
    {
        if (_loops == 0)
        {
            _tokens.Fail($"'{name}' outside loop", line);
        }

        return new LoopControl(flow, line);
    }

    If ReadIf(int line)
    {
        List<(Expression, Block)> branches = [];
        Block? otherwise = null;
        while (true)
        {
            Expression condition = _expressions.ReadTuple(conditional: false);
            _tokens.Expect(TokenKind.BlockEnd);
            _expressions.Branches++;
            branches.Add((condition, ReadBody("elif", "else", "endif")));
            _expressions.Branches--;
            Token end = _tokens.Next();
            if (end.Text == "else")
            {
                _expressions.Branches++;
                otherwise = ReadInner("endif");
                _expressions.Branches--;
            }

            if (end.Text != "elif")
            {
                return new If(branches, otherwise, line);
            }
        }
    }

    For ReadFor(int line)
    {
        _forDepth++;
        Target target = ReadTargets(namespaces: false);
        _tokens.ExpectName("in");
        Expression source = _expressions.ReadTuple(conditional: false, endName: "recursive");
        Expression? condition = _tokens.SkipName("if") ? _expressions.Read() : null;
        bool recursive = _tokens.SkipName("recursive");
        _tokens.Expect(TokenKind.BlockEnd);
        _loops++;
        Block body = ReadBody("else", "endfor");
        _loops--;
        Block? otherwise = _tokens.Next().Text == "else" ? ReadInner("endfor") : null;
        _forDepth--;
        return new For(target, source, condition, recursive, body, otherwise, line);
    }

    Statement ReadSet(int line)
    {
        Target target = ReadTargets(namespaces: true);
        if (_tokens.SkipOperator("="))
        {
            return new Set(target, _expressions.ReadTuple(), line);
        }

        FilterChain? filter = _tokens.Current.IsOperator("|") ? _expressions.ReadFilter(null) : null;
        return new SetBlock(target, filter, ReadInner("endset"), line);
    }

    With ReadWith(int line)
    {
        List<(Target, Expression)> assignments = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            Target target = ReadTarget(namespaces: false);
            _tokens.ExpectOperator("=");
            assignments.Add((target, _expressions.Read()));
        }

        return new With(assignments, ReadInner("endwith"), line);
    }

    MacroDefinition ReadMacro(int line)
    {
        string name = ReadName(_tokens.Expect(TokenKind.Name)).Name;
        (Signature signature, Block body) = ReadFunction("endmacro");
        return new MacroDefinition(name, signature, body, line);
    }

    CallBlock ReadCall(int line)
    {
        // The body's parameters stand before the call, so that they are read first and its body last.
        (List<string> names, List<Expression> defaults) = _tokens.Current.IsOperator("(") ? ReadParameters() : ([], []);
        if (_expressions.Read() is not Call call)
        {
            _tokens.Fail("expected call", line);
            return null;
        }

        (Signature signature, Block body) = ReadFunctionBody(names, defaults, "endcall");
        return new CallBlock(call, signature, body, line);
    }

    (Signature Signature, Block Body) ReadFunction(string end)
    {
        (List<string> names, List<Expression> defaults) = ReadParameters();
        return ReadFunctionBody(names, defaults, end);
    }

    (Signature Signature, Block Body) ReadFunctionBody(List<string> names, List<Expression> defaults, string end)
    {
        int loops = _loops;
        SpecialNames outside = _expressions.MacroNames;
        (_loops, _expressions.MacroNames) = (0, SpecialNames.None);
        Block body = ReadInner(end);
        Signature signature = new(names, defaults, _expressions.MacroNames);
        int caller = signature.Find("caller");
        if (signature.UsesCaller && caller >= 0 && caller < names.Count - defaults.Count)
        {
            _tokens.Fail("When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.");
        }

        (_loops, _expressions.MacroNames) = (loops, outside | _expressions.MacroNames);
        return (signature, body);
    }

    (List<string> Names, List<Expression> Defaults) ReadParameters()
    {
        List<string> names = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        List<Expression> defaults = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.Current.IsOperator(")"))
        {
            if (names.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            string name = _tokens.Expect(TokenKind.Name).Text;
            if (!seen.Add(name))
            {
                _tokens.Fail($"duplicate argument '{name}' in function definition");
            }

            names.Add(name);
            if (_tokens.SkipOperator("="))
            {
                defaults.Add(_expressions.Read());
            }
            else if (defaults.Count > 0)
            {
                _tokens.Fail("non-default argument follows default argument");
            }
        }

        _tokens.Next();
        return (names, defaults);
    }

    Target ReadTargets(bool namespaces)
    {
        List<Target> targets = [ReadTarget(namespaces)];
        bool isTuple = false;
        while (_tokens.SkipOperator(","))
        {
            isTuple = true;
            if (_tokens.Current.Kind == TokenKind.BlockEnd || _tokens.Current.IsOperator(")") || _tokens.Current.IsOperator("="))
            {
                break;
            }

            targets.Add(ReadTarget(namespaces));
        }

        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    Target ReadTarget(bool namespaces)
    {
        if (_tokens.Current.IsOperator("(") || _tokens.Current.IsOperator("["))
        {
            string close = _tokens.Next().Text == "(" ? ")" : "]";
            _tokens.Enter();
            Target inner = ReadTargets(namespaces);
            _tokens.Leave();
            _tokens.ExpectOperator(close);
            return inner;
        }

        Token name = _tokens.Expect(TokenKind.Name);
        if (namespaces && _tokens.SkipOperator("."))
        {
            return new NamespaceTarget(name.Text, _tokens.Expect(TokenKind.Name).Text);
        }

        return ReadName(name);
    }

    NameTarget ReadName(Token name)
    {
        if (name.Text is "true" or "false" or "none" or "True" or "False" or "None")
        {
            _tokens.Fail($"can't assign to '{name.Text}'", name.Line);
        }

        if (name.Text == "loop" && _forDepth > 0)
        {
            _tokens.Fail("Can't assign to special loop variable in for-loop", name.Line);
        }

        return new NameTarget(name.Text);
    }
}
