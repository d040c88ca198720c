using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Pairs of tokens and experts, in the order of experts, as <c>sort_routes</c> puts them.</summary>
sealed class SortedRoutes
{
    const int Unit = 8;
    const int TilePairs = 128;

    readonly KernelCard _card;

    /// <param name="card">Where they are sorted.</param>
    /// <param name="experts">The expert of each pair.</param>
    /// <param name="count">How many experts there are.</param>
    /// <param name="warps">That sort them.</param>
    internal SortedRoutes(KernelCard card, int[] experts, int count, int warps = 1)
    {
        _card = card;
        Experts = experts;
        Count = count;
        MostPlaces = experts.Length + ((Unit - 1) * Math.Min(experts.Length, count));
        MostTiles = (experts.Length / TilePairs) + Math.Min(experts.Length, count);
        Places = card.Upload(Enumerable.Repeat(int.MinValue, MostPlaces).ToArray());
        Groups = card.Allocate<int>(1 + (3 * Math.Min(experts.Length, count)));
        Tiles = card.Allocate<int>(4 * (1 + MostTiles));
        card.Launch("experts", "sort_routes", new Dim3(count), warps * 32, 0, card.Upload(experts), experts.Length, count, Places, Groups, Tiles);
    }

    internal int[] Experts { get; }

    internal int Count { get; }

    /// <summary>The most places that so many pairs can have, and the most tiles.</summary>
    internal int MostPlaces { get; }

    internal int MostTiles { get; }

    internal ulong Places { get; }

    internal ulong Groups { get; }

    internal ulong Tiles { get; }

    /// <summary>The pairs of each expert, in their order.</summary>
    internal int[][] PairsOf => [.. Enumerable.Range(0, Count).Select(expert => Enumerable.Range(0, Experts.Length).Where(pair => Experts[pair] == expert).ToArray())];

    /// <summary>Where each pair is to be: those of an expert one behind the other, from a multiple of 8 on.</summary>
    internal int[] PlaceOfPairs()
    {
        int[] places = new int[Experts.Length];
        int next = 0;
        foreach (int[] pairs in PairsOf)
        {
            for (int i = 0; i < pairs.Length; i++)
            {
                places[pairs[i]] = next + i;
            }

            next += (pairs.Length + Unit - 1) / Unit * Unit;
        }

        return places;
    }

    /// <summary>Fails where the card has put them otherwise, or tells of other experts or tiles.</summary>
    internal void AssertSorted()
    {
        int[] expected = [.. Enumerable.Repeat(int.MinValue, MostPlaces)];
        List<int> groups = [PairsOf.Count(pairs => pairs.Length > 0)];
        List<int> tiles = [];
        int next = 0;
        for (int expert = 0; expert < Count; expert++)
        {
            int[] pairs = PairsOf[expert];
            if (pairs.Length == 0)
            {
                continue;
            }

            groups.AddRange([expert, next, pairs.Length]);
            int firstTile = tiles.Count / 4;
            for (int first = 0; first < pairs.Length; first += TilePairs)
            {
                tiles.AddRange([expert, next, pairs.Length, firstTile]);
            }

            pairs.CopyTo(expected, next);
            int end = next + ((pairs.Length + Unit - 1) / Unit * Unit);
            expected.AsSpan()[(next + pairs.Length)..end].Fill(-1);
            next = end;
        }

        Assert.Equal(expected, _card.Read<int>(Places, MostPlaces));
        Assert.Equal(groups, _card.Read<int>(Groups, groups.Count));
        Assert.Equal(tiles.Count / 4, _card.Read<int>(Tiles, 1)[0]);
        Assert.Equal(tiles, _card.Read<int>(Tiles + 16, tiles.Count));
    }
}
