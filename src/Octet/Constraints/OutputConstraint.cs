using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Constraints;
using Octet.Constraints.Calls;
using Octet.Constraints.Grammars;
using Octet.Constraints.Patterns;
using Octet.Constraints.Schemas;
using Octet.Output;
using Octet.Tokenizers;

namespace Octet;

/// <summary>
/// What the whole of a model's answer must be: every token that could not go on to such a text is never drawn
/// (<see cref="GenerationOptions.Constraint"/>). Never changes; safe to share between threads and models. What is found out about a tokenizer is kept
/// with the constraint, so that using one again costs nothing.
/// </summary>
/// <remarks>
/// The answer ends when nothing may follow, and cannot end before it is complete, unless the budget of tokens or a stop string ends it. Where the
/// model thinks first, the constraint begins behind the end of the reasoning.
/// </remarks>
public sealed class OutputConstraint
{
    readonly string _description;
    readonly Expression _root;
    readonly ConditionalWeakTable<Tokenizer, CompiledConstraint> _compiled = [];
    readonly Lazy<OutputConstraint> _inChannels;
    readonly Lazy<OutputConstraint> _inLastChannel;
    readonly Automaton _automaton;

    OutputConstraint(string description, Expression root)
    {
        _description = description;
        _root = root;
        bool[] all = new bool[256];
        Array.Fill(all, true);
        _automaton = new Automaton(NetworkBuilder.Build(root, all));
        _inChannels = new(() => OfChannels(description, ChannelForms.Answer(true, ChannelForms.Text(root))));
        _inLastChannel = new(() => OfChannels(description, ChannelForms.Answer(false, ChannelForms.Text(root))));
    }

    /// <summary>Any JSON object.</summary>
    public static OutputConstraint JsonObject { get; } = new("JSON object", SchemaCompiler.AnyObject());

    /// <summary>
    /// What the schema says that the constraint does not hold the model to, by its place: formats of strings that are not known
    /// (<c>#/properties/link/format: uri</c>). Empty for all but some schemas.
    /// </summary>
    public IReadOnlyList<string> NotChecked { get; private init; } = [];

    /// <summary>What was found out so far takes so much memory, about.</summary>
    internal long Bytes
        => _automaton.Bytes + _compiled.Sum(static of => of.Value.Bytes) + (_inChannels.IsValueCreated ? _inChannels.Value.Bytes : 0) + (_inLastChannel.IsValueCreated ? _inLastChannel.Value.Bytes : 0);

    /// <summary>JSON that satisfies a schema (the keywords that <c>docs/constraints.md</c> lists; properties in the schema's order).</summary>
    /// <param name="schema">The schema, as JSON.</param>
    /// <exception cref="ConstraintException">It is malformed, too large, uses a keyword that is not supported, or nothing satisfies it.</exception>
    public static OutputConstraint JsonSchema(string schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        Rule root = SchemaCompiler.Compile(schema, out IReadOnlyList<string> notChecked);
        return new("JSON schema", root) { NotChecked = notChecked };
    }

    /// <inheritdoc cref="JsonSchema(string)"/>
    public static OutputConstraint JsonSchema(JsonNode schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return JsonSchema(schema.ToJsonString());
    }

