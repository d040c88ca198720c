// An agent of Microsoft's Agent Framework over a local model; it keeps the conversation and calls tools. Run from the repository's root: dotnet run samples/agent.cs
#:project ../src/Octet.Extensions.AI/Octet.Extensions.AI.csproj
#:package Microsoft.Agents.AI@1.28.0
#:property ManagePackageVersionsCentrally=false
#:property NoWarn=$(NoWarn);NU1603

using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Octet;
using Octet.Extensions.AI;

using var model = LanguageModel.Load(args.Length > 0 ? args[0] : "models/octet-tiny");
AIFunction weather = AIFunctionFactory.Create(
    (string city) => $$"""{"temperature": {{(city == "Paris" ? 21 : 12)}}, "condition": "sunny"}""", "get_weather", "The weather in a city");
var agent = new ChatClientAgent(model.AsChatClient(), name: "forecaster", tools: [weather]);
AgentSession session = await agent.CreateSessionAsync();
foreach (string question in (string[])["What is the weather in Paris?", "Thanks!"])
{
    Console.WriteLine((await agent.RunAsync(question, session)).Text);
}
