using System.Diagnostics.CodeAnalysis;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The tokens of a template with one of lookahead, and the limit on how deep their reader nests.</summary>
sealed class TokenReader(List<Token> tokens, string templateName, int maxDepth)
{
    /// <summary>How much longer a chain may be than nesting is deep.</summary>
    const int ChainsPerDepth = 10;

    int _at;
    int _depth;

    internal Token Current => tokens[_at];

    internal Token Ahead => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    internal Token Next()
    {
        Token token = tokens[_at];
        _at += _at + 1 < tokens.Count ? 1 : 0;
        return token;
    }

    internal bool SkipOperator(string symbol)
    {
        bool found = Current.IsOperator(symbol);
        if (found)
        {
            Next();
        }

        return found;
    }

    internal bool SkipName(string name)
    {
        bool found = Current.IsName(name);
        if (found)
        {
            Next();
        }

        return found;
    }

    internal void ExpectOperator(string symbol)
    {
        if (!SkipOperator(symbol))
        {
            Fail($"expected token '{symbol}', got '{Current.Described}'");
        }
    }

    internal void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            Fail($"expected token '{name}', got '{Current.Described}'");
        }
    }

    internal Token Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
        {
            Fail($"expected token '{(kind == TokenKind.Name ? "name" : new Token(kind, null, 0).Described)}', got '{Current.Described}'");
        }

        return Next();
    }

    internal void Enter()
    {
        if (++_depth > maxDepth || !System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Fail($"the template nests deeper than {maxDepth} levels");
        }
    }

    internal void Leave() => _depth--;

    /// <summary>Refuses a chain of operators, subscripts, calls or tests that would make too deep a tree.</summary>
    internal void RequireChain(int links)
    {
        if (links > maxDepth * ChainsPerDepth)
        {
            Fail($"a chain of more than {maxDepth * ChainsPerDepth} operators, subscripts or calls");
        }
    }

    [DoesNotReturn]
    internal void Fail(string reason, int line = 0) =>
        throw new ChatTemplateException(templateName, line == 0 ? Current.Line : line, "TemplateSyntaxError", reason);
}
