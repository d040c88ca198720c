// A model behind Microsoft.Extensions.AI: an answer, a streamed one, a tool that is called. Run from the repository's root: dotnet run samples/chat-client.cs
#:project ../src/Octet.Extensions.AI/Octet.Extensions.AI.csproj
#:package Microsoft.Extensions.AI

using Microsoft.Extensions.AI;
using Octet;
using Octet.Extensions.AI;

using var model = LanguageModel.Load(args.Length > 0 ? args[0] : "models/octet-tiny");

// Whatever the middleware can do goes around it: here it calls functions; UseOpenTelemetry, UseLogging and UseDistributedCache are others.
IChatClient chat = model.AsChatClient().AsBuilder().UseFunctionInvocation().Build();

// A conversation is a list that grows: the client keeps none.
List<ChatMessage> history = [new(ChatRole.User, "What is the bias of E5M2?")];
ChatResponse answer = await chat.GetResponseAsync(history);
Console.WriteLine($"{answer.Text}  ({answer.Usage?.InputTokenCount} tokens in, {answer.Usage?.OutputTokenCount} out)");

// Streamed, with what was said before.
history.AddMessages(answer);
history.Add(new(ChatRole.User, "and E4M3?"));
await foreach (var update in chat.GetStreamingResponseAsync(history, new() { MaxOutputTokens = 100, Temperature = 0 }))
{
    Console.Write(update.Text);
}

Console.WriteLine();

// A tool: the model asks for it, the middleware calls it, the model answers with what it gave.
AIFunction weather = AIFunctionFactory.Create(
    (string city) => $$"""{"temperature": {{(city == "Paris" ? 21 : 12)}}, "condition": "sunny"}""", "get_weather", "The weather in a city");
Console.WriteLine((await chat.GetResponseAsync("What is the weather in Paris?", new ChatOptions { Tools = [weather] })).Text);
