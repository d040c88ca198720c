using System.Globalization;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Tokenizers;

namespace Octet.Server.Operations;

/// <summary><c>POST /tokenize</c> and <c>/detokenize</c>, as vLLM has them.</summary>
static class Tokens
{
    /// <summary>The tokens of a text (<c>prompt</c>), or of a conversation as the model's chat template writes it (<c>messages</c>).</summary>
    internal static async Task TokenizeAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        bool isChat = fields.Has("messages");
        if (isChat == fields.Has("prompt"))
        {
            throw ApiException.Invalid("prompt", "expected either prompt or messages");
        }

        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Language, request.Aborted);
        request.ModelName = lease.Name;
        Tokenizer tokenizer = Require(lease);
        int[] ids = isChat
            ? lease.Language.Encode(lease.Language.FitSystems(ChatMessages.Read(fields)), TemplateFields.Read(fields, lease.Language) with { Tools = ToolSet.ReadChat(fields).Offered })
            : tokenizer.Encode(fields.RequiredText("prompt"), fields.Flag("add_special_tokens") ?? true);
        bool texts = fields.Flag("return_token_strs") ?? false;
        await request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("count"u8, ids.Length);
            json.WriteNumber("max_model_len"u8, lease.Model.MaxTokens);
            json.WriteStartArray("tokens"u8);
            foreach (int id in ids)
            {
                json.WriteNumberValue(id);
            }

            json.WriteEndArray();
            if (texts)
            {
                json.WriteStartArray("token_strs"u8);
                foreach (int id in ids)
                {
                    json.WriteStringValue(tokenizer.GetToken(id) ?? "");
                }

                json.WriteEndArray();
            }
            else
            {
                json.WriteNull("token_strs"u8);
            }

            json.WriteEndObject();
        });
    }

    /// <summary>The text of tokens.</summary>
    internal static async Task DetokenizeAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        IReadOnlyList<int> ids = fields.Ids("tokens") ?? throw fields.Missing("tokens", "a list of token ids");
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Language, request.Aborted);
        request.ModelName = lease.Name;
        Tokenizer tokenizer = Require(lease);
        for (int i = 0; i < ids.Count; i++)
        {
            if (tokenizer.GetToken(ids[i]) is null)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"tokens[{i}]");
                throw ApiException.Invalid(place, string.Create(CultureInfo.InvariantCulture, $"{place} is {ids[i]}, which no token has; expected ids below {tokenizer.VocabularySize}"));
            }
        }

        string text = tokenizer.Decode([.. ids], fields.Flag("skip_special_tokens") ?? false);
        await request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("prompt"u8, text);
            json.WriteEndObject();
        });
    }

    static Tokenizer Require(ModelLease lease)
        => lease.Model.Tokenizer ?? throw new ApiException(StatusCodes.Status400BadRequest, $"the model '{lease.Name}' has no tokenizer", "model");
}
