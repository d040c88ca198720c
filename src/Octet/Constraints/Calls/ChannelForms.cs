using Octet.Output;

namespace Octet.Constraints.Calls;

/// <summary>
/// What an answer in channels (harmony) is held to, from behind the mark that starts its first message: messages of reasoning as many as the model likes, then one
/// that is the answer's text or a call.
/// </summary>
static class ChannelForms
{
    const string Role = "assistant";

    /// <param name="mayThink">Whether there may be reasoning.</param>
    /// <param name="last">What the last message is: its head behind the role, and its body.</param>
    internal static Expression Answer(bool mayThink, params IReadOnlyList<Expression> last) => CallForms.Sequence(
        Role,
        mayThink ? Expression.Any(CallForms.Sequence(Channel("analysis"), CallForms.Mark(HarmonyReader.Message), CallForms.AnyText, CallForms.Mark(HarmonyReader.End), CallForms.Mark(HarmonyReader.Start), Role)) : Expression.Empty,
        Expression.Choice(last));

    /// <summary>A last message whose text is of a form.</summary>
    internal static Expression Text(Expression form)
        => CallForms.Sequence(Channel("final"), Expression.Optional(Json), CallForms.Mark(HarmonyReader.Message), form);

    /// <summary>A last message that is a call: its recipient stands behind the role or the channel.</summary>
    internal static Expression Call(IReadOnlyList<ToolShape> tools) => CallForms.Each(tools, static tool => CallForms.Sequence(
        Expression.Choice(CallForms.Sequence(To(tool), Channel("commentary")), CallForms.Sequence(Channel("commentary"), To(tool))),
        Expression.Optional(Json),
        CallForms.Mark(HarmonyReader.Message),
        tool.Arguments));

    static Expression To(ToolShape tool) => Expression.Literal($" {HarmonyReader.Recipient}{HarmonyReader.FunctionPrefix}{tool.Name}");

    static Expression Channel(string name) => CallForms.Sequence(CallForms.Mark(HarmonyReader.Channel), name);

    /// <summary>What the body is written in.</summary>
    static Expression Json => Expression.Choice(
        Expression.Literal(" json"),
        CallForms.Sequence(Expression.Optional(Expression.Literal(" ")), CallForms.Mark(HarmonyReader.Constrain), "json"));
}
