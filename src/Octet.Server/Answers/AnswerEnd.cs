namespace Octet.Server.Answers;

/// <summary>Why an answer ended, before an API's words are put to it.</summary>
enum AnswerEnd
{
    /// <summary>The model ended it.</summary>
    Stop,

    /// <summary>A stop string or token of the request's ended it.</summary>
    StopSequence,

    /// <summary>The tokens were used up.</summary>
    Length,

    /// <summary>The model's context was full before the tokens that were asked for were used up.</summary>
    Context,

    /// <summary>The model called tools.</summary>
    ToolCalls,
}
