using System.Buffers.Binary;
using System.Text;
using Octet.Testing;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

public class PublishedHeaderTests
{
    [Theory]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", 651, 4_412_063_872)]
    [InlineData("Qwen3-0.6B-FP8", 507, 0)]
    public void Every_tensor_of_the_published_file_finds_its_place(string name, int tensors, long bytesPerToken)
    {
        string source = Fixtures.Path("qwen3", name);
        using var directory = new TemporaryDirectory();
        foreach (string file in (string[])["config.json", "generation_config.json"])
        {
            File.Copy(Path.Combine(source, file), Path.Combine(directory.Path, file));
        }

        // The header as published, and a data section of its size that takes no disk: holes read as zeros.
        byte[] header = File.ReadAllBytes(Path.Combine(source, "model.safetensors.header.json"));
        long end = System.Text.Json.JsonDocument.Parse(header).RootElement.EnumerateObject()
            .Where(entry => entry.Name != "__metadata__")
            .Max(entry => entry.Value.GetProperty("data_offsets")[1].GetInt64());
        using (FileStream file = File.Create(Path.Combine(directory.Path, "model.safetensors")))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header);
            file.SetLength(8 + header.Length + end);
        }

        using LanguageModel model = LanguageModel.Load(directory.Path, new() { ContextLength = 64 });
        Assert.Equal(tensors, Encoding.UTF8.GetString(header).Split("\"dtype\"").Length - 1);
        if (bytesPerToken > 0)
        {
            // 3,633,315,840 of FP8 + scales + norms + the embedding once, as the reference notes count them; our scales and norms are
            // float32, the file's are 16 bits wide.
            Assert.InRange(model.BytesPerToken, bytesPerToken, bytesPerToken + 2_000_000);
        }
    }
}
