namespace Octet.Tests.Hub;

public class NeededFilesTests
{
    [Fact]
    public void Modules_of_sentence_transformers_come_with_a_model_and_no_other_folder_does()
    {
        string[] wanted =
        [
            "1_LogitScore/config.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json",
            "sentence_bert_config.json", "tokenizer.json", "vocab.txt",
        ];
        string[] others = ["onnx/model.onnx", "onnx/config.json", "openvino/model.safetensors", "1_Pooling/model.bin", "1_Pooling/x/config.json", "data_config.json", "sentence_../config.json", "README.md", "2_Dense/pytorch_model.bin"];
        ModelFile[] all = [.. wanted.Concat(others).Select(path => new ModelFile(path, 1, "d7edf6bd2a681fb0175f7735299831ee1b22b812", null))];
        Assert.Equal(wanted.Order(StringComparer.Ordinal), NeededFiles.Select("org/name", all, null).Select(file => file.Path));
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tekken.json")]
    [InlineData("tiktoken.model")]
    [InlineData("qwen.tiktoken")]
    public void Another_file_of_the_tokenizer_comes_where_there_is_no_tokenizer_json(string other)
    {
        string[] Needed(params string[] paths) => [.. NeededFiles.Select("org/name", [.. paths.Select(path => new ModelFile(path, 1, "d7edf6bd2a681fb0175f7735299831ee1b22b812", null))], null).Select(file => file.Path)];
        Assert.Equal(((string[])["config.json", "model.safetensors", other]).Order(StringComparer.Ordinal), Needed("config.json", "model.safetensors", other, "deeper/x.tiktoken", "a:b.tiktoken"));
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Needed("config.json", "model.safetensors", other, "tokenizer.json"));
    }
}
