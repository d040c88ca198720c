using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Attention of several tokens by tiles or dot products (<see cref="AttentionCode"/>, <see cref="DotAttentionCode"/>): queries and probabilities rounded to bfloat16, keys and values as a cache of bfloat16 has them,
/// scores, maxima and sums in float32. The streaming softmax of <see cref="VectorKernels{TSimd, TVector, TE4M3}"/>, four pages at a time from
/// position 0, so that a sum does not depend on how the prompt was cut.
/// </summary>
static unsafe class TileAttention
{
    const int PageTokens = KvCacheLayout.PageTokens;
    const int BlockPages = AttentionCode.BlockPages;
    const int GroupQueries = ProductBlock.GroupTokens;
    const int MaxSize = 256;

    // Fewer leave most of a tile's rows empty.
    const int FewestQueries = GroupQueries / 2;

    // [32 keys][16 queries] in float32.
    const int PageScores = PageTokens * GroupQueries;

    internal static bool CanAttend(in AttentionTile work)
        => work.Rows > 1 && work.Window == 0 && work.Chunk == 0 && work.Cap == 0 && work.Sinks is null && !work.Cache.Layout.ValuesInKeys && work.Rows * work.Group >= FewestQueries && work.Cache.Layout.Type == KvCacheType.BFloat16 && IsSupported(work.Cache.Layout.HeadDim);

    internal static int ScratchFloats(int size, int group)
    {
        int groups = Groups(AttentionTile.MaxRows * group);
        return IsSupported(size) ? new Memory(null, size, groups).Floats : 0;
    }

    internal static void Attend(ProductCode code, AttentionFunctions functions, in AttentionTile work)
    {
        int size = work.Cache.Layout.HeadDim;
        int queries = work.Rows * work.Group;
        int groups = Groups(queries);
        var memory = new Memory(work.Scratch, size, groups);
        PackQueries(work, size, queries, groups, memory);
        new Span<float>(memory.Sums, groups * GroupQueries * size).Clear();
        new Span<float>(memory.Maxima, groups * GroupQueries).Fill(float.NegativeInfinity);
        new Span<float>(memory.Totals, groups * GroupQueries).Clear();
        code.Begin();
        int positions = work.Position + work.Rows;
        for (int first = 0; first < positions; first += BlockPages * PageTokens)
        {
            int count = Math.Min(BlockPages * PageTokens, positions - first);
            int pages = (count + PageTokens - 1) / PageTokens;
            for (int page = 0; page < pages; page++)
            {
                byte* keys = work.Cache.Keys(work.Sequence.Page(first / PageTokens + page), work.Layer, work.Head);
                for (int group = 0; group < groups; group += 2)
                {
                    AttentionBlock block = new()
                    {
                        Left = keys,
                        Right = memory.Queries + group * GroupQueries * size,
                        Output = memory.Scores + (page * groups + group) * PageScores,
                        Size = size,
                    };
                    functions.Scores(block, Math.Min(2, groups - group));
                }

                PackValues((ushort*)(keys + work.Cache.ValueOffset), Math.Min(PageTokens, count - page * PageTokens), size, memory.Values + page * PageTokens * size);
            }

            for (int group = 0; group < groups; group++)
            {
                Softmax(memory, size, work.Scale, group, groups, pages, first, masked: first + count > work.Position);
            }

            for (int group = 0; group < groups; group += 2)
            {
                AttentionBlock block = new()
                {
                    Left = memory.Probabilities + group * BlockPages * PageScores,
                    Right = memory.Values,
                    Output = memory.Sums + group * GroupQueries * size,
                    Pages = pages,
                    Size = size,
                };
                functions.AddValues(block, Math.Min(2, groups - group));
            }
        }

        code.End();
        for (int query = 0; query < queries; query++)
        {
            Scale(memory.Sums + query * size, size, 1 / memory.Totals[query], work.Output + (nint)(query / work.Group) * work.OutputStride + query % work.Group * size);
        }
    }

    static bool IsSupported(int size) => size % ProductBlock.StepColumns == 0 && size <= MaxSize;

    static int Groups(int queries) => (queries + GroupQueries - 1) / GroupQueries;

    /// <summary>Queries in the order of inputs, those of a token one after the other, and how many keys each may see.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackQueries(in AttentionTile work, int size, int queries, int groups, Memory memory)
    {
        Vector512<uint>* square = stackalloc Vector512<uint>[SquareTranspose.Size];
        ushort* to = memory.Queries;
        for (int group = 0; group < groups; group++)
        {
            for (int column = 0; column < size; column += ProductBlock.StepColumns)
            {
                for (int i = 0; i < GroupQueries; i++)
                {
                    int query = group * GroupQueries + i;
                    square[i] = query < queries
                        ? PackedInput.RoundToPairs(work.Query + (nint)(query / work.Group) * work.QueryStride + query % work.Group * size + column)
                        : Vector512<uint>.Zero;
                }

                SquareTranspose.Transpose(square);
                for (int pair = 0; pair < SquareTranspose.Size; pair++, to += 2 * GroupQueries)
                {
                    square[pair].Store((uint*)to);
                }
            }

            for (int i = 0; i < GroupQueries; i++)
            {
                memory.Visible[group * GroupQueries + i] = work.Position + Math.Min(work.Rows - 1, (group * GroupQueries + i) / work.Group) + 1;
            }
        }
    }

