using System.Text;

namespace Octet.Tests.Hub;

public class ContentHashTests
{
    // As git hash-object and sha256sum print them.
    [Theory]
    [InlineData("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", null)]
    [InlineData("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a", null)]
    [InlineData("", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("hello\n", "", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")]
    public void Small_files_have_the_hash_of_git_and_large_ones_SHA_256(string content, string oid, string? sha256)
    {
        Assert.True(Matches(content, new ModelFile("f", content.Length, oid, sha256)));
        Assert.False(Matches(content + "x", new ModelFile("f", content.Length, oid, sha256)));
    }

    static bool Matches(string content, ModelFile file)
    {
        using ContentHash hash = new(file);
        hash.Append(Encoding.UTF8.GetBytes(content));
        return hash.Matches();
    }
}
