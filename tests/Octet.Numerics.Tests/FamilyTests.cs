namespace Octet.Numerics.Tests;

// The whole suite for each further format; what is peculiar to one is in CodeTableTests.
public class Float8E4M3FNUZTests : SmallFloatTests<Float8E4M3FNUZ>
{
    private protected override ExactFormat Format => ExactFormat.Float8E4M3FNUZ;
}

public class Float8E5M2FNUZTests : SmallFloatTests<Float8E5M2FNUZ>
{
    private protected override ExactFormat Format => ExactFormat.Float8E5M2FNUZ;
}

public class Float8E4M3B11FNUZTests : SmallFloatTests<Float8E4M3B11FNUZ>
{
    private protected override ExactFormat Format => ExactFormat.Float8E4M3B11FNUZ;
}

public class Float8E4M3Tests : SmallFloatTests<Float8E4M3>
{
    private protected override ExactFormat Format => ExactFormat.Float8E4M3;
}

public class Float8E3M4Tests : SmallFloatTests<Float8E3M4>
{
    private protected override ExactFormat Format => ExactFormat.Float8E3M4;
}

public class Float6E2M3FNTests : SmallFloatTests<Float6E2M3FN>
{
    private protected override ExactFormat Format => ExactFormat.Float6E2M3FN;
}

public class Float6E3M2FNTests : SmallFloatTests<Float6E3M2FN>
{
    private protected override ExactFormat Format => ExactFormat.Float6E3M2FN;
}

public class Float4E2M1FNTests : SmallFloatTests<Float4E2M1FN>
{
    private protected override ExactFormat Format => ExactFormat.Float4E2M1FN;
}
