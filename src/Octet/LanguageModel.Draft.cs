using Octet.Generation;

namespace Octet;

/// <summary>The smaller model that guesses for this one.</summary>
public sealed partial class LanguageModel
{
    // Of the memory for keys and values; a step guesses for few sequences.
    const int DraftShare = 8;

    /// <summary>Null: there is none.</summary>
    internal LanguageModel? Draft { get; }

    /// <inheritdoc cref="Scheduling.SpeculationGain.IsForced"/>
    internal bool AlwaysGuesses
    {
        set => _scheduler.AlwaysGuesses = value;
    }

    /// <summary>Opens the model that guesses, on the same device behind the weights of the one that it guesses for; null where none is wanted.</summary>
    /// <exception cref="ModelException">There is no such model, or none that can be run.</exception>
    static LanguageModel? OpenDraft(LanguageModelOptions options, Machine machine, long room)
    {
        if (options.DraftModel is not { } name)
        {
            return null;
        }

        var how = new LanguageModelOptions
        {
            Device = options.Device,
            Threads = options.Threads,
            KvCache = options.KvCache,
            KvCacheBytes = Math.Max(1, (options.KvCacheBytes ?? room) / DraftShare),
            LmHead = options.LmHead,
        };
        try
        {
            return Load(ModelLocation.Find(name), how, machine);
        }
        catch (ModelException error)
        {
            throw new ModelException(error.Error, $"the draft model: {error.Message}", error.Path, error.TensorName, error);
        }
    }

    /// <summary>The notice that nothing is guessed, though it was asked for; null where something is, or the model cannot be opened so.</summary>
    static string? NoGuesses(string path, LanguageModelOptions options, Engine engine)
        => options.Speculation == Speculation.PromptLookup && engine.Uncut is { } uncut ? $"{path} has {uncut}, and cannot take wrong guesses back: nothing is guessed ({nameof(Speculation)}.{Speculation.PromptLookup})" : null;

    /// <summary>Whether guesses can be made and taken back, and mean the same tokens.</summary>
    /// <exception cref="ModelException">They cannot.</exception>
    void CheckDraft()
    {
        if (Draft is null)
        {
            return;
        }

        if (_engine.Uncut is { } uncut)
        {
            throw new ModelException(ModelError.Unsupported, $"{Path} has {uncut}, and cannot take wrong guesses back: open it without a draft model", Path);
        }

        if ((Draft._engine.Uncut ?? (Draft.Window is null ? null : "layers with a window")) is { } why)
        {
            throw new ModelException(ModelError.Unsupported, $"the draft model {Draft.Path} has {why}, and cannot take wrong guesses back: choose one whose layers all attend to the whole text", Draft.Path);
        }

        DraftVocabulary.Check(this, Draft);
    }
}
