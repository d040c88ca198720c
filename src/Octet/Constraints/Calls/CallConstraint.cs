using System.Text.Json.Nodes;

namespace Octet.Constraints.Calls;

/// <summary>What answers are held to that must call a tool, or may. Whoever asks keeps what it gets: it is costly to make.</summary>
static class CallConstraint
{
    /// <summary>Whether calls that are asked for come in the model's own form; else as an object of JSON, which <see cref="Output.ForcedCall"/> reads.</summary>
    internal static bool IsNative(OutputFormat format) => CallForms.IsJson(format) || CallForms.IsPython(format);

    /// <summary>An answer that is one call, whose arguments its tool's schema allows.</summary>
    /// <param name="format">How the model writes calls.</param>
    /// <param name="tools">The tools, a list in OpenAI's form.</param>
    /// <param name="name">The tool that must be called; null: any.</param>
    /// <exception cref="ConstraintException">A tool's schema is broken or not supported.</exception>
    internal static OutputConstraint Required(OutputFormat format, JsonNode tools, string? name)
    {
        IReadOnlyList<ToolShape> shapes = ToolShape.Read(tools, name, CallForms.IsPython(format));
        return format.IsHarmony ? OutputConstraint.OfChannels("call", ChannelForms.Answer(true, ChannelForms.Call(shapes)))
            : OutputConstraint.OfMarks("call", (IsNative(format) ? CallForms.Of(format, shapes, several: false) : null) ?? CallForms.Object(shapes, "name", "arguments"));
    }

    /// <summary>An answer that is of a form, or calls tools, as the model likes.</summary>
    /// <param name="form">The form of its text.</param>
    /// <param name="format">How the model writes calls.</param>
    /// <param name="tools">The tools, a list in OpenAI's form.</param>
    /// <param name="several">Whether there may be several calls.</param>
    /// <exception cref="ConstraintException">A tool's schema is broken or not supported.</exception>
    internal static OutputConstraint OrForm(OutputConstraint form, OutputFormat format, JsonNode tools, bool several)
    {
        IReadOnlyList<ToolShape> shapes = ToolShape.Read(tools, null, CallForms.IsPython(format));
        return format.IsHarmony ? OutputConstraint.OfChannels("form or call", ChannelForms.Answer(true, ChannelForms.Text(form.Root), ChannelForms.Call(shapes)))
            : CallForms.Of(format, shapes, several) is { } calls ? OutputConstraint.OfMarks("form or call", Expression.Choice(form.Root, calls))
            : form;
    }
}
