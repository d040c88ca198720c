using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Which layers of a model keep their keys and values together: those of equal shape and window are one kind, with pages of its own. A layer that reads
/// those of another has that one's place. The states of all recurrent layers are one page.
/// </summary>
sealed class CachePlan
{
    readonly List<CacheShape> _kinds = [];
    readonly RecurrentLayout? _recurrent;
    readonly bool[] _shares;

    internal CachePlan(IReadOnlyList<LayerSpec> layers)
    {
        Places = new (int, int)[layers.Count];
        PlacesBeside = new int[layers.Count];
        RecurrentLayout? recurrent = null;
        _shares = new bool[layers.Count];
        List<int> counts = [];
        for (int i = 0; i < layers.Count; i++)
        {
            PlacesBeside[i] = layers[i].MixerBeside is { } second ? PlaceState(second) : -1;
            if (layers[i].Mixer is not { } mixer)
            {
                Places[i] = (-1, -1);
                continue;
            }

            if (mixer.StateFloats > 0)
            {
                Places[i] = (-1, PlaceState(mixer));
                continue;
            }

            if (mixer is AttentionSpec { SharesWith: { } source })
            {
                (Places[i], _shares[i]) = (Places[source], true);
                continue;
            }

            CacheShape shape = mixer.Cache ?? throw new InvalidOperationException($"{mixer.GetType().Name} keeps nothing");
            int kind = _kinds.IndexOf(shape);
            if (kind < 0)
            {
                kind = _kinds.Count;
                _kinds.Add(shape);
                counts.Add(0);
            }

            Places[i] = (kind, counts[kind]++);
        }

        _recurrent = recurrent;
        int PlaceState(MixerSpec mixer)
        {
            int before = recurrent?.Layers ?? 0;
            recurrent = new RecurrentLayout(before + 1, Math.Max(recurrent?.Floats ?? 0, mixer.StateFloats));
            return before;
        }
    }

    /// <summary>For each layer its kind and its place among the layers of that kind. Recurrent layers are of kind -1, and those that do not mix tokens.</summary>
    internal (int Kind, int Layer)[] Places { get; }

    /// <summary>For each layer the place of its second mixer among the recurrent ones; -1: it has none.</summary>
    internal int[] PlacesBeside { get; }

    /// <summary>Whether a layer keeps keys and values of its own.</summary>
    internal bool Keeps(int layer) => Places[layer].Kind >= 0 && !_shares[layer];

    /// <summary>The narrowest window; null where there is none.</summary>
    internal int? Window => _kinds.Min(kind => kind.Window);

    /// <param name="type">Of keys and values.</param>
    /// <param name="chunk">The most tokens of a step.</param>
    /// <param name="scales">Those of every layer.</param>
    internal StateLayout Layout(KvCacheType type, int chunk, IReadOnlyList<CacheScale> scales) => new(
        [.. _kinds.Select((kind, index) =>
        {
            CacheScale[] own = [.. scales.Where((_, layer) => Places[layer].Kind == index && Keeps(layer))];
            return new KvCacheLayout(own.Length, kind.Heads, kind.HeadDim, type)
            {
                Kind = index,
                ValueInKey = kind.ValueInKey,
                Window = kind.Window,
                Scales = type == KvCacheType.Float8E4M3 ? CacheScale.Read(own, kind.Heads) : null,
            };
        })],
        _recurrent,
        chunk);
}
