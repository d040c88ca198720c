namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>A clock that stands still, in UTC.</summary>
sealed class FixedClock(DateTime now) : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);
}
