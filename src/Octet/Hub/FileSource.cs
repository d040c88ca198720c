using System.Net;
using System.Net.Http.Headers;

namespace Octet;

/// <summary>
/// The bytes of one file of a commit. The hub is asked by the file's name and leads to the storage, for large files; where it leads is
/// remembered until the storage refuses. What the hub's headers say must agree with its listing (<c>X-Repo-Commit</c>,
/// <c>X-Linked-Etag</c>, <c>X-Linked-Size</c>, which huggingface_hub reads too: <c>file_download.py</c>).
/// </summary>
sealed class FileSource(HubClient client, ModelId id, string commit, ModelFile file)
{
    readonly Uri _uri = client.FileUri(id, commit, file.Path);
    Uri? _storage;

    /// <summary>The file.</summary>
    internal ModelFile File => file;

    /// <summary>Asks for bytes.</summary>
    /// <param name="from">The first.</param>
    /// <param name="end">Behind the last.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The answer and the position at which its body begins: <paramref name="from"/>, or 0 of a server that does not serve ranges.</returns>
    /// <exception cref="TransientFailure">It may work the next time.</exception>
    /// <exception cref="ModelHubException">It will not.</exception>
    internal async Task<(HubResponse Response, long Start)> OpenAsync(long from, long end, CancellationToken cancellationToken)
    {
        Uri? storage = Volatile.Read(ref _storage);
        HubResponse? response = null;
        try
        {
            RangeHeaderValue? range = from == 0 && end == file.Size ? null : new RangeHeaderValue(from, end - 1);
            response = await client.SendAsync(storage ?? _uri, range, id, (answer, _) => RequireSameFile(answer), cancellationToken).ConfigureAwait(false);
            long start = Accept(response, from, end, storage is not null);
            if (!client.IsHub(response.Uri))
            {
                Volatile.Write(ref _storage, response.Uri);
            }

            return (response, start);
        }
        catch
        {
            Volatile.Write(ref _storage, null);
            response?.Dispose();
            throw;
        }
    }

    /// <summary>All of a small file, checked against its hash.</summary>
    internal async Task<ReadOnlyMemory<byte>> ReadAllAsync(long limit, CancellationToken cancellationToken)
    {
        if (file.Size > limit)
        {
            throw Damaged($"has {file.Size} bytes, expected at most {limit}");
        }

        (HubResponse response, _) = await OpenAsync(0, file.Size, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            ReadOnlyMemory<byte>? content = await response.ReadAllAsync(file.Size).ConfigureAwait(false);
            using var hash = new ContentHash(file);
            hash.Append(content.GetValueOrDefault().Span);
            return content?.Length == file.Size && hash.Matches() ? content.Value : throw WrongHash();
        }
    }

    internal ModelHubException WrongHash() => Damaged($"came with another hash than the listed {file.BlobName}");

    internal ModelHubException Damaged(string how) =>
        new(ModelHubError.Damaged, $"{id.Repository}: {file.Path} at commit {commit} {how}: nothing of it is kept; try again, and tell the repository's owner if it stays so");

    long Accept(HubResponse response, long from, long end, bool remembered)
    {
        HttpContentHeaders headers = response.Message.Content.Headers;
        switch (response.Message.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                ContentRangeHeaderValue? range = headers.ContentRange;
                if (range is { HasLength: true } && range.Length != file.Size)
                {
                    throw Damaged($"has {range.Length} bytes where it is stored, and {file.Size} in the hub's listing");
                }

                return range is { Unit: "bytes", From: long first, To: long last } && first == from && last >= first && last < end
                    ? from
                    : throw ServerError(response, $"answered with the range '{OneLine.Of(range?.ToString())}' of {file.Path}, asked for were bytes {from}-{end - 1}");
            case HttpStatusCode.OK:
                if (headers.ContentEncoding.FirstOrDefault(encoding => encoding != "identity") is string encoding)
                {
                    throw ServerError(response, $"sent {file.Path} in the encoding '{OneLine.Of(encoding)}', expected none");
                }

                return headers.ContentLength is null || headers.ContentLength == file.Size
                    ? 0
                    : throw Damaged($"has {headers.ContentLength} bytes where it is stored, and {file.Size} in the hub's listing");
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                ModelHubException shorter = Damaged($"has no bytes {from}-{end - 1} where it is stored, and {file.Size} bytes in the hub's listing");
                throw remembered ? new TransientFailure(shorter) : shorter;
            default:
                throw HubErrors.Header(response.Message, "X-Error-Code") == "EntryNotFound"
                    ? ServerError(response, $"lists {file.Path} at commit {commit}, and does not have it: try again, and tell the repository's owner if it stays so")
                    : client.Refusal(response, id);
        }
    }

    void RequireSameFile(HttpResponseMessage answer)
    {
        string stated = HubErrors.Header(answer, "X-Repo-Commit");
        if (stated.Length > 0 && stated != commit)
        {
            throw Damaged($"was answered from the commit {OneLine.Of(stated)}");
        }

        string tag = HubErrors.Header(answer, "X-Linked-Etag").Replace("W/", "", StringComparison.Ordinal).Trim('"');
        if (file.Sha256 is not null && RepositoryListing.IsHex(tag, file.Sha256.Length) && tag != file.Sha256)
        {
            throw Damaged($"has the hash {tag} now, and {file.Sha256} in the hub's listing");
        }

        if (file.Sha256 is not null && long.TryParse(HubErrors.Header(answer, "X-Linked-Size"), out long size) && size != file.Size)
        {
            throw Damaged($"has {size} bytes now, and {file.Size} in the hub's listing");
        }
    }

    ModelHubException ServerError(HubResponse response, string what) => new(ModelHubError.ServerError, $"{id.Repository}: {response.Uri.Host} {what}");
}