    /// <summary>Pairs of keys side by side; zero for keys that are not there, whose memory may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackValues(ushort* values, int count, int size, ushort* packed)
    {
        for (int element = 0; element < size; element += GroupQueries)
        {
            ushort* at = values + element;
            for (int key = 0; key < PageTokens; key += 2, at += 2 * size, packed += 2 * GroupQueries)
            {
                Vector512<uint> even = key < count ? Widen(at) : Vector512<uint>.Zero;
                Vector512<uint> odd = key + 1 < count ? Widen(at + size) : Vector512<uint>.Zero;
                (even | (odd << 16)).Store((uint*)packed);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Widen(ushort* source) => Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe());

    /// <summary>
    /// Probabilities, not yet divided by their sum, of 16 queries, a lane each, with the keys from <paramref name="first"/> on; what was
    /// summed before is rescaled where a maximum rose.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Softmax(Memory memory, int size, float factor, int group, int groups, int pages, int first, bool masked)
    {
        Vector512<float> scale = Vector512.Create(factor);
        Vector512<int> visible = Vector512.Load(memory.Visible + group * GroupQueries) - Vector512.Create(first);
        Vector512<float> before = Vector512.Load(memory.Maxima + group * GroupQueries);
        Vector512<float> highest = Vector512.Create(float.NegativeInfinity);
        for (int page = 0; page < pages; page++)
        {
            float* scores = memory.Scores + (page * groups + group) * PageScores;
            for (int key = 0; key < PageTokens; key++, scores += GroupQueries)
            {
                Vector512<float> score = Vector512.Load(scores);
                if (masked)
                {
                    score = Vector512.ConditionalSelect(Vector512.GreaterThan(visible, Vector512.Create(page * PageTokens + key)).AsSingle(), score, Vector512.Create(float.NegativeInfinity));
                    score.Store(scores);
                }

                highest = Vector512.Max(highest, score);
            }
        }

        highest = Vector512.Max(before, highest * scale);
        Vector512<float> sum = Vector512<float>.Zero;
        Vector512<uint>* square = stackalloc Vector512<uint>[SquareTranspose.Size];
        for (int page = 0; page < pages; page++)
        {
            float* scores = memory.Scores + (page * groups + group) * PageScores;
            for (int pair = 0; pair < SquareTranspose.Size; pair++, scores += 2 * GroupQueries)
            {
                Vector512<float> even = VectorExp.Exp<Simd512, Vector512<float>>(Vector512.Load(scores) * scale - highest);
                Vector512<float> odd = VectorExp.Exp<Simd512, Vector512<float>>(Vector512.Load(scores + GroupQueries) * scale - highest);
                sum += even + odd;
                square[pair] = PackedInput.Round(even) | (PackedInput.Round(odd) << 16);
            }

            SquareTranspose.Transpose(square);
            var to = (uint*)(memory.Probabilities + (group * BlockPages + page) * PageScores);
            for (int query = 0; query < SquareTranspose.Size; query++)
            {
                square[query].Store(to + query * SquareTranspose.Size);
            }
        }

        Vector512<float> keep = VectorExp.Exp<Simd512, Vector512<float>>(before - highest);
        highest.Store(memory.Maxima + group * GroupQueries);
        float* totals = memory.Totals + group * GroupQueries;
        (Vector512.Load(totals) * keep + sum).Store(totals);
        for (int query = 0; query < GroupQueries; query++)
        {
            if (keep[query] != 1)
            {
                float* sums = memory.Sums + (group * GroupQueries + query) * size;
                Scale(sums, size, keep[query], sums);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scale(float* values, int count, float factor, float* output)
    {
        for (int i = 0; i < count; i += Vector512<float>.Count)
        {
            (Vector512.Load(values + i) * factor).Store(output + i);
        }
    }

    /// <summary>A worker's scratch, cut up.</summary>
    readonly struct Memory(float* scratch, int size, int groups)
    {
        /// <summary>[group][size / 32][16 pairs of elements][16 queries].</summary>
        internal ushort* Queries { get; } = (ushort*)scratch;

        /// <summary>[page][group][32 keys][16 queries].</summary>
        internal float* Scores { get; } = scratch + groups * GroupQueries * size / 2;

        /// <summary>[group][page][16 queries][32 keys].</summary>
        internal ushort* Probabilities { get; } = (ushort*)(scratch + groups * (GroupQueries * size / 2 + BlockPages * PageScores));

        /// <summary>[page][size / 16][16 pairs of keys][16 elements].</summary>
        internal ushort* Values { get; } = (ushort*)(scratch + groups * (GroupQueries * size / 2 + BlockPages * PageScores * 3 / 2));

        /// <summary>[query][size].</summary>
        internal float* Sums { get; } = scratch + groups * (GroupQueries * size / 2 + BlockPages * PageScores * 3 / 2) + BlockPages * PageTokens * size / 2;

        /// <summary>[query], as are the next two.</summary>
        internal float* Maxima => Sums + groups * GroupQueries * size;

        internal float* Totals => Maxima + groups * GroupQueries;

        internal int* Visible => (int*)(Totals + groups * GroupQueries);

        internal int Floats => (int)((float*)Visible - (float*)Queries) + groups * GroupQueries;
    }
}
