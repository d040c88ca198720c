using Octet.Generation;

namespace Octet.Tests.Generation;

public class LogitScanTests
{
    [Fact]
    public void The_maximum_and_its_lowest_index_are_found_at_every_length_and_place()
    {
        for (int length = 1; length < 70; length++)
        {
            for (int at = 0; at < length; at++)
            {
                var values = new float[length];
                values.AsSpan().Fill(-3);
                values.AsSpan(at).Fill(-2);

                Assert.Equal(-2, LogitScan.Maximum(values));
                Assert.Equal(at, LogitScan.IndexOf(values, -2));
                values[at] = float.NaN;
                Assert.True(float.IsNaN(LogitScan.Maximum(values)), $"NaN at {at} of {length}");
            }
        }
    }

    [Fact]
    public void A_value_that_is_not_there_has_no_index() => Assert.Equal(-1, LogitScan.IndexOf(new float[40], 1));
}
