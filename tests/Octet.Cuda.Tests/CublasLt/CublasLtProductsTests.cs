using Octet.Cuda.CublasLt;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.FakeLibrary;

namespace Octet.Cuda.Tests.CublasLt;

/// <summary>What the library is used for on a card: what it says it can, and a trial shows.</summary>
public class CublasLtProductsTests
{
    const string Wrong = "a trial's products are ";

    [Theory]
    [InlineData(9, 0, 120900, "prompts in bfloat16 and E4M3 by cuBLASLt 12.9.0", null)]
    [InlineData(9, 0, 120804, "prompts in bfloat16 by cuBLASLt 12.8.4", "the library multiplies codes with scales of blocks from 12.9.0 on, this is 12.8.4")]
    [InlineData(8, 9, 130001, "prompts in bfloat16 by cuBLASLt 13.0.1", "the library multiplies codes with scales of blocks on compute capability 9.0 alone, this is 8.9")]
    public void Scales_of_blocks_are_for_Hopper_and_from_12_9_on(int major, int minor, int version, string summary, string? codes)
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { Major = major, Minor = minor }));

        using CublasLtProducts? products = Open(card, new FakeCublasLt(card.Fake) { Version = version }, out CublasLtUse use);

        Assert.NotNull(products);
        Assert.Equal((summary + (codes is null ? "" : $", not in E4M3: {codes}"), null, codes), (use.Summary, use.BFloat16, use.BlockCodes));
        Assert.Null(card.Fake.Fault);
    }

    [Fact]
    public void What_is_wrong_in_the_trial_is_not_used_and_the_rest_is()
    {
        using var card = new OpenCard();

        using CublasLtProducts? products = Open(card, new FakeCublasLt(card.Fake) { Errs = (type, value) => type == MatrixType.E4M3 ? value * 1.01 : value }, out CublasLtUse use);

        Assert.Null(use.BFloat16);
        Assert.Equal("a trial's products are 1.0e-2 off the right ones, expected at most 2.0e-3", use.BlockCodes);
    }

    [Fact]
    public void Scales_that_lie_otherwise_than_the_manual_says_are_found_out()
    {
        using var card = new OpenCard();

        using CublasLtProducts? products = Open(card, new FakeCublasLt(card.Fake) { HasOtherScales = true }, out CublasLtUse use);

        Assert.Null(use.BFloat16);
        Assert.StartsWith(Wrong, use.BlockCodes, StringComparison.Ordinal);
    }

    [Fact]
    public void Outputs_that_are_no_numbers_are_wrong()
    {
        using var card = new OpenCard();

        Assert.Null(Open(card, new FakeCublasLt(card.Fake) { Errs = static (_, _) => double.NaN }, out CublasLtUse use));

        Assert.StartsWith($"cuBLASLt not used: {Wrong}NaN off", use.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cublasLtCreate", Status.NotInitialized, "cublasLtCreate failed with CUBLAS_STATUS_NOT_INITIALIZED (1: the library was not initialized); the library may be newer than the driver: use one of the driver's own CUDA version")]
    [InlineData("cublasLtMatmulPreferenceCreate", Status.InternalError, "cublasLtMatmulPreferenceCreate failed with CUBLAS_STATUS_INTERNAL_ERROR (14: an internal operation failed); without OCTET_CUBLASLT Octet's own kernels compute")]
    public void A_library_that_does_not_start_is_not_used_and_leaves_nothing(string function, int status, string reason)
    {
        using var card = new OpenCard();
        var library = new FakeCublasLt(card.Fake);
        CublasLtProbe probe = library.Probe;
        (int handles, int allocations) = (card.Fake.LiveHandles, card.Fake.LiveAllocations);
        card.Fake.Faults.Fail(function, 1, status);

        Assert.Null(CublasLtProducts.TryOpen(probe, card.Context, card.Stream, out CublasLtUse? use));

        Assert.Equal((reason, reason), (use!.BFloat16, use.BlockCodes));
        Assert.Equal((handles, allocations), (card.Fake.LiveHandles, card.Fake.LiveAllocations));
    }

    /// <summary>The first product is the trial's first of bfloat16, the third its one of codes.</summary>
    [Theory]
    [InlineData(1, "prompts in E4M3 by cuBLASLt 13.0.1, not in bfloat16: ")]
    [InlineData(3, "prompts in bfloat16 by cuBLASLt 13.0.1, not in E4M3: ")]
    public void A_status_in_the_trial_is_what_it_is_not_used_for(int product, string summary)
    {
        using var card = new OpenCard();
        card.Fake.Faults.Fail("cublasLtMatmul", product, Status.ExecutionFailed);

        using CublasLtProducts? products = Open(card, new FakeCublasLt(card.Fake), out CublasLtUse use);

        Assert.StartsWith($"{summary}cublasLtMatmul failed with CUBLAS_STATUS_EXECUTION_FAILED (13: the GPU program failed to execute)", use.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_without_room_for_its_workspace_does_without_it()
    {
        using var card = new OpenCard(new FakeCuda(new FakeCard { TotalBytes = 16 << 20 }));

        Assert.Null(Open(card, new FakeCublasLt(card.Fake), out CublasLtUse use));

        Assert.StartsWith("cuMemAlloc_v2 failed with CUDA_ERROR_OUT_OF_MEMORY", use.BFloat16, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_that_ends_the_context_is_an_error()
    {
        using var card = new OpenCard();
        card.Fake.Faults.Fail("cuStreamSynchronize", 1, Code.IllegalAddress);

        Assert.Equal("CUDA_ERROR_ILLEGAL_ADDRESS", Assert.Throws<CudaException>(() => Open(card, new FakeCublasLt(card.Fake), out _)).Name);
    }

    [Fact]
    public void Its_workspace_is_counted_and_given_back()
    {
        using var card = new OpenCard();
        long room = card.Context.Memory.Room;
        CublasLtProducts products = Open(card, new FakeCublasLt(card.Fake), out _)!;

        Assert.Equal(room - (32 << 20), card.Context.Memory.Room);
        products.Dispose();
        Assert.Equal(room, card.Context.Memory.Room);
    }

    [Fact]
    public void An_algorithm_is_kept_for_the_numbers_of_tokens_that_it_is_for()
    {
        using var card = new OpenCard();
        var library = new FakeCublasLt(card.Fake);
        using CublasLtProducts products = Open(card, library, out _)!;
        var shape = new MatmulShape(MatmulKind.BFloat16, 64, 128, 128, 64);
        int before = library.Heuristics;

        // The fake's are for whole steps of 32 tokens; what is kept is for powers of two.
        int[] asked = [.. ((int[])[40, 40, 64, 50, 70, 96, 97, 40]).Select(tokens =>
        {
            Assert.True(products.Takes(shape, tokens));
            return library.Heuristics - before;
        })];

        Assert.Equal([1, 1, 1, 1, 2, 2, 3, 3], asked);
    }

    [Theory]
    [InlineData(false, 64, true)]
    [InlineData(false, 68, true)]
    [InlineData(false, 66, false)]
    [InlineData(true, 64, true)]
    [InlineData(true, 68, false)]
    [InlineData(true, 48, false)]
    public void Layers_of_other_sizes_and_those_without_an_algorithm_are_not_taken(bool isCodes, int outputs, bool takes)
    {
        using var card = new OpenCard();
        using CublasLtProducts products = Open(card, new FakeCublasLt(card.Fake) { Lacks = static outputs => outputs == 48 }, out _)!;

        Assert.Equal(takes, products.Takes(new MatmulShape(isCodes ? MatmulKind.BlockCodes : MatmulKind.BFloat16, outputs, 256, 256, 96), 64));
        Assert.Null(card.Fake.Fault);
    }

    [Fact]
    public void A_layer_whose_sizes_the_library_calls_invalid_is_not_taken()
    {
        using var card = new OpenCard();
        using CublasLtProducts products = Open(card, new FakeCublasLt(card.Fake), out _)!;
        card.Fake.Faults.Fail("cublasLtMatmulAlgoGetHeuristic", 1, Status.InvalidValue);

        Assert.False(products.Takes(new MatmulShape(MatmulKind.BFloat16, 64, 256, 256, 96), 64));
    }

    static CublasLtProducts? Open(OpenCard card, FakeCublasLt library, out CublasLtUse use)
    {
        CublasLtProducts? products = CublasLtProducts.TryOpen(library.Probe, card.Context, card.Stream, out CublasLtUse? found);
        use = found!;
        return products;
    }
}
