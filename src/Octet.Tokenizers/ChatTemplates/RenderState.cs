using System.Runtime.CompilerServices;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>One rendering: its output, its position and what it has used of its limits.</summary>
sealed class RenderState(string templateName, ChatTemplateOptions options)
{
    internal const int CharactersPerStep = 16;
    long _steps;
    long _written;
    int _depth;

    internal ChatTemplateOptions Options { get; } = options;

    internal StringBuilder Output { get; private set; } = new();

    internal int Line { get; set; } = 1;

    /// <summary>Accounts for work before it is done.</summary>
    internal void Charge(long steps = 1)
    {
        _steps += steps;
        if (_steps > Options.MaxSteps)
        {
            throw Limit($"the template takes more than {Options.MaxSteps} steps");
        }
    }

    /// <summary>Accounts for a string of this length, before it is built.</summary>
    internal void ChargeText(long characters)
    {
        RequireLength(characters);
        Charge(1 + (characters / CharactersPerStep));
    }

    /// <summary>Refuses a string longer than the limit.</summary>
    internal void RequireLength(long characters)
    {
        if (characters > Options.MaxOutputCharacters)
        {
            throw Limit($"the template builds a text of more than {Options.MaxOutputCharacters} characters");
        }
    }

    internal void Enter()
    {
        if (++_depth > Options.MaxDepth)
        {
            throw new ChatTemplateException(templateName, Line, "RecursionError", $"nesting is deeper than {Options.MaxDepth} levels");
        }

        EnsureStack();
    }

    internal void Leave() => _depth--;

    internal void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException(templateName, Line, "RecursionError", "the template nests too deep for the stack");
        }
    }

    internal void Write(string text)
    {
        _written += text.Length;
        if (_written > Options.MaxOutputCharacters)
        {
            throw Limit($"the output is longer than {Options.MaxOutputCharacters} characters");
        }

        Charge(1 + (text.Length / CharactersPerStep));
        Output.Append(text);
    }

    /// <summary>Runs <paramref name="body"/> with an output of its own and returns what it wrote.</summary>
    internal string Capture(Action body)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        body();
        string captured = Output.ToString();
        Output = outer;
        return captured;
    }

    internal ChatTemplateException Error(string kind, string reason) => new(templateName, Line, kind, reason);

    internal ChatTemplateException TypeError(string reason) => Error("TypeError", reason);

    internal ChatTemplateException ValueError(string reason) => Error("ValueError", reason);

    internal ChatTemplateException Limit(string reason) => Error("LimitError", reason);

    internal ChatTemplateException Use(Undefined value) => Error(value.Kind, value.Message);
}
