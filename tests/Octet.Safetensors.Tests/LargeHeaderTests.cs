using System.Diagnostics;
using System.Text;

namespace Octet.Safetensors.Tests;

[Collection("Large")]
public class LargeHeaderTests
{
    [Fact]
    public void A_million_tensors_open_in_seconds_and_bounded_memory()
    {
        const int Count = 1_000_000;
        byte[] file = Bytes.File(Header(Count), new byte[Count]);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();

        using SafetensorsFile opened = SafetensorsFile.Parse(file, "large");

        watch.Stop();
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.Equal(Count, opened.Tensors.Count);
        Assert.Equal(Count - 1, opened[$"model.layers.{Count - 1}"].DataOffset);
        // About a second on an idle core; wide, since a test must not fail for its neighbours' sake.
        Assert.True(watch.Elapsed.TotalSeconds < 30, $"{watch.Elapsed.TotalSeconds:f1} s");
        Assert.True(allocated < 600L * Count, $"{allocated / Count} bytes to a tensor");
    }

    static byte[] Header(int count)
    {
        IEnumerable<string> entries = Enumerable.Range(0, count).Select(i => $$"""
            "model.layers.{{i}}":{"dtype":"U8","shape":[1],"data_offsets":[{{i}},{{i + 1}}]}
            """);
        return Encoding.ASCII.GetBytes("{" + string.Join(",", entries) + "}");
    }
}
