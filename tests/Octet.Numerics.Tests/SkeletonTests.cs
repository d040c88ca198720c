namespace Octet.Numerics.Tests;

public class SkeletonTests
{
    [Fact]
    public void The_repository_is_found() => Assert.True(File.Exists(Path.Combine(Octet.Testing.Fixtures.Repository, "Octet.slnx")));
}