    /// <summary>A text that matches a regular expression from its beginning to its end, whether or not it is anchored.</summary>
    /// <param name="pattern">ECMA-262's syntax, without looks around and references back; <c>\d</c>, <c>\w</c> are ASCII's.</param>
    /// <exception cref="ConstraintException">It is broken, too large, not supported, or nothing matches it.</exception>
    public static OutputConstraint Regex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new($"regular expression {pattern}", PatternAnchors.Resolve(PatternReader.Read(pattern, ""), null, ""));
    }

    /// <summary>One of several texts.</summary>
    /// <param name="options">The texts, at least one, whole Unicode, none empty.</param>
    /// <exception cref="ConstraintException">There are none, or one is empty or not whole Unicode.</exception>
    public static OutputConstraint Choice(IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Count == 0)
        {
            throw new ConstraintException(ConstraintError.Invalid, "", "the choice has no texts; expected at least one");
        }

        for (int i = 0; i < options.Count; i++)
        {
            if (string.IsNullOrEmpty(options[i]) || !IsWhole(options[i]))
            {
                throw new ConstraintException(ConstraintError.Invalid, $"option {i}", "the text is empty or holds half of a surrogate pair; expected whole characters");
            }
        }

        return new($"one of {options.Count} texts", LiteralTree.Of(options));
    }

    /// <summary>A text that a grammar makes.</summary>
    /// <param name="gbnf">The grammar in GBNF, as llama.cpp documents it; the text is what its rule <c>root</c> allows.</param>
    /// <exception cref="ConstraintException">It is broken, too large, has a rule that begins with itself, or nothing satisfies it.</exception>
    public static OutputConstraint Grammar(string gbnf)
    {
        ArgumentNullException.ThrowIfNull(gbnf);
        return new("grammar", GrammarReader.Read(gbnf));
    }

    /// <summary>What kind of constraint it is.</summary>
    public override string ToString() => OneLine.Of(_description);

    /// <summary>Whether a text satisfies the constraint, however it is cut into tokens.</summary>
    /// <param name="text">Any text.</param>
    /// <exception cref="ConstraintException">The text can be read in too many ways.</exception>
    public bool IsMatch(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        AutomatonState state = _automaton.Start;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            state = _automaton.Next(state, value);
        }

        return _automaton.MayEnd(state);
    }

    /// <summary>What the text must be.</summary>
    internal Expression Root => _root;

    /// <summary>Whether it holds marks of a format, which are tokens of some tokenizers.</summary>
    bool HasMarks { get; init; }

    /// <summary>Whether it is of an answer in channels (harmony), from behind the mark that starts its first message.</summary>
    internal bool HasChannels { get; private init; }

    /// <summary>A constraint that holds marks of a format.</summary>
    internal static OutputConstraint OfMarks(string description, Expression root) => new(description, root) { HasMarks = true };

    /// <summary>A constraint of an answer in channels.</summary>
    internal static OutputConstraint OfChannels(string description, Expression root) => new(description, root) { HasMarks = true, HasChannels = true };

    /// <summary>The constraint as that of an answer's last message, of a model that answers in channels (harmony); made once.</summary>
    /// <param name="mayThink">Whether messages of reasoning may come before it.</param>
    internal OutputConstraint InChannels(bool mayThink) => HasChannels ? this : (mayThink ? _inChannels : _inLastChannel).Value;

    /// <summary>The constraint for a tokenizer, made once.</summary>
    /// <exception cref="ConstraintException">The tokenizer has no tokens for any text that satisfies it.</exception>
    internal CompiledConstraint Compile(Tokenizer tokenizer) => _compiled.GetValue(tokenizer, key =>
    {
        TokenTrie trie = TokenTrie.Of(key);
        return HasMarks
            ? new CompiledConstraint(NetworkBuilder.Build(_root, trie.IsWritable, trie), trie, Encode, HasChannels ? null : ThinkingMarks.Of(key), HasChannels ? key.GetId(HarmonyReader.Start) : null)
            : Compile(trie, Encode, ThinkingMarks.Of(key));

        int[] Encode(string text) => key.Encode(text, addSpecialTokens: false, splitSpecialTokens: true);
    });

    /// <inheritdoc cref="CompiledConstraint(Network, TokenTrie, Func{string, int[]}, ThinkingMarks?, int?)"/>
    internal CompiledConstraint Compile(TokenTrie trie, Func<string, int[]> encode, ThinkingMarks? marks = null)
    {
        Network network = _automaton.Network;
        return new(network.IsWritable(trie.IsWritable) ? network : NetworkBuilder.Build(_root, trie.IsWritable), trie, encode, marks);
    }

    static bool IsWhole(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                return false;
            }

            i += rune.Utf16SequenceLength - 1;
        }

        return true;
    }
}
