// One answer, streamed. Run from the repository's root: dotnet run samples/answer.cs
#:project ../src/Octet/Octet.csproj

using Octet;

using var model = LanguageModel.Load(args.Length > 0 ? args[0] : "models/octet-tiny");
await foreach (var update in model.GenerateAsync(args.Length > 1 ? args[1] : "What is E4M3?"))
{
    Console.Write(update.Text);
}

Console.WriteLine();
