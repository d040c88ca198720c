using Octet.Tests.Reference;

namespace Octet.Tests.Models;

public class HugePageTests
{
    [Fact]
    public void A_dense_model_comes_in_huge_pages_but_for_an_embedding_that_is_read_by_rows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        Assert.SkipUnless(Directory.Exists("/sys/kernel/mm/transparent_hugepage"), "this system has no huge pages");
        foreach (bool tied in (bool[])[true, false])
        {
            using var directory = new TemporaryDirectory();
            new SyntheticCheckpoint { Tied = tied }.Write(directory.Path);
            using LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = 1 });
            string[][] flags = FileMappings.FlagsOf(directory.Path);
            Assert.Contains(flags, mapping => mapping.Contains("hg"));
            Assert.Equal(!tied, flags.Any(mapping => mapping.Contains("nh")));
        }
    }
}
