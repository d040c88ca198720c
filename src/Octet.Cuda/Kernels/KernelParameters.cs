using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Kernels;

// The structures that kernels take, field by field as their sources have them. Addresses are the card's.

/// <summary><c>prepare.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct Preparation
{
    internal ulong Planes;
    internal ulong Scales;
    internal InputForm Form;
    internal int Count;
    internal InputOrder Order;
    internal int IsBFloat;
    internal int PowerOfTwo;
    internal int ScaleStride;
    internal int Groups;
    internal float Scale;
    internal float Bound;
}

/// <summary>What inputs of linear layers become.</summary>
enum InputForm
{
    /// <summary>E4M3 values with a scale of each group.</summary>
    GroupCodes,

    /// <summary>E4M3 values with a given scale, or one of each row.</summary>
    GivenCodes,

    /// <summary>One or two float16 with a power of two for each group.</summary>
    Halves,

    /// <summary>Up to three bfloat16.</summary>
    BFloats,
}

/// <summary>How the columns of a group lie there, each named for who takes them.</summary>
enum InputOrder
{
    /// <summary>In theirs: weights of 16 bits.</summary>
    AsTheyAre,

    /// <summary>For lanes that load 16 columns of weights of 8 bits.</summary>
    ForLanes,

    /// <summary>For such lanes of <c>linear_wide</c>.</summary>
    ForProducts,

    /// <summary>E4M3 codes of a byte each, in their order: <c>linear_wide</c>, <c>linear_many_codes</c>.</summary>
    AsCodes,
}

/// <summary><c>embed.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct Table
{
    internal ulong Data;
    internal ulong Scales;
    internal ulong RowBytes;
    internal int BlockRows;
    internal int BlockColumns;
    internal int ScaleStride;
    internal float Factor;
}

/// <summary><c>embed_tiled.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct TiledTable
{
    internal ulong Data;
    internal ulong Scales;
    internal ulong TileBytes;
    internal int BlockRows;
    internal int BlockSpans;
    internal int ScaleStride;
    internal float Factor;
}

/// <summary><c>linear_plain.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct PlainLayer
{
    internal ulong Weight;
    internal ulong Bias;
    internal ulong Output;
    internal ulong RowFloats;
    internal int OutputStride;
    internal int Outputs;
    internal int Columns;
}

/// <summary><c>linear_plain.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct PlainInputs
{
    internal ulong Rows;
    internal ulong Factors;
    internal int Stride;
    internal int Count;
}

/// <summary><c>linear_plain.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct CodedInputs
{
    internal ulong Planes;
    internal ulong Scales;
    internal int ScaleStride;
    internal int Groups;
    internal int Count;
}

/// <summary>A layer, <c>linear_few.cu</c>; in tiles <c>linear_tiled.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct LinearPart
{
    internal ulong Weight;
    internal ulong Scales;
    internal ulong Bias;
    internal ulong Output;
    internal ulong RowBytes;
    internal int Rows;
    internal int FirstTile;
    internal int OutputStride;
    internal int BlockRows;
    internal int ScaleStride;
    internal int ScaleShift;
}

/// <summary><c>linear_few.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct LinearInputs
{
    internal ulong Planes;
    internal ulong Scales;
    internal int ScaleStride;
    internal int Groups;
    internal int Count;
    internal int Chunk;
    internal int PerRow;
}

/// <summary><c>linear_wide.cuh</c>: of each layer, and of the inputs.</summary>
[StructLayout(LayoutKind.Sequential)]
struct WideMaps
{
    internal WeightMaps Weights;
    internal TensorMap Inputs;

    [InlineArray(3)]
    internal struct WeightMaps
    {
        TensorMap _first;
    }
}

/// <summary><c>experts_wide.cuh</c>: of one layer of all experts or two, and of the inputs at their places.</summary>
[StructLayout(LayoutKind.Sequential)]
struct WideExpertMaps
{
    internal WeightMaps Weights;
    internal TensorMap Inputs;

    [InlineArray(2)]
    internal struct WeightMaps
    {
        TensorMap _first;
    }
}

/// <summary><c>experts_wide.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct WideRoutes
{
    internal ulong Places;
    internal ulong Tiles;
}

/// <summary><c>spread.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct SpreadRows
{
    internal ulong From;
    internal ulong FromScales;
    internal ulong To;
    internal ulong ToScales;
    internal ulong Places;
    internal ulong Tiles;
    internal int RowBytes;
    internal int FromStride;
    internal int ToStride;
    internal int Groups;
    internal int Chosen;
}

