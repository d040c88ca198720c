namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Reads expressions, with jinja2's precedence: filters and tests bind closer than any operator but the sign's operand.</summary>
sealed class ExpressionParser(TokenReader tokens)
{
    /// <summary>The special names (<c>caller</c>, <c>varargs</c>, <c>kwargs</c>) seen in the macro being read and those inside it.</summary>
    internal SpecialNames MacroNames { get; set; }

    /// <summary>How many branches surround the place: there, unknown filters and tests are errors only when reached.</summary>
    internal int Branches { get; set; }

    /// <summary>Unknown filters and tests outside of branches, with their lines.</summary>
    readonly List<(string Reason, int Line)> _unknown = [];

    internal Expression Read() => ReadConditional();

    internal void RequireKnownNames()
    {
        foreach ((string reason, int line) in _unknown)
        {
            tokens.Fail(reason, line);
        }
    }

    /// <summary>An expression, or several with commas between: a tuple without parentheses.</summary>
    internal Expression ReadTuple(bool conditional = true, string? endName = null, bool parenthesised = false)
    {
        List<Expression> items = [];
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            if (tokens.Current.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd || tokens.Current.IsOperator(")") || (endName is not null && tokens.Current.IsName(endName)))
            {
                break;
            }

            items.Add(conditional ? ReadConditional() : ReadOr());
            if (!tokens.Current.IsOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }

        if (items.Count == 0 && !parenthesised)
        {
            tokens.Fail($"Expected an expression, got '{tokens.Current.Described}'");
        }

        return new TupleLiteral(items);
    }

    Expression ReadConditional()
    {
        tokens.Enter();
        int line = tokens.Current.Line;
        int unknown = _unknown.Count;
        Expression value = ReadOr();
        for (int links = 1; tokens.SkipName("if"); links++)
        {
            tokens.RequireChain(links);

            // What stands before the "if" was in a branch.
            _unknown.RemoveRange(unknown, _unknown.Count - unknown);
            Branches++;
            Expression condition = ReadOr();
            Expression? otherwise = tokens.SkipName("else") ? ReadConditional() : null;
            Branches--;
            value = new Conditional(condition, value, otherwise, line);
        }

        tokens.Leave();
        return value;
    }

    Expression ReadOr()
    {
        Expression left = ReadAnd();
        for (int links = 1; tokens.SkipName("or"); links++)
        {
            tokens.RequireChain(links);
            left = new Logical(and: false, left, ReadAnd());
        }

        return left;
    }

    Expression ReadAnd()
    {
        Expression left = ReadNot();
        for (int links = 1; tokens.SkipName("and"); links++)
        {
            tokens.RequireChain(links);
            left = new Logical(and: true, left, ReadNot());
        }

        return left;
    }

    Expression ReadNot()
    {
        if (!tokens.SkipName("not"))
        {
            return ReadComparison();
        }

        tokens.Enter();
        Expression operand = ReadNot();
        tokens.Leave();
        return new Not(operand);
    }

    Expression ReadComparison()
    {
        Expression first = ReadSum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && tokens.Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                string symbol = tokens.Next().Text;
                rest.Add((symbol, ReadSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ReadSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Ahead.IsName("in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", ReadSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Comparisons(first, rest);
            }
        }
    }

    Expression ReadSum()
    {
        Expression left = ReadConcatenation();
        for (int links = 1; tokens.Current.IsOperator("+") || tokens.Current.IsOperator("-"); links++)
        {
            tokens.RequireChain(links);
            string symbol = tokens.Next().Text;
            left = new Binary(symbol, left, ReadConcatenation());
        }

        return left;
    }

    Expression ReadConcatenation()
    {
        Expression first = ReadProduct();
        if (!tokens.Current.IsOperator("~"))
        {
            return first;
        }

        List<Expression> parts = [first];
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ReadProduct());
        }

