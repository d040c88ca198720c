using System.Runtime.CompilerServices;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// One rendering: its output, its position and what it has used of its limits. Whoever does work accounts for it here before doing
/// it, so that no input makes a step take longer than a fraction of a microsecond.
/// </summary>
sealed class RenderState(string templateName, ChatTemplateOptions options)
{
    /// <summary>What a step pays for where each character is looked at by itself.</summary>
    internal const int CharactersPerStep = 16;

    /// <summary>Where characters are copied.</summary>
    const int CopiedPerStep = 64;

    /// <summary>Where they are only compared or passed over, many at a time.</summary>
    const int ScannedPerStep = 256;

    /// <summary>All texts and containers of a rendering together: 32 bytes for each character that its output may have, and 256 for each that it was given.</summary>
    const int BytesPerOutputCharacter = 32;
    const int BytesPerInputCharacter = 256;

    /// <summary>.NET has no longer strings.</summary>
    const int MaxStringLength = 0x3FFFFFDF;

    /// <summary>An element that is copied: its place, and a share of what it refers to.</summary>
    const int BytesPerElement = 32;

    long _stepLimit = options.MaxSteps;
    long _byteLimit = (long)options.MaxOutputCharacters * BytesPerOutputCharacter;
    long _input;
    long _bytes;
    int _depth;

    internal ChatTemplateOptions Options { get; } = options;

    /// <summary>Whether the output at hand is one of constants alone (<see cref="Expression.IsConstant"/>).</summary>
    internal bool IsConstant { get; set; }

    internal StringBuilder Output { get; private set; } = new();

    internal int Line { get; set; } = 1;

    /// <summary>The steps taken so far.</summary>
    internal long Steps { get; private set; }

    /// <summary>Raises the limits by what so many characters of the input are worth.</summary>
    internal void Admit(int characters)
    {
        _input += characters;
        long more = (long)characters * Options.MaxStepsPerCharacter;
        _stepLimit = _stepLimit > long.MaxValue - more ? long.MaxValue : _stepLimit + more;
        _byteLimit += (long)characters * BytesPerInputCharacter;
    }

    /// <summary>Accounts for work before it is done.</summary>
    internal void Charge(long steps = 1)
    {
        Steps += steps;
        if (Steps > _stepLimit)
        {
            throw Limit(_input == 0
                ? $"the template takes more than {_stepLimit} steps: simplify it, or raise ChatTemplateOptions.MaxSteps"
                : $"the template takes more than {_stepLimit} steps for values of {_input} characters: shorten the conversation, or raise ChatTemplateOptions.MaxSteps or MaxStepsPerCharacter");
        }
    }

    /// <summary>Accounts for looking at each of these characters by itself.</summary>
    internal void ChargeCharacters(long characters) => Charge(characters / CharactersPerStep);

    /// <summary>Accounts for passing over these characters many at a time.</summary>
    internal void ChargeScan(long characters) => Charge(characters / ScannedPerStep);

    /// <summary>Accounts for a string of this length, before it is built.</summary>
    internal void ChargeText(long characters)
    {
        RequireLength(characters);
        Charge(1 + (characters / CopiedPerStep));
        Allocate(2 * characters);
    }

    /// <summary>Accounts for a list or tuple of this many elements, before it is built.</summary>
    internal void ChargeElements(long count)
    {
        if (count > Array.MaxLength)
        {
            throw Limit($"the template builds a list of {count} elements");
        }

        Charge(1 + (count / CharactersPerStep));
        Allocate(BytesPerElement * count);
    }

    /// <summary>Accounts for memory beyond what a step may take anyway.</summary>
    internal void Allocate(long bytes)
    {
        _bytes += bytes;
        if (_bytes > _byteLimit)
        {
            throw Limit($"the template builds texts and lists of more than {_byteLimit >> 20} MiB: simplify it, or raise ChatTemplateOptions.MaxOutputCharacters");
        }
    }

    /// <summary>Refuses a string longer than the limit.</summary>
    internal void RequireLength(long characters)
    {
        if (characters > Math.Min(Options.MaxOutputCharacters, MaxStringLength))
        {
            throw Limit($"the template builds a text of more than {Math.Min(Options.MaxOutputCharacters, MaxStringLength)} characters: shorten the conversation, or raise ChatTemplateOptions.MaxOutputCharacters");
        }
    }

    internal void Enter()
    {
        if (++_depth > Options.MaxDepth)
        {
            throw new ChatTemplateException(templateName, Line, "RecursionError", $"nesting is deeper than {Options.MaxDepth} levels: nest less, or raise ChatTemplateOptions.MaxDepth");
        }

        EnsureStack();
    }

    internal void Leave() => _depth--;

    internal void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException(templateName, Line, "RecursionError", "the template nests too deep for the stack: nest less");
        }
    }

    internal void Write(string text)
    {
        Reserve(text.Length);
        Output.Append(text);
    }

    /// <summary>Writes a value as <c>{{ }}</c> prints it.</summary>
    internal void WriteValue(object? value)
    {
        if (value is Rope rope)
        {
            Reserve(rope.Length);
            Output.Append(rope.Span);
            return;
        }

        Write(PythonText.Str(this, value));
    }

    /// <summary>Runs <paramref name="body"/> with an output of its own and returns what it wrote.</summary>
    internal string Capture(Block body, Scope scope) => Capture(() => body.Execute(scope, this));

    /// <summary>Runs <paramref name="body"/> with an output of its own and returns what it wrote.</summary>
    internal string Capture(Action body)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        body();
        ChargeText(Output.Length);
        string captured = Output.ToString();
        Output = outer;
        return captured;
    }

    internal ChatTemplateException Error(string kind, string reason) => new(templateName, Line, kind, reason);

    internal ChatTemplateException TypeError(string reason) => Error("TypeError", reason);

    internal ChatTemplateException ValueError(string reason) => Error("ValueError", reason);

    internal ChatTemplateException Limit(string reason) => Error("LimitError", reason);

    internal ChatTemplateException Use(Undefined value) => Error(value.Kind, value.Message);

    void Reserve(int characters)
    {
        if ((long)Output.Length + characters > Options.MaxOutputCharacters)
        {
            throw Limit($"the output is longer than {Options.MaxOutputCharacters} characters: shorten the conversation, or raise ChatTemplateOptions.MaxOutputCharacters");
        }

        Charge(1 + (characters / CopiedPerStep));
        Allocate(2 * characters);
    }
}
