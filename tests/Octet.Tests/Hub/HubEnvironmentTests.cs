using Octet.Tests.Reference;

namespace Octet.Tests.Hub;

public sealed class HubEnvironmentTests : IDisposable
{
    readonly TemporaryDirectory _home = new();

    public void Dispose() => _home.Dispose();

    // The order of huggingface_hub's constants.py.
    [Theory]
    [InlineData("/c", "HF_HUB_CACHE=/c", "HUGGINGFACE_HUB_CACHE=/d", "HF_HOME=/e", "XDG_CACHE_HOME=/f")]
    [InlineData("/d", "HUGGINGFACE_HUB_CACHE=/d", "HF_HOME=/e", "XDG_CACHE_HOME=/f")]
    [InlineData("/e/hub", "HF_HOME=/e", "XDG_CACHE_HOME=/f")]
    [InlineData("/f/huggingface/hub", "XDG_CACHE_HOME=/f")]
    [InlineData("~/.cache/huggingface/hub")]
    [InlineData("~/.cache/huggingface/hub", "HF_HUB_CACHE=", "HF_HOME=", "XDG_CACHE_HOME=")]
    [InlineData("~/c", "HF_HUB_CACHE=~/c")]
    public void The_cache_is_where_the_variables_say(string expected, params string[] variables)
    {
        string full = Path.GetFullPath(expected.Replace("~", Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), StringComparison.Ordinal));

        Assert.Equal(full, With(variables).CacheDirectory);
    }

    [Theory]
    [InlineData(true, "HF_HUB_OFFLINE=1")]
    [InlineData(true, "HF_HUB_OFFLINE=true")]
    [InlineData(true, "HF_HUB_OFFLINE=Yes")]
    [InlineData(true, "HF_HUB_OFFLINE=ON")]
    [InlineData(true, "TRANSFORMERS_OFFLINE=1")]
    [InlineData(false, "HF_HUB_OFFLINE=0")]
    [InlineData(false, "HF_HUB_OFFLINE=0", "TRANSFORMERS_OFFLINE=1")]
    [InlineData(false)]
    public void Offline_is_what_the_variables_say(bool expected, params string[] variables) => Assert.Equal(expected, With(variables).IsOffline);

    [Fact]
    public void The_token_is_that_of_the_variable_before_that_of_the_file()
    {
        File.WriteAllText(Path.Combine(_home.Path, "token"), "hf_file\n");
        File.WriteAllText(Path.Combine(_home.Path, "other"), " hf_other\r\n");

        Assert.Equal(("hf_one", "HF_TOKEN"), With($"HF_HOME={_home.Path}", "HF_TOKEN= hf_one\n", "HUGGING_FACE_HUB_TOKEN=hf_two").Token);
        Assert.Equal("hf_two", With($"HF_HOME={_home.Path}", "HUGGING_FACE_HUB_TOKEN=hf_two").Token?.Value);
        Assert.Equal(("hf_file", Path.Combine(_home.Path, "token")), With($"HF_HOME={_home.Path}").Token);
        Assert.Equal("hf_other", With($"HF_HOME={_home.Path}", $"HF_TOKEN_PATH={Path.Combine(_home.Path, "other")}").Token?.Value);
        Assert.Null(With($"HF_HOME={_home.Path}", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1").Token);
        Assert.Null(With($"HF_HOME={Path.Combine(_home.Path, "nowhere")}").Token);
    }

    [Fact]
    public void Options_come_before_the_environment()
    {
        HubEnvironment environment = With("HF_HUB_CACHE=/c", "HF_HUB_OFFLINE=1");

        using ModelHub given = new(new ModelHubOptions { CacheDirectory = _home.Path, Offline = false }, environment);
        using ModelHub open = new(new ModelHubOptions(), environment);

        Assert.Equal((_home.Path, false), (given.CacheDirectory, given.IsOffline));
        Assert.Equal((Path.GetFullPath("/c"), true), (open.CacheDirectory, open.IsOffline));
    }

    [Fact]
    public void Options_do_not_show_the_token() =>
        Assert.DoesNotContain("hf_secret", new ModelHubOptions { Token = "hf_secret" }.ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Connections_are_1_to_64(int connections) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModelHub(new ModelHubOptions { Connections = connections }));

    [Theory]
    [InlineData(5, "5")]
    [InlineData(7, " 7 ")]
    [InlineData(int.MaxValue / 1000, "10000000")]
    [InlineData(int.MaxValue / 1000, "99999999999999999999999999")]
    [InlineData(null, "")]
    public async Task A_connection_may_be_silent_as_long_as_the_variable_says(int? seconds, string value)
    {
        HubEnvironment environment = With($"HF_HUB_DOWNLOAD_TIMEOUT={value}", "HF_ENDPOINT=http://127.0.0.1:1");
        Assert.Equal(seconds, environment.DownloadTimeout?.TotalSeconds);

        // Nobody is there: what comes is the error of the connection, not one of the time.
        using ModelHub hub = new(new ModelHubOptions { CacheDirectory = _home.Path, Token = "", Retries = 0 }, environment);
        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => hub.ListFilesAsync(ModelId.Parse("org/name")));
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    public async Task A_time_that_is_none_is_an_error_that_names_the_variable(string value)
    {
        using ModelHub hub = new(new ModelHubOptions { CacheDirectory = _home.Path }, With($"HF_HUB_DOWNLOAD_TIMEOUT={value}"));

        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => hub.ListFilesAsync(ModelId.Parse("org/name")));

        Assert.Equal($"'{value}' is not how long a connection may be silent (HF_HUB_DOWNLOAD_TIMEOUT): expected seconds, a whole number from 1", e.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1L << 31)]
    public void A_timeout_is_above_zero_and_no_longer_than_a_connection_waits(long milliseconds)
        => Assert.Contains(
            nameof(ModelHubOptions.Timeout),
            Assert.Throws<ArgumentOutOfRangeException>(() => new ModelHub(new ModelHubOptions { Timeout = TimeSpan.FromMilliseconds(milliseconds) })).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("huggingface.co")]
    [InlineData("ftp://huggingface.co")]
    public async Task An_address_that_is_none_of_a_hub_is_an_error(string address)
    {
        using ModelHub hub = new(new ModelHubOptions { CacheDirectory = _home.Path }, With($"HF_ENDPOINT={address}"));

        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => hub.ListFilesAsync(ModelId.Parse("org/name")));

        Assert.Contains(address, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_two_lines_is_not_sent()
    {
        using ModelHub hub = new(new ModelHubOptions { CacheDirectory = _home.Path, Offline = false, Token = "hf_a\r\nX: y" });

        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => hub.ListFilesAsync(ModelId.Parse("org/name")));

        Assert.Equal(ModelHubError.Unauthorized, e.Error);
        Assert.DoesNotContain("hf_a", e.Message, StringComparison.Ordinal);
    }

    static HubEnvironment With(params string[] variables)
    {
        Dictionary<string, string> values = variables.Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return new HubEnvironment(name => values.GetValueOrDefault(name));
    }
}