        return new Concatenation(parts);
    }

    Expression ReadProduct()
    {
        Expression left = ReadPower();
        for (int links = 1; tokens.Current.Kind == TokenKind.Operator && tokens.Current.Text is "*" or "/" or "//" or "%"; links++)
        {
            tokens.RequireChain(links);
            string symbol = tokens.Next().Text;
            left = new Binary(symbol, left, ReadPower());
        }

        return left;
    }

    /// <summary>Powers group from the left, and the sign binds closer: jinja2's grammar, not Python's.</summary>
    Expression ReadPower()
    {
        Expression left = ReadUnary(filters: true);
        for (int links = 1; tokens.SkipOperator("**"); links++)
        {
            tokens.RequireChain(links);
            left = new Binary("**", left, ReadUnary(filters: true));
        }

        return left;
    }

    Expression ReadUnary(bool filters)
    {
        tokens.Enter();
        Expression value;
        if (tokens.Current.IsOperator("-") || tokens.Current.IsOperator("+"))
        {
            bool negative = tokens.Next().IsOperator("-");
            value = new Sign(negative, ReadUnary(filters: false));
        }
        else
        {
            value = ReadPrimary();
        }

        value = ReadPostfix(value);
        value = filters ? ReadFilters(value) : value;
        tokens.Leave();
        return value;
    }

    Expression ReadPrimary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Next();
                switch (token.Text)
                {
                    case "true" or "True":
                        return new Literal(true);
                    case "false" or "False":
                        return new Literal(false);
                    case "none" or "None":
                        return new Literal(null);
                    case "caller":
                        MacroNames |= SpecialNames.Caller;
                        break;
                    case "varargs":
                        MacroNames |= SpecialNames.Varargs;
                        break;
                    case "kwargs":
                        MacroNames |= SpecialNames.Kwargs;
                        break;
                }

                return new Name(token.Text);
            case TokenKind.String:
                List<string> texts = [];
                while (tokens.Current.Kind == TokenKind.String)
                {
                    texts.Add(tokens.Next().Text);
                }

                return new Literal(string.Concat(texts));
            case TokenKind.Integer or TokenKind.Float:
                return new Literal(tokens.Next().Value);
        }

        if (tokens.SkipOperator("("))
        {
            Expression inner = ReadTuple(parenthesised: true);
            tokens.ExpectOperator(")");
            return inner;
        }

        if (tokens.SkipOperator("["))
        {
            return ReadList();
        }

        if (tokens.SkipOperator("{"))
        {
            return ReadDictionary();
        }

        tokens.Fail(token.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd
            ? $"Expected an expression, got '{token.Described}'"
            : $"unexpected '{token.Described}'");
        return null;
    }

    ListLiteral ReadList()
    {
        List<Expression> items = [];
        while (!tokens.Current.IsOperator("]"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.Current.IsOperator("]"))
                {
                    break;
                }
            }

            items.Add(Read());
        }

        tokens.ExpectOperator("]");
        return new ListLiteral(items);
    }

    DictionaryLiteral ReadDictionary()
    {
        List<(Expression, Expression)> pairs = [];
        while (!tokens.Current.IsOperator("}"))
        {
            if (pairs.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.Current.IsOperator("}"))
                {
                    break;
                }
            }

            Expression key = Read();
            tokens.ExpectOperator(":");
            pairs.Add((key, Read()));
        }

        tokens.ExpectOperator("}");
        return new DictionaryLiteral(pairs);
    }

    Expression ReadPostfix(Expression value)
    {
        for (int links = 1; ; links++)
        {
            tokens.RequireChain(links);
            int line = tokens.Current.Line;
            if (tokens.SkipOperator("."))
            {
                Token name = tokens.Next();
                if (name.Kind is not (TokenKind.Name or TokenKind.Integer))
                {
                    tokens.Fail("expected name or number", line);
                }

                value = name.Kind == TokenKind.Name ? new Attribute(value, name.Text) : new Element(value, new Literal(name.Value));
            }
            else if (tokens.SkipOperator("["))
            {
                value = ReadSubscript(value);
            }
            else if (tokens.Current.IsOperator("("))
            {
                value = new Call(value, ReadArguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    Expression ReadSubscript(Expression of)
    {
        List<Expression> items = [];
        while (!tokens.Current.IsOperator("]"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            Expression? start = tokens.Current.IsOperator(":") ? null : Read();
            if (!tokens.SkipOperator(":"))
            {
                items.Add(start!);
                continue;
            }

            Expression? stop = tokens.Current.IsOperator("]") || tokens.Current.IsOperator(":") ? null : Read();
            Expression? step = tokens.SkipOperator(":") && !tokens.Current.IsOperator("]") ? Read() : null;
            if (items.Count > 0 || !tokens.Current.IsOperator("]"))
            {
                tokens.Fail("a slice cannot be one of several subscripts");
            }

            tokens.Next();
            return new Slice(of, start, stop, step);
        }

        tokens.ExpectOperator("]");
        if (items.Count == 0)
        {
            tokens.Fail("expected subscript expression");
        }

        return new Element(of, items.Count == 1 ? items[0] : new TupleLiteral(items));
    }

    Expression ReadFilters(Expression value)
    {
        for (int links = 1; ; links++)
        {
            tokens.RequireChain(links);
            if (tokens.Current.IsOperator("|"))
            {
                value = ReadFilter(value);
            }
            else if (tokens.Current.IsName("is"))
            {
                value = ReadTest(value);
            }
            else if (tokens.Current.IsOperator("("))
            {
                int line = tokens.Current.Line;
                value = new Call(value, ReadArguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>The filters from here on; <paramref name="value"/> is <see langword="null"/> at the head of a block.</summary>
    internal FilterChain ReadFilter(Expression? value, bool named = false)
    {
        List<FilterCall> filters = [];
        while (named || tokens.Current.IsOperator("|"))
        {
            if (!named)
            {
                tokens.Next();
            }

            named = false;
            int line = tokens.Current.Line;
            string name = ReadDottedName();
            ArgumentList arguments = tokens.Current.IsOperator("(") ? ReadArguments() : ArgumentList.Empty;
            if (Branches == 0 && !Filters.Exists(name))
            {
                _unknown.Add(($"No filter named {PythonText.QuoteShort(name)}.", line));
            }

            filters.Add(new FilterCall(name, arguments, line));
        }

        return new FilterChain(value, filters);
    }

    Expression ReadTest(Expression value)
    {
        int line = tokens.Next().Line;
        bool negated = tokens.SkipName("not");
        string name = ReadDottedName();
        Token token = tokens.Current;
        ArgumentList arguments = ArgumentList.Empty;
        if (token.IsOperator("("))
        {
            arguments = ReadArguments();
        }
        else if (token.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || token.IsOperator("[") || token.IsOperator("{")
            || (token.Kind == TokenKind.Name && token.Text is not ("else" or "or" or "and")))
        {
            if (token.IsName("is"))
            {
                tokens.Fail("You cannot chain multiple tests with is");
            }

            arguments = new ArgumentList([ReadPostfix(ReadPrimary())], [], null, null);
        }

        if (Branches == 0 && !Tests.Exists(name))
        {
            _unknown.Add(($"No test named {PythonText.QuoteShort(name)}.", line));
        }

        TestCall test = new(value, name, arguments, line);
        return negated ? new Not(test) : test;
    }

    string ReadDottedName()
    {
        string name = tokens.Expect(TokenKind.Name).Text;
        for (int links = 1; tokens.SkipOperator("."); links++)
        {
            // No filter or test has so long a name; a few parts of one are enough for the message.
            tokens.RequireChain(links * 20);
            name += "." + tokens.Expect(TokenKind.Name).Text;
        }

        return name;
    }

    ArgumentList ReadArguments()
    {
        tokens.ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? extraPositional = null;
        Expression? extraNamed = null;
        bool comma = false;
        HashSet<string>? names = null;
        while (!tokens.Current.IsOperator(")"))
        {
            if (comma)
            {
                tokens.ExpectOperator(",");
                if (tokens.Current.IsOperator(")"))
                {
                    break;
                }
            }

            comma = true;
            if (tokens.Current.IsOperator("*") && extraPositional is null && extraNamed is null)
            {
                tokens.Next();
                extraPositional = Read();
            }
            else if (tokens.Current.IsOperator("**") && extraNamed is null)
            {
                tokens.Next();
                extraNamed = Read();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Ahead.IsOperator("=") && extraNamed is null)
            {
                string name = tokens.Next().Text;
                tokens.Next();
                if (!(names ??= new(StringComparer.Ordinal)).Add(name))
                {
                    tokens.Fail($"keyword argument repeated: {name}");
                }

                named.Add((name, Read()));
            }
            else
            {
                if (named.Count > 0 || extraPositional is not null || extraNamed is not null)
                {
                    tokens.Fail("invalid syntax for function call expression");
                }

                positional.Add(Read());
            }
        }

        tokens.ExpectOperator(")");
        return new ArgumentList(positional, named, extraPositional, extraNamed);
    }
}
