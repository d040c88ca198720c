using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class HttpRangeReaderTests
{
    static readonly HttpClient s_client = new();

    // What changes between two requests, or what the server gets wrong; and what is said of it.
    public static TheoryData<string, SafetensorsError, string> Faults => new()
    {
        { "ignored", SafetensorsError.IoError, "the server answered 200 OK, the whole file, instead of the range asked for: it does not serve ranges; download the file and open it there" },
        { "absent", SafetensorsError.FileNotFound, "there is no such file: the server answered 404 Not Found" },
        { "gone", SafetensorsError.FileNotFound, "there is no such file: the server answered 410 Gone" },
        { "secret", SafetensorsError.IoError, "the server answered 401 Unauthorized: give the HttpClient the credentials that the file needs" },
        { "forbidden", SafetensorsError.IoError, "the server answered 403 Forbidden: give the HttpClient the credentials that the file needs" },
        { "outside", SafetensorsError.IoError, "the server answered 416 Range Not Satisfiable: the file does not have the bytes asked for" },
        { "broken", SafetensorsError.IoError, "the server answered 500 Oh\u2028dear" },
        { "unnamed range", SafetensorsError.IoError, "the server's Content-Range is '', expected one range of bytes and the file's length" },
        { "unknown length", SafetensorsError.IoError, "expected one range of bytes and the file's length" },
        { "other unit", SafetensorsError.IoError, "expected one range of bytes and the file's length" },
        { "other range", SafetensorsError.IoError, "the server answered with bytes 1 to" },
        { "less", SafetensorsError.IoError, "the server answered with bytes" },
        { "compressed", SafetensorsError.IoError, "the server answered a range in the encoding 'gzip', expected none" },
        { "short", SafetensorsError.IoError, "the request failed: " },
        { "short body", SafetensorsError.IoError, "the server sent only 7 bytes at byte" },
        { "long body", SafetensorsError.IoError, "the server sent more than" },
    };

    static byte[] Sample() => Bytes.Write([new TensorSource("t", DataType.UInt8, [300_000], Ramp())]);

    static byte[] Ramp() => [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i % 251))];

    static RangeServer.Answer Fault(string fault, RangeServer.Answer honest)
    {
        string range = honest.Headers[0];
        int from = range.LastIndexOf(' ') + 1;
        int slash = range.IndexOf('/', StringComparison.Ordinal);
        return fault switch
        {
            "ignored" => new(200, "OK", [], new byte[300_100]),
            "absent" => new(404, "Not Found", [], []),
            "gone" => new(410, "Gone", [], []),
            "secret" => new(401, "Unauthorized", [], []),
            "forbidden" => new(403, "Forbidden", [], []),
            "outside" => new(416, "Range Not Satisfiable", ["Content-Range: bytes */5"], []),
            "broken" => new(500, "Oh\u2028dear", [], []),
            "unnamed range" => honest with { Headers = [] },
            "unknown length" => honest with { Headers = [range[..slash] + "/*"] },
            "other unit" => honest with { Headers = [range.Replace("bytes", "lines", StringComparison.Ordinal)] },
            "other range" => honest with { Headers = [$"Content-Range: bytes 1-{range[(range.IndexOf('-', from) + 1)..]}"] },
            "less" => honest with { Headers = [$"{range[..range.IndexOf('-', from)]}-{honest.Body.Length - 9}{range[slash..]}"] },
            "compressed" => honest with { Headers = [range, "Content-Encoding: gzip"] },
            "short" => honest with { Body = honest.Body[..7], Announced = honest.Body.Length },
            "short body" => honest with { Body = honest.Body[..7] },
            "long body" => honest with { Body = [.. honest.Body, 0] },
            _ => throw new ArgumentException(fault),
        };
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_server_that_does_not_serve_the_range_is_a_typed_error_of_one_line(string fault, SafetensorsError error, string says)
    {
        using RangeServer server = new(Sample()) { Change = honest => Fault(fault, honest) };

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => HttpRangeReader.Open(s_client, server.Uri));
        SafetensorsException refusedLater = await Assert.ThrowsAsync<SafetensorsException>(() => HttpRangeReader.OpenAsync(s_client, server.Uri));

        Assert.Equal((error, error), (refused.Error, refusedLater.Error));
        Assert.Contains(fault == "broken" ? "the server answered 500" : says, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith($"http://127.0.0.1:{server.Uri.Port}/model.safetensors: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message.Replace("Unauthorized", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(2, server.Asked.Count);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_after_opening_is_the_same_error_and_the_file_stays_usable(string fault, SafetensorsError error, string says)
    {
        using RangeServer server = new(Sample());
        using SafetensorsFile file = SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");
        byte[] copy = new byte[300_000];
        server.Change = honest => Fault(fault, honest);

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => file["t"].CopyTo(copy));
        SafetensorsException refusedLater = await Assert.ThrowsAsync<SafetensorsException>(async () => await file["t"].CopyToAsync(copy));

        Assert.NotEmpty(says);
        Assert.Equal((error, error), (refused.Error, refusedLater.Error));
        server.Change = honest => honest;
        file["t"].CopyTo(copy);
        Assert.Equal(Ramp(), copy);
    }

    [Theory]
    [InlineData(0, "ETag: \"one\"", false)]
    [InlineData(0, "ETag: W/\"one\"", false)]
    [InlineData(0, "X: y", false)]
    [InlineData(0, "ETag: \"two\"", true)]
    [InlineData(1, "ETag: \"one\"", true)]
    public void A_file_replaced_between_two_requests_is_seen(int longer, string tag, bool replaced)
    {
        byte[] bytes = Sample();
        using RangeServer server = new(bytes);
        using SafetensorsFile file = SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");
        server.Change = honest => honest with { Headers = [$"Content-Range: bytes 100000-{bytes.Length - 1}/{bytes.Length + longer}", tag] };
        byte[] copy = new byte[300_000];

        if (!replaced)
        {
            file["t"].CopyTo(copy);
            Assert.Equal(Ramp(), copy);
            return;
        }

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => file["t"].CopyTo(copy));
        Assert.Equal(SafetensorsError.IoError, refused.Error);
        Assert.Contains("was replaced on the server", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_a_terabyte_is_listed_by_one_request()
    {
        const long Data = 1L << 40;
        byte[] beginning = Bytes.File($$"""{"a":{"dtype":"U8","shape":[{{Data - 2}}],"data_offsets":[0,{{Data - 2}}]},"b":{"dtype":"U8","shape":[2],"data_offsets":[{{Data - 2}},{{Data}}]} }""");
        using RangeServer server = new(beginning, beginning.Length + Data);

        using HttpRangeReader reader = await HttpRangeReader.OpenAsync(s_client, server.Uri);
        using SafetensorsFile file = await SafetensorsFile.OpenAsync(reader, "f");

        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(Data + beginning.Length, file.Length);
        Assert.Equal([(0, HttpRangeReader.FirstRequestBytes - 1)], server.Asked);
        Assert.Equal(HttpRangeReader.FirstRequestBytes, server.Sent);
        byte[] last = [1, 1];
        file["b"].CopyTo(last);
        Assert.Equal([0, 0], last);
        Assert.Equal((file.Length - 2, file.Length - 1), server.Asked.Last());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_header_beyond_the_first_request_takes_one_more(bool asynchronously)
    {
        string entries = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $"\"layers.{i}\":" + """{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"""));
        byte[] bytes = Bytes.File("{" + entries + "}");
        using RangeServer server = new(bytes);

        using SafetensorsFile file = asynchronously
            ? await SafetensorsFile.OpenAsync(await HttpRangeReader.OpenAsync(s_client, server.Uri), "f")
            : SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");

        Assert.Equal(5_000, file.Tensors.Count);
        Assert.Equal([(0, 99_999), (100_000, bytes.Length - 1)], server.Asked);
        Assert.Equal(bytes.Length, server.Sent);
    }

    [Fact]
    public void A_slice_moves_only_its_own_bytes()
    {
        byte[] bytes = Bytes.Write([new TensorSource("t", DataType.UInt8, [3000, 100], Ramp())]);
        using RangeServer server = new(bytes);
        using SafetensorsFile file = SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");
        TensorView tensor = file["t"];
        long header = tensor.FileOffset;
        server.Asked.Clear();

        byte[] rows = new byte[200];
        tensor[2000..2002].CopyTo(rows);
        byte[] columns = new byte[6];
        tensor[2997.., 10..12].CopyTo(columns);

        Assert.Equal(Ramp()[200_000..200_200], rows);
        Assert.Equal([.. Ramp()[299_710..299_712], .. Ramp()[299_810..299_812], .. Ramp()[299_910..299_912]], columns);
        Assert.Equal(
            [(header + 200_000, header + 200_199), (header + 299_710, header + 299_711), (header + 299_810, header + 299_811), (header + 299_910, header + 299_911)],
            server.Asked);
    }

    [Fact]
    public void What_the_first_request_brought_is_not_asked_for_again()
    {
        using RangeServer server = new(Sample());
        using SafetensorsFile file = SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");
        byte[] copy = new byte[120_000];

        file["t"].Read(0, copy.AsSpan(0, 90_000));
        Assert.Single(server.Asked);
        file["t"].Read(0, copy);

        Assert.Equal(Ramp()[..120_000], copy);
        Assert.Equal((100_000, file["t"].FileOffset + 119_999), server.Asked.Last());
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_said()
    {
        Uri nobody;
        using (RangeServer server = new([]))
        {
            nobody = server.Uri;
        }

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => HttpRangeReader.Open(s_client, nobody));
        SafetensorsException refusedLater = await Assert.ThrowsAsync<SafetensorsException>(() => HttpRangeReader.OpenAsync(s_client, nobody));

        Assert.Equal((SafetensorsError.IoError, SafetensorsError.IoError), (refused.Error, refusedLater.Error));
        Assert.Contains("the request failed: ", refused.Message, StringComparison.Ordinal);
        Assert.IsType<HttpRequestException>(refused.InnerException);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_said_and_a_cancellation_is_one()
    {
        using RangeServer server = new(Sample()) { Change = honest => honest with { Status = 0 } };
        using HttpClient hasty = new() { Timeout = TimeSpan.FromSeconds(0.2) };
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(0.2));

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => HttpRangeReader.Open(hasty, server.Uri));

        Assert.EndsWith("the server did not answer within 0.2 seconds", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HttpRangeReader.OpenAsync(s_client, server.Uri, soon.Token));
    }

    [Fact]
    public async Task Many_threads_read_at_once()
    {
        using RangeServer server = new(Sample());
        using SafetensorsFile file = SafetensorsFile.Open(HttpRangeReader.Open(s_client, server.Uri), "f");
        byte[] expected = Ramp();

        await Parallel.ForAsync(0, 40, async (i, cancellation) =>
        {
            byte[] part = new byte[5_000];
            await file["t"].ReadAsync(i * 7_000, part, cancellation);
            Assert.Equal(expected.AsSpan(i * 7_000, 5_000).ToArray(), part);
        });
    }

    [Fact]
    public void A_reader_disposed_of_reads_no_more()
    {
        using RangeServer server = new(Encoding.ASCII.GetBytes("twelve bytes"));
        HttpRangeReader reader = HttpRangeReader.Open(s_client, server.Uri);
        Assert.Equal(12, reader.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(10, new byte[3]));

        reader.Dispose();

        Assert.Throws<ObjectDisposedException>(() => reader.Read(0, new byte[3]));
    }
}
