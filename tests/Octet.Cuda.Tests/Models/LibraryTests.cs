using Octet.Cuda.CublasLt;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.FakeLibrary;
using Octet.Numerics;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Prompts whose layers NVIDIA's library multiplies.</summary>
public class LibraryTests
{
    // Products of a trial: two of bfloat16, one of codes.
    const int Trials = 3;

    // Codes of inputs that lie on a border may be the neighbour's; of these prompts' none does.
    const double DynamicTolerance = 1e-3;
    const double Tolerance = 5e-4;

    static readonly LanguageModelOptions s_dynamic = new() { Activation = ActivationMode.Dynamic, PrefillChunk = 64, ContextLength = 256 };
    static readonly LanguageModelOptions s_weightOnly = s_dynamic with { Activation = ActivationMode.WeightOnly };

    /// <summary>101 tokens are steps of 64 and 37. Of a layer query, key, value, both gates and down, filled up to groups of 128; the inputs of the output layer are one group.</summary>
    [Fact]
    public void A_prompt_in_E4M3_has_the_logits_of_the_CPU()
    {
        using var both = new CardModel(s_dynamic, library: static cuda => new FakeCublasLt(cuda));

        double error = both.LargestError(CardModel.Ids(101, 2), CardModel.Ids(2, 7));

        Assert.True(error < DynamicTolerance, $"{error}");
        Assert.True(both.Backend.LibraryProducts > Trials);
        Assert.Null(both.Fake.Fault);
        Assert.EndsWith(", kernels for sm_90a, prompts in bfloat16 and E4M3 by cuBLASLt 13.0.1", both.Model.Device, StringComparison.Ordinal);
        Assert.Equal([.. Layer(64), .. Layer(64), .. Layer(48), .. Layer(48)], both.Library!.Products.Skip(Trials));
        Assert.Equal(["linear_wide_codes_e4m3_128"], Kernels(both).Where(name => name.StartsWith("linear_wide", StringComparison.Ordinal)).Distinct());

        static IEnumerable<(MatrixType, int, int, int)> Layer(int tokens)
        {
            foreach ((int outputs, int columns) in ((int, int)[])[(128, 256), (64, 256), (64, 256), (288, 256), (288, 256), (160, 384)])
            {
                yield return (MatrixType.E4M3, outputs, tokens, columns);
            }
        }
    }

    /// <summary>Of 33 rows inputs are two planes of bfloat16: seven layers with both.</summary>
    [Theory]
    [InlineData(9, 0)]
    [InlineData(8, 0)]
    public void A_prompt_in_bfloat16_has_the_logits_of_the_CPU_on_every_card(int major, int minor)
    {
        var card = new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick };
        using var both = new CardModel(s_weightOnly, new SyntheticCheckpoint { Layers = 1, LinearType = DataType.BFloat16 }, card, library: static cuda => new FakeCublasLt(cuda));

        double error = both.LargestError(CardModel.Ids(33), CardModel.Ids(1, 2));

