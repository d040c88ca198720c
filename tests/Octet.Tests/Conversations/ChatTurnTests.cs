using System.Text.Json.Nodes;

namespace Octet.Tests.Conversations;

public class ChatTurnTests
{
    [Fact]
    public void A_role_and_a_text_are_enough() => Assert.Equal(new ChatTurn("user", "Hi"), ChatTurn.FromJson(JsonNode.Parse("""{"role":"user","content":"Hi"}""")));

    [Theory]
    [InlineData("""{"role":"user","content":"Hi"}""")]
    [InlineData("""{"role":"system","content":""}""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}],"name":"Ann"}""")]
    [InlineData("""{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}}]}""")]
    [InlineData("""{"role":"tool","content":"84","tool_call_id":"c1","name":"f"}""")]
    [InlineData("""{"role":"assistant","content":"x","tool_calls":[],"thinking":"of another template","nested":{"a":[1,null]}}""")]
    public void A_message_that_was_written_is_read_back_the_same(string json)
        => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), ChatTurn.FromJson(JsonNode.Parse(json)).ToJson()), ChatTurn.FromJson(JsonNode.Parse(json)).ToJson().ToJsonString());

    [Fact]
    public void Every_field_has_its_place()
    {
        ChatTurn turn = ChatTurn.FromJson(JsonNode.Parse("""
            {"role":"assistant","content":"text","reasoning_content":"why","name":"Bob",
             "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":{"city":"Zürich"}}},{"name":"g"}],"extra":7}
            """));

        Assert.Equal(("assistant", "text", "why", "Bob"), (turn.Role, turn.Content, turn.ReasoningContent, turn.Name));
        Assert.Equal([new ChatToolCall("f", """{"city":"Zürich"}""") { Id = "1" }, new ChatToolCall("g", "{}")], turn.ToolCalls);
        Assert.Equal(7, (int?)turn.More!["extra"]);
    }

    [Theory]
    [InlineData("""7""", "it is 7; expected {\"role\":\"...\",\"content\":\"...\"}")]
    [InlineData("""{"content":"Hi"}""", "its role is missing; expected a name such as \"user\"")]
    [InlineData("""{"role":"","content":"Hi"}""", "its role is \"\"; expected a name such as \"user\"")]
    [InlineData("""{"role":"user","content":5}""", "its content is 5; expected a text")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}""", "part 1 of its content is of type image_url; expected parts of type text: pictures and sound are not supported")]
    [InlineData("""{"role":"user","content":["a",7]}""", "part 2 of its content is 7; expected {\"type\":\"text\",\"text\":\"...\"}")]
    [InlineData("""{"role":"assistant","tool_calls":"f"}""", "its tool_calls is \"f\"; expected a list")]
    [InlineData("""{"role":"assistant","tool_calls":[{"function":{}}]}""", "tool call 1 is {\"function\":{}}; expected {\"type\":\"function\"")]
    [InlineData("""{"role":"assistant","tool_calls":[{"name":"f","arguments":[1]}]}""", "tool call 1 has the arguments [1]; expected a JSON object, or the text of one")]
    [InlineData("""{"role":"user","role":"tool"}""", "")]
    [InlineData("""{"role":"user","content":"\ud800"}""", "")]
    public void What_is_no_message_is_refused_with_the_place(string json, string message)
    {
        ModelException error = Assert.Throws<ModelException>(() => ChatTurn.FromJson(JsonNode.Parse(json)));
        Assert.Equal(ModelError.InvalidInput, error.Error);
        Assert.StartsWith("a message of the conversation cannot be used: " + message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