/// <summary><c>division.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct Division
{
    internal ulong Sums;
    internal int Pieces;
    internal int Parts;
    internal int Groups;
    internal int Stride;
}

/// <summary><c>gating.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct GatingParameters
{
    internal int Kind;
    internal float Alpha;
    internal float Limit;
}

/// <summary><c>cache.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct CachePages
{
    internal ulong Addresses;
    internal ulong Tables;
    internal ulong Positions;
    internal ulong Scales;
    internal int Layer;
    internal int Heads;
    internal int Dimensions;
}

/// <summary><c>rotate.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RotatedHeads
{
    internal ulong Query;
    internal ulong Key;
    internal ulong Value;
    internal ulong QueryNorm;
    internal ulong KeyNorm;
    internal ulong Angles;
    internal int QueryStride;
    internal int KeyStride;
    internal int ValueStride;
    internal int QueryHeads;
    internal int AngleStride;
    internal int Pairs;
    internal int Neighbours;
    internal float Epsilon;
}

/// <summary><c>stream.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct TurnedHeads
{
    internal ulong Query;
    internal ulong Key;
    internal ulong Angles;
    internal int QueryStride;
    internal int KeyStride;
    internal int QueryHeads;
    internal int KeyHeads;
    internal int Size;
    internal int AngleStride;
    internal int Pairs;
    internal int Neighbours;
    internal int Grows;
}

/// <summary><c>attend.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct AttentionParameters
{
    internal ulong Query;
    internal ulong Output;
    internal ulong Parts;
    internal ulong Tiles;
    internal ulong Sinks;
    internal int QueryStride;
    internal int OutputStride;
    internal int Group;
    internal int Window;
    internal float Scale;
    internal float Cap;
}

/// <summary><c>latent.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct LatentParameters
{
    internal ulong Data;
    internal ulong Scales;
    internal ulong RowBytes;
    internal int BlockRows;
    internal int ScaleStride;
    internal int ScaleShift;
    internal int Rank;
    internal int Plain;
    internal int Turning;
    internal int Value;
}

/// <summary><c>latent.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct StoredLatents
{
    internal ulong Latent;
    internal ulong Norm;
    internal ulong Angles;
    internal int Stride;
    internal int Rank;
    internal int AngleStride;
    internal int Pairs;
    internal int Neighbours;
    internal float Epsilon;
}

/// <summary><c>latent.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct AbsorbedQueries
{
    internal ulong Query;
    internal ulong Absorbed;
    internal ulong Angles;
    internal int QueryStride;
    internal int AbsorbedStride;
    internal int AngleStride;
    internal int Pairs;
    internal int Neighbours;
    internal int Count;
}

/// <summary><c>latent.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct LatentMeans
{
    internal ulong Mean;
    internal ulong Value;
    internal int MeanStride;
    internal int ValueStride;
    internal int Count;
}

/// <summary><c>experts.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RouteParameters
{
    internal ulong Correction;
    internal int Experts;
    internal int Chosen;
    internal int IsLogistic;
    internal int IsNormalised;
    internal float Scale;
    internal int Groups;
    internal int ChosenGroups;
}

/// <summary><c>experts.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct ExpertLayerParameters
{
    internal ulong Weights;
    internal ulong Scales;
    internal ulong Biases;
    internal ulong Output;
    internal ulong RowBytes;
    internal int Rows;
    internal int OutputStride;
    internal int BlockRows;
    internal int ScaleStride;
    internal int ScaleShift;
}

/// <summary><c>experts.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RoutedPairs
{
    internal ulong Pairs;
    internal ulong Groups;
    internal int Chosen;
}

/// <summary><c>sample.cuh</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
record struct RowView
{
    internal ulong Logits;
    internal ulong Plain;
    internal ulong Mask;
    internal ulong Allowed;
    internal ulong Ends;
    internal ulong Result;
    internal double Random;
    internal float Rate;
    internal int EndCount;
    internal int MayEnd;
    internal int Columns;
    internal int Best;
    internal int FirstSegment;
}

/// <summary><c>edit.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RowEdits
{
    internal ulong Logits;
    internal ulong Edited;
    internal ulong Biases;
    internal ulong Seen;
    internal ulong Ends;
    internal ulong Banned;
    internal double Share;
    internal int BiasCount;
    internal int SeenCount;
    internal int EndCount;
    internal int BannedCount;
    internal int Columns;
    internal float Repetition;
    internal float Presence;
    internal float Frequency;
}
