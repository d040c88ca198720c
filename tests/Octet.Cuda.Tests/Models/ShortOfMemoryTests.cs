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

    [Theory]
    [InlineData("cuGraphInstantiateWithFlags")]
    [InlineData("cuGraphUpload")]
    public void A_step_that_has_no_memory_for_a_graph_runs_without_one(string function)
    {
        using var both = new CardModel(s_options, s_small);
        both.Fake.Faults.Fail(function, 1, Code.OutOfMemory);

        double error = both.LargestError(CardModel.Ids(5), CardModel.Ids(4, 2));

        Assert.True(error < Tolerance, $"{error}");
        Assert.Equal((0, 1), (both.Backend.GraphSteps, both.Fake.Faults.Calls("cuGraphInstantiateWithFlags")));
    }
}
