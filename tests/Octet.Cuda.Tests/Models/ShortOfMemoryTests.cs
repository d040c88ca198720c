using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Numerics;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>A card whose memory ends at any allocation: an error that says so, after which everything goes on or everything is given back.</summary>
public class ShortOfMemoryTests
{
    const double Tolerance = 5e-4;

    static readonly LanguageModelOptions s_options = new() { Activation = ActivationMode.WeightOnly, PrefillChunk = 64, ContextLength = 256 };
    static readonly SyntheticCheckpoint s_small = new() { Layers = 1, HiddenSize = 96, IntermediateSize = 144 };

    [Fact]
    public void A_step_that_has_no_memory_leaves_a_model_that_computes()
    {
        int failures = 0;
        for (int nth = 1, failed = 1; failed > 0; nth++)
        {
            using var both = new CardModel(s_options, s_small);
            int[] prompt = CardModel.Ids(5);
            using InferenceSession session = both.Model.CreateSession();
            using InferenceSession other = both.Model.CreateSession();
            using InferenceSession expected = both.Cpu.CreateSession();
            float[] found = new float[session.VocabularySize];
            float[] wanted = new float[session.VocabularySize];

            // Steps of one row that are recorded, and a prompt whose operands take more room than theirs.
            session.Evaluate(prompt, found);
            expected.Evaluate(prompt, wanted);
            foreach (int id in CardModel.Ids(3, 2))
            {
                session.Evaluate([id], found);
                expected.Evaluate([id], wanted);
            }

            both.Fake.Faults.Fail("cuMemAlloc_v2", nth, Code.OutOfMemory);
            try
            {
                other.Evaluate(CardModel.Ids(60, 3), found);
                failed = 0;
            }
            catch (CudaException error)
            {
                Assert.Equal((ModelError.Full, Code.OutOfMemory), (error.Error, error.Code));
                failures++;
            }

            foreach (int id in CardModel.Ids(3, 4))
            {
                session.Evaluate([id], found);
                expected.Evaluate([id], wanted);
                Assert.True(Difference.Of(wanted, found) < Tolerance, $"allocation {nth}");
            }
        }

        Assert.True(failures > 1, $"{failures} allocations failed");
    }

    /// <summary>Calls of a prompt and of steps that are recorded, one after the other: every seventeenth, day by day another; OCTET_SLOW=1: each.</summary>
    [Theory]
    [InlineData(Code.LaunchFailed)]
    [InlineData(Code.OutOfMemory)]
    public void A_card_may_fail_in_any_call_of_a_step_and_all_is_given_back(int code)
    {
        bool haveCome = true;
        int step = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" ? 1 : 17;
        for (int nth = 1 + (DateTime.UtcNow.DayOfYear % step); haveCome; nth += step)
        {
            using var both = new CardModel(s_options, s_small);
            FakeCuda fake = both.Fake;
            using (InferenceSession session = both.Model.CreateSession())
            {
                fake.Faults.FailAny(nth, code);
                try
                {
                    float[] logits = new float[session.VocabularySize];
                    session.Evaluate(CardModel.Ids(40), logits);
                    foreach (int id in CardModel.Ids(3, 2))
                    {
                        session.Evaluate([id], logits);
                    }
                }
                catch (CudaException error)
                {
                    Assert.Equal(code, error.Code);
                }
            }

            haveCome = fake.Faults.HaveCome;
            both.Model.Dispose();
            Assert.True(fake.IsClean, $"call {nth}: {fake.LiveHandles} handles, {fake.LivePinned} pinned, {fake.LiveAllocations} allocations, {fake.EarlyFrees} early frees");
        }
    }

    [Theory]
    [InlineData("cuGraphInstantiateWithFlags", Code.OutOfMemory)]
    [InlineData("cuGraphUpload", Code.OutOfMemory)]
    [InlineData("cuGraphInstantiateWithFlags", Code.StreamCaptureUnsupported)]
    public void A_step_of_which_the_driver_makes_no_graph_runs_without_one(string function, int code)
    {
        using var both = new CardModel(s_options, s_small);
        both.Fake.Faults.Fail(function, 1, code);

        double error = both.LargestError(CardModel.Ids(5), CardModel.Ids(4, 2));

        Assert.True(error < Tolerance, $"{error}");
        Assert.Equal((0, 1), (both.Backend.GraphSteps, both.Fake.Faults.Calls("cuGraphInstantiateWithFlags")));
        Assert.Contains($", steps without graphs: {function} failed with CUDA_ERROR_", both.Model.Device, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND")]
    [InlineData(222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION")]
    [InlineData(223, "CUDA_ERROR_JIT_COMPILATION_DISABLED")]
    public void A_driver_that_compiles_nothing_is_told_when_the_model_is_opened_and_leaves_it_to_the_CPU(int code, string name)
    {
        using var directory = new TemporaryDirectory();
        s_small.Write(directory.Path);
        using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
        DriverProbe probe = fake.Probe;
        DeviceKind kind = CudaDevices.Kind(() => probe, (context, mode) => new CudaBackend(context, mode));
        fake.Faults.Fail("cuModuleLoadDataEx", 1, code);
        fake.Faults.Fail("cuModuleLoadDataEx", 2, code);

        var error = Assert.Throws<CudaException>(() => LanguageModel.Load(directory.Path, s_options with { Device = "cuda" }, ScalarKernels.Instance, kinds: [kind]));
        Assert.Equal((ModelError.Unsupported, code, name), (error.Error, error.Code, error.Name));
        Assert.Equal(0, fake.Faults.Calls("cuMemAlloc_v2"));

        using LanguageModel model = LanguageModel.Load(directory.Path, s_options with { Device = "auto" }, ScalarKernels.Instance, kinds: [kind]);
        Assert.StartsWith($"the CPU computes: cuda: cuModuleLoadDataEx failed with {name} ({code}", model.Notices[0], StringComparison.Ordinal);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void A_model_that_cannot_be_opened_gives_everything_back()
    {
        using var directory = new TemporaryDirectory();
        s_small.Write(directory.Path);
        bool haveCome = true;
        for (int nth = 1; haveCome; nth++)
        {
            using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
            DriverProbe probe = fake.Probe;
            DeviceKind kind = CudaDevices.Kind(() => probe, (context, mode) => new CudaBackend(context, mode, new CudaBackendSizes(ArenaBlock: 1 << 16, UploadBuffer: 1 << 14, Readback: 1 << 12)));
            fake.Faults.FailAny(nth, nth % 2 == 0 ? Code.OutOfMemory : Code.LaunchFailed);
            try
            {
                LanguageModel.Load(directory.Path, s_options with { Device = "cuda" }, ScalarKernels.Instance, kinds: [kind]).Dispose();
            }
            catch (ModelException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }

            haveCome = fake.Faults.HaveCome;
            Assert.True(fake.IsClean, $"call {nth}: {fake.LiveHandles} handles, {fake.LivePinned} pinned, {fake.LiveAllocations} allocations are left");
        }
    }
}
