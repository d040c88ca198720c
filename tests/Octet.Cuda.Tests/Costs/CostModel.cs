using Octet.Cuda.Kernels;

namespace Octet.Cuda.Tests.Costs;

/// <summary>How long Qwen3-4B takes on a card, out of what its kernels were counted to execute and move (<c>counts.txt</c>), before a card was seen.</summary>
/// <param name="card">The card.</param>
/// <param name="isDynamic">Whether inputs of layers are codes; otherwise one float16.</param>
sealed partial class CostModel(Card card, bool isDynamic)
{
    // Of a multiprocessor: warp instructions that begin in a clock, and bytes of shared memory that are read or written.
    internal const int Schedulers = 4;
    internal const int SharedBytes = 128;

    // Multiplications of a product of 16-bit and of 8-bit operands.
    const double HalfProduct = 16 * 8 * 16;
    const double NarrowProduct = 16 * 8 * 32;

    // A launch inside a graph (published of an H100), and the least that a small kernel takes itself.
    const double Launch = 1.3e-6;
    const double SmallKernel = 2e-6;

    // From the last product of a step to the first of the next, where all warps of a block wait for each other; and a block's beginning and end.
    const double StepClocks = 150;
    const double BlockClocks = 4000;

    // Qwen3-4B.
    const int Layers = 36;
    const int Hidden = 2560;
    const int Inner = 9728;
    const int QueryColumns = 4096;
    const int CacheColumns = 1024;
    const int Heads = 8;
    const int Vocabulary = 151_936;
    const int PageTokens = 32;
    const int Group = 128;
    const int ChunkTokens = 2048;

    // Columns of the output layer's products, two of a stream, up to which it is linear_few's.
    int FewHeadColumns => card.IsHopper ? FewColumns : 32;

    // Of the counted launches: groups of 16 rows or of a block, pages of a block, tokens of it.
    const int CountedGroups = Hidden / Group;
    const int CountedPages = 8;
    const int AttendTokens = 24;

    static readonly (int Rows, int Columns)[] s_layers = [(QueryColumns + (2 * CacheColumns), Hidden), (Hidden, QueryColumns), (2 * Inner, Hidden), (Hidden, Inner)];

    // Streams up to which linear_few multiplies.
    const int FewColumns = 16;

    bool IsNarrow => isDynamic && card.NarrowProducts > 0;

    int InputBytes => IsNarrow ? 1 : 2;

    /// <summary>Seconds of a prompt, up to the logits of its last token.</summary>
    internal Prompt Prompts(int tokens)
    {
        var prompt = new Prompt(tokens);
        for (int first = 0; first < tokens; first += ChunkTokens)
        {
            int count = Math.Min(ChunkTokens, tokens - first);
            foreach ((int rows, int columns) in s_layers)
            {
                prompt.Linear.Add(Many(rows, columns, count), Layers);
            }

            prompt.Rows += Layers * (RowSeconds(count) + ((Gates(count) ? RowLaunches - 1 : RowLaunches) * Launch));
            prompt.Attention.Add(AttendMany(first, count), Layers);
            prompt.Linear.Add(new("memory", Launch), Layers * (s_layers.Length + 1));
        }

        prompt.Head = (double)Vocabulary * Hidden * sizeof(ushort) / card.Bandwidth;
        double products = tokens * (double)Layers * s_layers.Sum(layer => (double)layer.Rows * layer.Columns);
        prompt.Share = products / (IsNarrow ? card.NarrowProducts : card.HalfProducts) / card.Multiprocessors / card.Clock / prompt.Linear.Seconds;
        return prompt;
    }

    /// <summary>Seconds of a step of so many streams, each with so many tokens behind it, whose launches follow one another.</summary>
    internal Step Steps(int streams, int context)
    {
        var step = new Step();
        foreach ((int rows, int columns) in s_layers)
        {
            step.Weights.Add(Layer(rows, columns, streams), Layers);
        }

        step.Weights.Add(Head(streams), 1);
        step.Attention.Add(Attend(streams, context), Layers);
        int few = streams <= FewColumns || Gates(streams) ? 0 : 1;
        step.Small = (Layers * ((s_layers.Length + 5 + few) * Launch + ((4 + few) * SmallKernel) + RowSeconds(streams))) + (4 * Launch);
        return step;
    }

    Term Layer(int rows, int columns, int streams) => streams <= FewColumns ? Few(rows, columns, streams) : Many(rows, columns, streams);

    // Norms, rotation, operands of the output layer, gating, operands of down.
    const int RowLaunches = 6;

    /// <summary>What launches of a layer that compute on rows read and write, at the speed of the memory, or of the second cache where the widest rows stay there.</summary>
    double RowSeconds(int tokens)
    {
        const int Float = sizeof(float);
        double gates = tokens <= FewColumns || Gates(tokens) ? 0 : 3 * Inner * Float;
        double bytes = (2 * Hidden * ((4 * Float) + InputBytes))
            + (((2 * QueryColumns) + (2 * CacheColumns)) * Float) + (2 * CacheColumns * sizeof(ushort))
            + (QueryColumns * (Float + InputBytes))
            + gates
            + (Inner * (Float + InputBytes));
        bool isCached = (long)tokens * 2 * Inner * Float < card.Cache;
        return tokens * bytes / (isCached ? card.CacheBytes * card.Multiprocessors * card.Clock : card.Bandwidth);
    }

    bool Gates(int tokens) => !card.IsHopper && CudaBackend.Gates(card.Multiprocessors, Inner, tokens, Hidden / Group, IsNarrow);

