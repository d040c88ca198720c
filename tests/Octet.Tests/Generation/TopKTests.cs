using Octet.Generation;

namespace Octet.Tests.Generation;

public class TopKTests
{
    [Fact]
    public void It_is_what_sorting_by_logit_and_then_by_id_puts_first()
    {
        var random = new Random(11);
        for (int round = 0; round < 500; round++)
        {
            int count = random.Next(1, 300);
            int k = random.Next(1, count + 1);

            // Few distinct values: ties everywhere.
            int distinct = random.Next(1, 40);
            float[] logits = [.. Enumerable.Range(0, count).Select(_ => random.Next(20) == 0 ? float.NegativeInfinity : random.Next(-distinct, distinct) / 4f)];

            int[] best = [.. new TopK(k).Select(logits).ToArray().Select(TopK.Id)];

            Assert.Equal(Enumerable.Range(0, count).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(k), best);
        }
    }

    [Fact]
    public void The_two_zeros_are_equal() => Assert.Equal([0, 1], new TopK(2).Select([-0f, 0f, -1f]).ToArray().Select(TopK.Id));
}
