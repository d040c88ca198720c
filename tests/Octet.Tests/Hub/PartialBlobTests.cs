using Octet.Tests.Reference;

namespace Octet.Tests.Hub;

public sealed class PartialBlobTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Blob => Path.Combine(_directory.Path, "hash");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Finished_parts_are_there_after_a_kill_and_unfinished_ones_are_not()
    {
        using (PartialBlob first = PartialBlob.Open(Blob, 25, 10))
        {
            Assert.Equal(3, first.Parts);
            first.Write(2, 0, [21, 22, 23, 24, 25]);
            first.Write(0, 0, [1, 2, 3]);
            first.Write(0, 3, [4, 5, 6, 7, 8, 9, 10]);
            first.Write(1, 0, [11, 12]);
        }

        using PartialBlob second = PartialBlob.Open(Blob, 25, 10);

        Assert.Equal([10, 0, 5], Enumerable.Range(0, 3).Select(second.Received));
        Assert.Equal(15, PartialBlob.FinishedBytes(Blob, 25));
        Assert.Equal((Blob, 15L), Assert.Single(PartialBlob.All(_directory.Path)));
        second.Write(1, 0, [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        second.Commit(Blob);
        Assert.Equal(Enumerable.Range(1, 25).Select(i => (byte)i), File.ReadAllBytes(Blob));
        Assert.Equal([Blob], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Contiguous_bytes_end_at_the_first_gap()
    {
        using PartialBlob partial = PartialBlob.Open(Blob, 25, 10);
        int part = 0;
        Assert.Equal(0, partial.Contiguous(ref part));

        partial.Write(1, 0, new byte[10]);
        partial.Write(0, 0, new byte[4]);
        Assert.Equal(4, partial.Contiguous(ref part));

        partial.Write(0, 4, new byte[6]);
        Assert.Equal(20, partial.Contiguous(ref part));

        partial.Write(2, 0, new byte[5]);
        Assert.Equal(25, partial.Contiguous(ref part));
    }

    [Fact]
    public void Bytes_that_another_has_brought_do_not_count_twice()
    {
        using PartialBlob partial = PartialBlob.Open(Blob, 25, 10);

        Assert.True(partial.Write(0, 0, new byte[4]));
        Assert.False(partial.Write(0, 0, new byte[4]));
        Assert.Equal(4, partial.ReceivedBytes);
    }

    [Fact]
    public void The_parts_of_a_download_keep_their_size()
    {
        PartialBlob.Open(Blob, 25, 10).Dispose();

        using PartialBlob second = PartialBlob.Open(Blob, 25, 7);

        Assert.Equal((3, 10), (second.Parts, second.Length(0)));
    }

    [Fact]
    public void A_line_that_a_kill_has_cut_off_is_forgotten()
    {
        using (PartialBlob first = PartialBlob.Open(Blob, 250, 10))
        {
            first.Write(3, 0, new byte[10]);
        }

        File.AppendAllText(Blob + ".parts.journal", "1");
        using (PartialBlob second = PartialBlob.Open(Blob, 250, 10))
        {
            Assert.Equal(10, second.ReceivedBytes);
            second.Write(2, 0, new byte[10]);
        }

        using PartialBlob third = PartialBlob.Open(Blob, 250, 10);
        Assert.Equal([2, 3], Enumerable.Range(0, third.Parts).Where(third.IsFinished));
    }

    [Theory]
    [InlineData("octet-parts 1 26 10\n0\n")]
    [InlineData("octet-parts 2 25 10\n0\n")]
    [InlineData("octet-parts 1 25 0\n0\n")]
    [InlineData("octet-parts 1 25 10\n3\n")]
    [InlineData("octet-parts 1 25 10\n-1\n")]
    [InlineData("octet-parts 1 25 10\nx\n")]
    [InlineData("octet-parts 1 25")]
    [InlineData("")]
    public void A_journal_that_is_not_of_this_file_is_not_believed(string journal)
    {
        File.WriteAllBytes(Blob + ".parts", new byte[25]);
        File.WriteAllText(Blob + ".parts.journal", journal);

        using PartialBlob partial = PartialBlob.Open(Blob, 25, 10);

        Assert.Equal(0, partial.ReceivedBytes);
    }

    [Fact]
    public void Without_its_data_a_journal_is_nothing()
    {
        File.WriteAllText(Blob + ".parts.journal", "octet-parts 1 25 10\n0\n");

        using PartialBlob partial = PartialBlob.Open(Blob, 25, 10);

        Assert.Equal(0, partial.ReceivedBytes);
    }

    [Fact]
    public void What_is_discarded_is_gone()
    {
        PartialBlob partial = PartialBlob.Open(Blob, 25, 10);
        partial.Write(0, 0, new byte[10]);

        partial.Discard();

        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    // huggingface_hub takes HASH.incomplete for a beginning, and appends to it.
    [Fact]
    public void No_name_is_one_that_Python_would_append_to()
    {
        using PartialBlob partial = PartialBlob.Open(Blob, 25, 10);

        Assert.All(Directory.GetFiles(_directory.Path), name => Assert.DoesNotContain(".incomplete", name, StringComparison.Ordinal));
    }
}
