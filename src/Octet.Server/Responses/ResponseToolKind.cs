namespace Octet.Server.Responses;

/// <summary>How a response tells of a tool's call.</summary>
enum ResponseToolKind
{
    /// <summary>With JSON arguments: <c>function_call</c>.</summary>
    Function,

    /// <summary>With a text: <c>custom_tool_call</c>.</summary>
    Custom,

    /// <summary>A search for tools that the client makes: <c>tool_search_call</c>.</summary>
    Search,
}
