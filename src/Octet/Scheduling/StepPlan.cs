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

    internal int PromptTokens => Rows - Writing;

    internal IReadOnlyList<GenerationRequest> Requests => _requests;

    internal ReadOnlySpan<StepPart> Parts => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts);

    /// <summary>Those whose next token comes out of the step.</summary>
    internal IEnumerable<GenerationRequest> Asking => _requests.Where((_, i) => _parts[i].WantsLogits);

    internal void Add(GenerationRequest request, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, capacity - Rows);
        Writing += request.IsWriting ? 1 : 0;
        Rows += count;
        _requests.Add(request);
        _parts.Add(new StepPart(request.Session, count, request.Session.Computed + count == request.Session.Known));
    }

    /// <summary>Takes a request out again, before its part is computed.</summary>
    internal void Remove(GenerationRequest request)
    {
        int index = _requests.IndexOf(request);
        if (index >= 0)
        {
            Writing -= request.IsWriting ? 1 : 0;
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
    }
}
