using Octet.Cuda.CublasLt;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.FakeLibrary;

/// <summary>What the library made, for a card.</summary>
abstract class FakeObject(FakeCard card)
{
    internal FakeCard Card => card;
}

/// <summary>The library's own.</summary>
sealed class FakeHandle(FakeCard card) : FakeObject(card);

/// <summary>What a product is.</summary>
sealed class FakeOperation(FakeCard card, int compute, int scale) : FakeObject(card)
{
    internal int Compute => compute;

    internal int Scale => scale;

    internal int TransposeA { get; set; }

    internal int TransposeB { get; set; }

    internal int ScaleModeA { get; set; }

    internal int ScaleModeB { get; set; }

    internal ulong ScalesA { get; set; }

    internal ulong ScalesB { get; set; }
}

/// <summary>A matrix, column by column.</summary>
sealed class FakeMatrix(FakeCard card, MatrixType type, long rows, long columns, long stride) : FakeObject(card)
{
    internal MatrixType Type => type;

    internal long Rows => rows;

    internal long Columns { get; set; } = columns;

    internal long Stride => stride;

    internal int ElementBytes => type switch
    {
        MatrixType.E4M3 => 1,
        MatrixType.BFloat16 => 2,
        _ => 4,
    };
}

/// <summary>What an algorithm may take.</summary>
sealed class FakePreference(FakeCard card) : FakeObject(card)
{
    internal ulong WorkspaceBytes { get; set; }
}
