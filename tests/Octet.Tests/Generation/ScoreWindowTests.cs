using Octet.Backends.Cpu;
using Octet.Generation;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

public class ScoreWindowTests
{
    static CpuKernels Kernels => InstructionSet.Float32.First(set => set.IsSupported).Kernels;

    [Fact]
    public void A_window_counts_the_tokens_that_none_before_it_has_held()
    {
        // Tokens 0-9 in windows of 4 every 2. The guide's loop: windows 0-3, 2-5, 4-7, 6-9 count tokens 1-3, 4-5, 6-7, 8-9, each predicted
        // by the row before it; the last row of all predicts nothing but is given too.
        Assert.Equal([new(0, 4, 0, 3), new(2, 6, 3, 5), new(4, 8, 5, 7), new(6, 10, 7, 10)], TextWindow.Cut(10, 4, 2));

        // Every 3, and a last window that is not full: token 9 is the only new one.
        Assert.Equal([new(0, 4, 0, 3), new(3, 7, 3, 6), new(6, 10, 6, 10)], TextWindow.Cut(10, 4, 3));
        Assert.Equal([new(0, 6, 0, 5), new(5, 8, 5, 8)], TextWindow.Cut(8, 6, 5));

        // Side by side: the first token of a window has none before it.
        Assert.Equal([new(0, 4, 0, 4), new(4, 8, 4, 8), new(8, 10, 8, 10)], TextWindow.Cut(10, 4, 4));
        Assert.Equal([new(0, 10, 0, 10)], TextWindow.Cut(10, 10, 5));
    }

    [Theory]
    [InlineData(16, 8, 49)]
    [InlineData(16, 16, 46)]
    [InlineData(20, 1, 49)]
    [InlineData(50, 25, 49)]
    public void The_sum_is_that_of_each_windows_new_tokens(int length, int stride, int predicted)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1 }.Write(directory.Path);
        int[] ids = LogitsTests.Ids(50, 301);
        var reference = new DoubleReference(directory.Path);
        double expected = 0;
        int counted = 0, held = 0;

        // As the guide writes it.
        for (int begin = 0; held < ids.Length; begin += stride)
        {
            int end = Math.Min(begin + length, ids.Length);
            double[][] logits = reference.Forward(ids.AsSpan(begin, end - begin));
            for (int token = Math.Max(held, begin + 1); token < end; token++)
            {
                double[] row = logits[token - 1 - begin];
                expected += Math.Log(row.Sum(Math.Exp)) - row[ids[token]];
                counted++;
            }

            held = end;
        }

        using LanguageModel model = LogitsTests.Open(directory.Path, Kernels, chunk: 7);
        List<int> positions = [];
        ScoreResult score = model.Score(ids, new ScoreOptions { Window = length, Stride = stride }, (position, _) => positions.Add(position), TestContext.Current.CancellationToken);

        Assert.Equal((predicted, predicted), (counted, score.Tokens));
        Assert.Equal(expected, score.NegativeLogLikelihood, 1e-4 * expected);
        Assert.Equal(Enumerable.Range(0, 50), positions);
    }

    [Fact]
    public void A_text_longer_than_the_context_is_cut_into_windows_of_it_every_half()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1 }.Write(directory.Path);
        int[] ids = LogitsTests.Ids(70, 301);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { ContextLength = 32, KvCache = KvCacheType.Float32 });

        ScoreResult score = model.Score(ids, null, TestContext.Current.CancellationToken);

        Assert.Equal(69, score.Tokens);
        Assert.Equal(model.Score(ids, new ScoreOptions { Window = 32, Stride = 16 }, null, TestContext.Current.CancellationToken), score);
    }

    [Theory]
    [InlineData(1, null, 64, "window of 1 tokens: expected 2 to 64")]
    [InlineData(65, null, 64, "window of 65 tokens: expected 2 to 64")]
    [InlineData(8, 9, 64, "stride of 9 tokens: expected 1 to 8")]
    [InlineData(8, 0, 64, "stride of 0 tokens: expected 1 to 8")]
    [InlineData(null, null, 1, "3 tokens do not fit into a context of 1")]
    public void Lengths_out_of_range_are_refused(int? window, int? stride, int context, string fragment)
        => Assert.Contains(fragment, Assert.Throws<ModelException>(() => new ScoreOptions { Window = window, Stride = stride }.Cut(3, context)).Message, StringComparison.Ordinal);
}
