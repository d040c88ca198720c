using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>Whose tokens the next step computes: those that write first, then prompts.</summary>
sealed class StepPlan(int capacity)
{
    readonly List<GenerationRequest> _requests = [];
    readonly List<StepPart> _parts = [];

    internal bool IsEmpty => _requests.Count == 0;

    internal int Rows { get; private set; }

    /// <summary>Sequences that write.</summary>
    internal int Writing { get; private set; }

    /// <summary>Their rows: one each, and those of guesses.</summary>
    internal int WritingRows { get; private set; }

    internal int PromptTokens => Rows - WritingRows;

    internal IReadOnlyList<GenerationRequest> Requests => _requests;

    internal ReadOnlySpan<StepPart> Parts => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts);

    /// <summary>Those whose next token comes out of the step.</summary>
    internal IEnumerable<(GenerationRequest Request, int Rows)> Asking => _requests.Select((request, i) => (request, _parts[i].Logits)).Where(static part => part.Logits > 0);

    /// <summary>Adds the next tokens of a request; of one that writes all that are known, its guess too.</summary>
    internal void Add(GenerationRequest request, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, capacity - Rows);
        bool writes = request.IsWriting;
        Writing += writes ? 1 : 0;
        WritingRows += writes ? count : 0;
        Rows += count;
        _requests.Add(request);
        int left = request.Session.Known - request.Session.Computed - count;
        _parts.Add(new StepPart(request.Session, count, left > 0 ? 0 : writes ? count : 1));
    }

    /// <summary>Takes a request out again, before its part is computed.</summary>
    internal void Remove(GenerationRequest request)
    {
        int index = _requests.IndexOf(request);
        if (index >= 0)
        {
            bool writes = request.IsWriting;
            Writing -= writes ? 1 : 0;
            WritingRows -= writes ? _parts[index].Count : 0;
            Rows -= _parts[index].Count;
            _requests.RemoveAt(index);
            _parts.RemoveAt(index);
        }
    }

    internal void Clear()
    {
        _requests.Clear();
        _parts.Clear();
        Rows = 0;
        Writing = 0;
        WritingRows = 0;
    }
}