        Assert.True(error < Tolerance, $"{error}");
        Assert.Null(both.Fake.Fault);
        int trials = major == 9 ? Trials : 2;
        Assert.Equal(2 * 7, both.Library!.Products.Count - trials);
        Assert.All(both.Library.Products.Skip(trials), product => Assert.Equal((MatrixType.BFloat16, 33), (product.Type, product.Tokens)));
        Assert.DoesNotContain(Kernels(both), name => name.StartsWith("linear_wide", StringComparison.Ordinal) || name.StartsWith("linear_many", StringComparison.Ordinal));
    }

    [Fact]
    public void Weights_in_8_bits_alone_are_multiplied_by_Octets_own_kernels()
    {
        using var both = new CardModel(s_weightOnly, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda));

        double error = both.LargestError(CardModel.Ids(40), []);

        Assert.True(error < Tolerance, $"{error}");
        Assert.Equal(Trials, both.Backend.LibraryProducts);
    }

    [Fact]
    public void Layers_that_the_library_has_no_algorithm_for_are_multiplied_by_Octets_own_kernels()
    {
        using var both = new CardModel(s_dynamic, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda) { Lacks = static outputs => outputs == 64 });

        double error = both.LargestError(CardModel.Ids(40), []);

        Assert.True(error < DynamicTolerance, $"{error}");
        Assert.Equal([128, 288, 288, 160], both.Library!.Products.Skip(Trials).Select(product => product.Outputs));
    }

    /// <summary>Such a step may be recorded: its bits are the same whether it is or not.</summary>
    [Fact]
    public void Steps_with_one_row_of_each_sequence_are_multiplied_by_Octets_own_kernels()
    {
        using var both = new CardModel(s_dynamic with { ContextLength = 32 }, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda));
        InferenceSession[] sessions = [.. Enumerable.Range(0, 33).Select(_ => both.Model.CreateSession())];

        both.Model.Evaluate(sessions, CardModel.Ids(33), new float[33 * sessions[0].VocabularySize]);

        Assert.Equal(Trials, both.Backend.LibraryProducts);
        Assert.Contains(Kernels(both), name => name.StartsWith("linear_wide_codes", StringComparison.Ordinal));
        foreach (InferenceSession session in sessions)
        {
            session.Dispose();
        }
    }

    [Fact]
    public async Task A_status_in_a_step_is_the_error_of_its_requests_and_others_are_answered()
    {
        using var both = new CardModel(s_dynamic, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda));
        both.Fake.Faults.Fail("cublasLtMatmul", 2, Status.ExecutionFailed);

        var error = await Assert.ThrowsAsync<CublasLtException>(() => Generate(both.Model));

        Assert.Equal((ModelError.DeviceFailed, 13, "CUBLAS_STATUS_EXECUTION_FAILED", "cublasLtMatmul"), (error.Error, error.Status, error.Name, error.Call));
        Assert.Equal("cublasLtMatmul failed with CUBLAS_STATUS_EXECUTION_FAILED (13: the GPU program failed to execute); without OCTET_CUBLASLT Octet's own kernels compute", error.Message);
        Assert.Equal(await Generate(both.Cpu), await Generate(both.Model));

        static async Task<int[]> Generate(LanguageModel model)
        {
            List<int> ids = [];
            await foreach (GenerationUpdate update in model.GenerateAsync(CardModel.Ids(40), null, new GenerationOptions { MaxTokens = 2, Temperature = 0, IgnoreEos = true }))
            {
                ids.Add(update.TokenId!.Value);
            }

            return [.. ids];
        }
    }

    [Fact]
    public void All_of_the_card_is_given_back()
    {
        var both = new CardModel(s_dynamic, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda));
        both.LargestError(CardModel.Ids(40), []);

        both.Model.Dispose();

        Assert.True(both.Fake.IsClean, $"{both.Fake.LiveHandles} handles, {both.Fake.LivePinned} pinned blocks, {both.Fake.LiveAllocations} allocations");
        both.Dispose();
    }

    [Fact]
    public void A_library_that_is_not_right_is_not_used_and_the_model_says_why()
    {
        using var both = new CardModel(s_dynamic, new SyntheticCheckpoint { Layers = 1 }, library: static cuda => new FakeCublasLt(cuda) { Errs = static (_, _) => 0 });

        double error = both.LargestError(CardModel.Ids(40), []);

        Assert.True(error < DynamicTolerance, $"{error}");
        Assert.EndsWith(", kernels for sm_90a, cuBLASLt not used: a trial's products are 1.0e+0 off the right ones, expected at most 2.0e-3", both.Model.Device, StringComparison.Ordinal);
        Assert.Equal(0, both.Backend.LibraryProducts);
    }

    static IEnumerable<string> Kernels(CardModel both) => both.Fake.Card.Launches.Select(report => report.Kernel);
}