    /// <summary>Blocks of linear_many and what they leave to be joined; weights, inputs and outputs go through the memory meanwhile.</summary>
    Term Many(int rows, int columns, int tokens)
    {
        if (card.IsHopper)
        {
            return Wide(rows, columns, tokens);
        }

        int down = (rows + 127) / 128;
        CudaBackend.ManyCut cut = CudaBackend.CutMany(card.Multiprocessors, CudaFormat.E4M3, down, tokens, tokens, columns / Group, IsNarrow);
        Counts counts = Counts.Of($"linear_many_{(IsNarrow ? "codes_" : "")}e4m3_{cut.TileColumns}", card.Target);
        Term group = IsNarrow ? counts.Step(card, CountedGroups, NarrowProduct, card.NarrowProducts) : counts.Step(card, CountedGroups, HalfProduct, card.HalfProducts);
        int blocks = down * ((tokens + cut.TileColumns - 1) / cut.TileColumns) * cut.Parts;
        double rounds = Math.Ceiling((double)blocks / card.Multiprocessors);
        double sums = cut.Parts > 1 ? (2.0 * cut.Parts * down * 128 * tokens * sizeof(float) / (card.CacheBytes * card.Multiprocessors * card.Clock)) + Launch : 0;
        return Term.Longest(new(group.Name, (rounds * cut.Groups * (group.Value + StepClocks) / card.Clock) + sums), Moved(rows, columns, tokens));
    }

    /// <summary>What a layer reads and writes in the memory.</summary>
    Term Moved(int rows, int columns, int tokens) => new("memory", (((double)rows * columns) + ((double)tokens * ((columns * InputBytes) + (rows * sizeof(float))))) / card.Bandwidth);

    /// <summary>Weights stream; each 16 rows of them read all inputs again.</summary>
    Term Few(int rows, int columns, int tokens)
    {
        Counts counts = Counts.Of(tokens <= 8 ? "linear_few_e4m3_1" : "linear_few_e4m3_4", card.Target);
        double groups = (double)(rows / 16) * (columns / Group);
        double counted = (tokens <= 8 ? 4 : 2) * CountedGroups;
        double clocks = card.Multiprocessors * card.Clock;
        return Term.Longest(
            new("memory", (double)rows * columns / card.Bandwidth),
            new("instructions", groups * counts.Instructions / counted / Schedulers / clocks),
            new("second cache", groups * ((16 * Group) + (tokens * Group * sizeof(ushort))) / card.CacheBytes / clocks));
    }

    Term Head(int tokens)
    {
        var memory = new Term("memory", (double)Vocabulary * Hidden * sizeof(ushort) / card.Bandwidth);
        if (2 * tokens <= FewHeadColumns)
        {
            return memory;
        }

        if (card.IsHopper)
        {
            return Term.Longest(memory, WideHead(tokens));
        }

        Term group = Counts.Of("linear_many_bf16_64", card.Target).Step(card, CountedGroups, HalfProduct, card.HalfProducts);
        double blocks = Math.Ceiling(Vocabulary / 128.0) * Math.Ceiling(2 * tokens / 64.0);
        return Term.Longest(memory, new(group.Name, Math.Ceiling(blocks / card.Multiprocessors) * CountedGroups * (group.Value + StepClocks) / card.Clock));
    }

    Term Attend(int streams, int context)
    {
        Counts counts = Counts.Of("attend_bf16_4", "sm_80");
        double pages = (double)streams * Heads * context / PageTokens / CountedPages;
        double clocks = card.Multiprocessors * card.Clock;
        return Term.Longest(
            new("memory", (double)streams * context * 2 * CacheColumns * sizeof(ushort) / card.Bandwidth),
            new("instructions", pages * counts.Instructions / Schedulers / clocks),
            new("products", pages * counts.Products * HalfProduct / card.HalfProducts / clocks));
    }

    /// <summary>Every tile of tokens reads the pages up to its last one; blocks are as many that the longest do not matter.</summary>
    Term AttendMany(int first, int tokens)
    {
        if (card.IsHopper)
        {
            return AttendWide(first, tokens);
        }

        Term page = Counts.Of("attend_many_bf16_4", "sm_80").Step(card, CountedPages, HalfProduct, card.HalfProducts);
        double clocks = 0;
        for (int tile = first; tile < first + tokens; tile += AttendTokens)
        {
            clocks += Heads * ((((tile + AttendTokens - 1) / PageTokens) + 1) * (page.Value + StepClocks) + BlockClocks);
        }

        return new(page.Name, clocks / card.Multiprocessors / card.Clock);
    }
}

/// <summary>Seconds of launches that are alike, and what binds most of them.</summary>
sealed class Total
{
    readonly Dictionary<string, double> _terms = [];

    internal double Seconds => _terms.Values.Sum();

    internal string Binding => _terms.MaxBy(term => term.Value).Key;

    internal void Add(Term term, int times) => _terms[term.Name] = _terms.GetValueOrDefault(term.Name) + (times * term.Value);
}

/// <summary>Of a prompt.</summary>
sealed class Prompt(int tokens)
{
    internal Total Linear { get; } = new();

    internal Total Attention { get; } = new();

    internal double Rows { get; set; }

    internal double Head { get; set; }

    /// <summary>Of what the card multiplies, what its linear layers get.</summary>
    internal double Share { get; set; }

    internal int Tokens => tokens;

    internal double Seconds => Linear.Seconds + Attention.Seconds + Rows + Head;
}

/// <summary>Of a step.</summary>
sealed class Step
{
    internal Total Weights { get; } = new();

    internal Total Attention { get; } = new();

    internal double Small { get; set; }

    internal double Seconds => Weights.Seconds + Attention.Seconds + Small;
}
