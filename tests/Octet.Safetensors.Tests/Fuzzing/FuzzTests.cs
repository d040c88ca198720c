using System.Diagnostics;
using System.Globalization;
using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests.Fuzzing;

/// <summary>
/// Whatever a file or an index contains, reading it gives consistent tensors or a <see cref="SafetensorsException"/>, in bounded memory
/// and time. Some seconds by default; <c>OCTET_FUZZ_SECONDS</c> sets the time, <c>OCTET_SLOW=1</c> means a million inputs.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    const int Seed = 20261122;

    // Reading may allocate this much: a fixed part (exceptions, tables) and so many bytes for each byte of the input. An entry of the
    // header takes 45 bytes at least and makes about 600: strings, a shape, a view, and places in lists and tables that grow by doubling.
    const long FixedAllocation = 64 << 10;
    const long AllocationPerByte = 40;

    // An input is read in microseconds; wide, since a test must not fail for its neighbours' sake.
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    readonly TemporaryDirectory _directory = new();
    readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_mutated_file_opens_consistently_or_is_refused_with_a_typed_error()
    {
        Run(3000, TimeSpan.FromSeconds(4), 1_000_000, FileMutator.Mutate, (input, i) => CheckFile(input, alsoMapped: i % 61 == 0));

        // The mutations reach every kind of error that a file can have, or the test would show little.
        Assert.Superset(
            new HashSet<string>
            {
                "opened", "HeaderTooSmall", "HeaderTooLarge", "InvalidHeaderLength", "InvalidHeader", "InvalidHeaderDeserialization", "InvalidOffset",
                "ValidationOverflow", "MisalignedSlice", "TensorInvalidInfo", "MetadataIncompleteBuffer", "DuplicateName",
            },
            _outcomes.Keys.ToHashSet());
    }

    [Fact]
    public void A_mutated_index_opens_consistently_or_is_refused_with_a_typed_error()
    {
        TensorSource[] tensors = [.. Enumerable.Range(0, 6).Select(i => new TensorSource($"t.{i}", DataType.UInt8, [i], new byte[i]))];
        SafetensorsWriter.WriteSharded(_directory.Path, tensors, new SafetensorsWriterOptions { MaxShardSize = 10 }, TestContext.Current.CancellationToken);
        string index = File.ReadAllText(_directory.At(SafetensorsCheckpoint.IndexName));
        long shards = _directory.FileNames.Sum(name => new FileInfo(_directory.At(name)).Length);

        Run(500, TimeSpan.FromSeconds(1), 50_000, random => MutateIndex(index, random), (input, _) => CheckIndex(input, shards, tensors));

        Assert.Superset(
            new HashSet<string> { "opened", "InvalidIndex", "MissingShard", "TensorNotInShard", "TensorNotInIndex", "DuplicateName" },
            _outcomes.Keys.ToHashSet());
    }

    /// <summary>Each input has a random seed of its own, so that one can be had again without those before it.</summary>
    void Run(int atLeast, TimeSpan time, int slow, Func<Random, byte[]> mutate, Action<byte[], int> check)
    {
        bool all = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";
        if (Environment.GetEnvironmentVariable("OCTET_FUZZ_SECONDS") is { Length: > 0 } seconds)
        {
            (time, all) = (TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), false);
        }

        Stopwatch watch = Stopwatch.StartNew();
        int i = 0;
        for (; all ? i < slow : i < atLeast || watch.Elapsed < time; i++)
        {
            byte[] input = mutate(new Random(Seed + i));
            try
            {
                check(input, i);
            }
            catch (Exception e)
            {
                Assert.Fail($"input {i} of seed {Seed} broke a promise: {e}\n{Convert.ToBase64String(input)}");
            }
        }

        string outcomes = string.Join(", ", _outcomes.Select(outcome => $"{outcome.Key} {outcome.Value}"));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {Seed}: {i} inputs in {watch.Elapsed.TotalSeconds:f0} s: {outcomes}"));
    }

    void CheckFile(byte[] input, bool alsoMapped)
    {
        SafetensorsError? error = Read(input.Length, () => SafetensorsFile.Parse(input, "input"), file =>
        {
            AssertConsistent(file);
            AssertRoundTrip(file);
        });
        if (alsoMapped)
        {
            string path = _directory.At("input");
            File.WriteAllBytes(path, input);
            SafetensorsError? mapped = Read(input.Length, () => SafetensorsFile.Open(path), AssertConsistent);
            Assert.Equal(error, mapped);
            if (mapped is null)
            {
                AssertEditKeepsTensors(path, input);
            }
        }
    }

    void CheckIndex(byte[] input, long shardBytes, TensorSource[] tensors)
    {
        string path = _directory.At(SafetensorsCheckpoint.IndexName);
        File.WriteAllBytes(path, input);
        Read(input.Length + shardBytes, () => SafetensorsCheckpoint.Open(path), checkpoint =>
        {
            Assert.Equal(checkpoint.TotalBytes, checkpoint.Tensors.Sum(tensor => tensor.ByteLength));
            Assert.All(checkpoint.Files, AssertConsistent);
            Assert.All(checkpoint.Files, file => Assert.Equal(_directory.Path, Path.GetDirectoryName(file.Path)));
            Assert.All(checkpoint.Tensors, tensor => Assert.Contains(tensors, source => source.Name == tensor.Name && source.ByteLength == tensor.ByteLength));
        });
    }

    static byte[] MutateIndex(string index, Random random)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(index);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            bytes = random.Next(5) == 0
                ? FileMutator.Damage(bytes, random)
                : Encoding.UTF8.GetBytes(JsonMutator.Mutate(Encoding.UTF8.GetString(bytes), random));
        }

        return bytes;
    }

    /// <summary>Opens within the bounds, checks what was opened, and counts the outcome.</summary>
    SafetensorsError? Read<T>(long length, Func<T> open, Action<T> check)
        where T : class, IDisposable
    {
        long start = Stopwatch.GetTimestamp();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        T? opened = null;
        SafetensorsException? refused = null;
        try
        {
            opened = open();
        }
        catch (SafetensorsException e)
        {
            refused = e;
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.False(refused is not null && refused.Message.Contains('\n', StringComparison.Ordinal), "the message has two lines");
        using (opened)
        {
            Assert.True(allocated <= FixedAllocation + AllocationPerByte * length, $"{allocated} bytes were allocated for {length}");
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, "too slow");
            if (opened is not null)
            {
                check(opened);
            }
        }

        string outcome = refused?.Error.ToString() ?? "opened";
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
        return refused?.Error;
    }

    static void AssertConsistent(SafetensorsFile file)
    {
        long expected = 0;
        foreach (TensorView tensor in file.Tensors)
        {
            bool inPlace = tensor.DataOffset == expected && tensor.Bytes.Length == tensor.ByteLength;
            bool whole = tensor.ElementCount * tensor.DataType.BitSize() == tensor.ByteLength * 8;
            Assert.True(inPlace && whole && file[tensor.Name] == tensor, tensor.ToString());
            expected += tensor.ByteLength;
        }

        Assert.Equal(file.Length, file.DataOffset + expected);
        Assert.Equal(file.Tensors.Count, file.Tensors.DistinctBy(tensor => tensor.Name).Count());
    }

    static void AssertRoundTrip(SafetensorsFile file)
    {
        // These two the format can hold, and the writer refuses.
        if (file.Tensors.Any(tensor => tensor.Name.Length == 0 || tensor.Name.Contains('\0')))
        {
            return;
        }

        byte[] written = Bytes.Write(file.Tensors.Select(tensor => new TensorSource(tensor)), new SafetensorsWriterOptions { Metadata = file.Metadata });
        using SafetensorsFile again = SafetensorsFile.Parse(written, "again");
        AssertConsistent(again);
        AssertSameTensors(file, again);
        Assert.Equal(file.Metadata, again.Metadata);
    }

    static void AssertEditKeepsTensors(string path, byte[] input)
    {
        Dictionary<string, string> metadata = input.Length % 3 == 0 ? [] : new() { ["k"] = new('v', input.Length % 300) };

        SafetensorsWriter.EditMetadata(path, metadata, TestContext.Current.CancellationToken);

        using SafetensorsFile before = SafetensorsFile.Parse(input, "before");
        using SafetensorsFile after = SafetensorsFile.Open(path);
        Assert.Equal(metadata, after.Metadata);
        Assert.Equal(before.Tensors.Select(tensor => tensor.Name), after.Tensors.Select(tensor => tensor.Name));
        AssertSameTensors(before, after);
    }

    static void AssertSameTensors(SafetensorsFile one, SafetensorsFile other)
    {
        Assert.Equal(one.Tensors.Count, other.Tensors.Count);
        foreach (TensorView tensor in one.Tensors)
        {
            TensorView same = other[tensor.Name];
            Assert.True(tensor.DataType == same.DataType && tensor.Shape.SequenceEqual(same.Shape) && tensor.Bytes.SequenceEqual(same.Bytes), tensor.ToString());
        }
    }
}
