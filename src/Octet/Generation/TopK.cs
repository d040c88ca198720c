using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Generation;

/// <summary>
/// Selects the k largest of many logits, equal ones by lower id, without sorting the rest. A logit and its id become one integer key that
/// is smaller the better the token is; a heap of k keys has the worst of them on top, and whole vectors of logits that do not beat
/// it are passed over at once.
/// </summary>
sealed class TopK(int k)
{
    readonly ulong[] _heap = new ulong[k];

    /// <summary>Upper half: the logit's bits, mapped to rise with its value, inverted. Lower half: the id. Both zeros are equal.</summary>
    internal static ulong Key(float logit, int id)
    {
        uint bits = BitConverter.SingleToUInt32Bits(logit + 0f);
        uint rising = (int)bits < 0 ? ~bits : bits | 0x8000_0000;
        return (ulong)~rising << 32 | (uint)id;
    }

    internal static int Id(ulong key) => (int)(uint)key;

    /// <summary>The keys of the k best logits, best first. There must be at least k, none NaN.</summary>
    internal ReadOnlySpan<ulong> Select(ReadOnlySpan<float> logits)
    {
        Span<ulong> heap = _heap;
        for (int id = 0; id < heap.Length; id++)
        {
            heap[id] = Key(logits[id], id);
        }

        for (int parent = heap.Length / 2 - 1; parent >= 0; parent--)
        {
            SiftDown(heap, parent);
        }

        // Ids rise, so a logit equal to the worst one held loses: only a larger one gets in.
        float worst = logits[Id(heap[0])];
        int at = heap.Length;
        while (at < logits.Length)
        {
            at = SkipVectors(logits, at, worst);
            int end = Math.Min(logits.Length, at + Vector<float>.Count);
            for (; at < end; at++)
            {
                if (logits[at] > worst)
                {
                    heap[0] = Key(logits[at], at);
                    SiftDown(heap, 0);
                    worst = logits[Id(heap[0])];
                }
            }
        }

        heap.Sort();
        return heap;
    }

    static int SkipVectors(ReadOnlySpan<float> logits, int at, float worst)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits[at..]);
        var limit = new Vector<float>(worst);
        int i = 0;
        while (i < vectors.Length && !Vector.GreaterThanAny(vectors[i], limit))
        {
            i++;
        }

        return at + i * Vector<float>.Count;
    }

    static void SiftDown(Span<ulong> heap, int parent)
    {
        ulong key = heap[parent];
        while (true)
        {
            int child = 2 * parent + 1;
            if (child >= heap.Length)
            {
                break;
            }

            if (child + 1 < heap.Length && heap[child + 1] > heap[child])
            {
                child++;
            }

            if (heap[child] <= key)
            {
                break;
            }

            heap[parent] = heap[child];
            parent = child;
        }

        heap[parent] = key;
    }
}
