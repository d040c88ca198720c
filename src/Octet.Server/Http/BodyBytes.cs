using System.Globalization;

namespace Octet.Server.Http;

/// <summary>The bytes of all bodies that are held at once: many requests that are each within their limit must not fill the memory.</summary>
/// <param name="most">How many there may be.</param>
sealed class BodyBytes(long most)
{
    long _held;

    /// <summary>The share of one request, given back when it is disposed of.</summary>
    internal Share Begin() => new(this);

    internal sealed class Share(BodyBytes all) : IDisposable
    {
        long _bytes;

        /// <summary>Takes a body in, as far as it has come.</summary>
        /// <exception cref="ApiException">All together are too many: 429.</exception>
        internal void Hold(HttpContext context, long bytes)
        {
            long more = bytes - _bytes;
            if (more > 0 && Interlocked.Add(ref all._held, more) > all.Most)
            {
                Interlocked.Add(ref all._held, -more);
                RequestBody.Close(context);
                throw new ApiException(
                    StatusCodes.Status429TooManyRequests,
                    string.Create(CultureInfo.InvariantCulture, $"the bodies of all requests at work are {all.Most} bytes, the most that this server holds: try again shortly"), null, "overloaded")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            }

            _bytes = Math.Max(_bytes, bytes);
        }

        public void Dispose()
        {
            Interlocked.Add(ref all._held, -_bytes);
            _bytes = 0;
        }
    }

    long Most => most;
}
