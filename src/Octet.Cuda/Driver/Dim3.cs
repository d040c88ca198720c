namespace Octet.Cuda.Driver;

/// <summary>How many blocks a grid has, or threads a block, in each direction; at least 1 each.</summary>
readonly record struct Dim3(int X, int Y = 1, int Z = 1)
{
    public static implicit operator Dim3(int x) => new(x);
}
