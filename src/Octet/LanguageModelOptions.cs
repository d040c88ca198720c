using Octet.Backends;

namespace Octet;

/// <summary>How a model is opened. Null leaves a choice to the machine or the model.</summary>
public sealed record LanguageModelOptions
{
    /// <summary>
    /// What computes: <c>cpu</c>; <c>cuda</c> or <c>cuda:1</c>, an NVIDIA card by its number from 0 on, where the package Octet.Cuda was made known; <c>auto</c>, the first card where it
    /// can compute the model, otherwise the CPU, and the model's notices say why.
    /// </summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads that compute, at least 1; by default one for each processor that this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Tokens that prompt and answer may have together, at least 1; by default what the model was made for, or less where memory does not
    /// hold the keys and values of so many.
    /// </summary>
    public int? ContextLength { get; init; }

    /// <summary>How the inputs of FP8 layers are held.</summary>
    public ActivationMode Activation { get; init; }

    /// <summary>The type of the key/value cache.</summary>
    public KvCacheType KvCache { get; init; }

    /// <summary>
    /// The most memory that keys and values of all sessions take together, in bytes. By default as much as 256 contexts of
    /// full length take, as far as this machine's memory holds them beside the weights and all that other models of this process take.
    /// Memory is only taken when it is needed.
    /// </summary>
    public long? KvCacheBytes { get; init; }

    /// <summary>The type of the output layer.</summary>
    public LmHead LmHead { get; init; }

    /// <summary>
    /// Prompt tokens that are computed together, from 1 to 4096. More is faster and takes more memory. By default 256, of mixtures up to 512: each
    /// expert has but a part of the tokens, and its weights are widened for those; on cards 1024, on Hopper 2048.
    /// </summary>
    public int? PrefillChunk { get; init; }

    /// <summary>Another chat template than the model's own: the name of one of those that the model has beside it (<c>rag</c>, <c>tool_use</c>), or the path of a file.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Generations that are computed together, from 1 to 4096, at most <see cref="PrefillChunk"/>; more wait.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Generations that wait beside those that are computed, from 0; more are refused (<see cref="ModelError.Busy"/>).</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>
    /// What a step is to take at most while others wait for their next token, above zero: prompts are cut into smaller chunks until it holds. A
    /// step without any part of a prompt takes what it takes; where that is four fifths of the bound or more, a prompt makes it a quarter longer.
    /// </summary>
    public TimeSpan StepLimit { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Whether keys and values of what generations have read and written are kept, as far as there is room, for prompts that begin in the same way. Not
    /// those of models with a window or with recurrent layers.
    /// </summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>
    /// Whether each generation is computed as if it were alone, so that the same request has the same answer, bit for bit, whatever else runs. Several then
    /// take turns, and take as long as one after the other; nothing is kept for later prompts.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>
    /// Whether several tokens of a generation are tried in one step. Refused with <see cref="Deterministic"/>; a model with recurrent layers or LongRoPE
    /// guesses nothing, and its notices say so.
    /// </summary>
    public Speculation Speculation { get; init; }

    /// <summary>
    /// The model that guesses, with <see cref="Speculation.DraftModel"/> and only then: named as in <see cref="LanguageModel.Load(string, LanguageModelOptions?)"/>, with
    /// the same tokenizer, without recurrent layers, windows or LongRoPE. It is opened and disposed of with the model, computes with as many threads,
    /// and has an eighth of the memory for keys and values.
    /// </summary>
    public string? DraftModel { get; init; }

    internal void Validate()
    {
        _ = DeviceName.Parse(Device);

        Require(Activation is >= ActivationMode.WeightOnly and <= ActivationMode.Static, nameof(Activation), Activation, "one of the enumeration");
        Require(KvCache is >= KvCacheType.BFloat16 and <= KvCacheType.Float8E5M2, nameof(KvCache), KvCache, "one of the enumeration");
        Require(KvCacheBytes is null or >= 1, nameof(KvCacheBytes), KvCacheBytes, "at least 1");
        Require(LmHead is >= LmHead.AsStored and <= LmHead.Float8, nameof(LmHead), LmHead, "one of the enumeration");
        Require(Threads is null or (>= 1 and <= 1024), nameof(Threads), Threads, "1 to 1024");
        Require(ContextLength is null or >= 1, nameof(ContextLength), ContextLength, "at least 1");
        Require(PrefillChunk is null or (>= 1 and <= 4096), nameof(PrefillChunk), PrefillChunk, "1 to 4096");
        Require(MaxSequences is >= 1 and <= 4096, nameof(MaxSequences), MaxSequences, "1 to 4096");
        Require(Speculation is >= Speculation.None and <= Speculation.DraftModel, nameof(Speculation), Speculation, "one of the enumeration");
        Require(MaxWaiting >= 0, nameof(MaxWaiting), MaxWaiting, "at least 0");
        Require(StepLimit > TimeSpan.Zero, nameof(StepLimit), StepLimit, "a time above zero");
        Require(DraftModel is not "", nameof(DraftModel), DraftModel, "a model's directory or id");
        if ((DraftModel is not null) != (Speculation == Speculation.DraftModel))
        {
            throw Refuse(
                nameof(DraftModel), $"{nameof(DraftModel)} is {DraftModel ?? "null"} and {nameof(Speculation)} is {Speculation}: expected a model with {nameof(Speculation.DraftModel)}, and none otherwise");
        }

        if (Deterministic && Speculation != Speculation.None)
        {
            throw Refuse(nameof(Speculation), $"{nameof(Speculation)} is {Speculation} and {nameof(Deterministic)} is true, with which nothing is guessed: expected one of them");
        }
    }

    static ArgumentException Refuse(string option, string message) => new(message, option);

    static void Require(bool valid, string name, object? value, string expected)
    {
        if (!valid)
        {
            throw new ArgumentOutOfRangeException(name, value, $"expected {expected}");
        }
    }
}
