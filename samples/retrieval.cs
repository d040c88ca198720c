// Retrieval over 1,000 texts: embed them, ask in other words, rerank the best, and say how often the right text was found.
// Run from the repository's root: dotnet run -c Release samples/retrieval.cs -- MODEL [RERANKER]
// MODEL is the folder of an embedding model such as all-MiniLM-L6-v2 ("octet pull sentence-transformers/all-MiniLM-L6-v2" fetches it and says
// where), RERANKER that of a cross-encoder or Qwen3-Reranker; without one the words that query and text have in common rerank.
#:project ../src/Octet/Octet.csproj

using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Octet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string path = args.Length > 0 ? args[0] : "artifacts/models/all-MiniLM-L6-v2";

// What people do, and how somebody asks for it in other words.
(string Work, string Question)[] trades =
[
    ("restores old violins", "Who can repair my fiddle"), ("teaches children to swim", "Where can my daughter learn swimming"),
    ("bakes bread with sourdough", "I am looking for a bakery with good loaves"), ("fixes bicycles the same day", "My bike is broken, who helps me"),
    ("translates contracts into German", "I need a legal text in another language"), ("looks after dogs during holidays", "Somebody has to watch my puppy while I travel"),
    ("tunes grand pianos", "The keys of my piano sound wrong"), ("grows roses and sells cuttings", "Where do I buy flowers for my garden"),
    ("repairs roofs after storms", "Rain comes through the ceiling of my house"), ("cuts hair without an appointment", "I want to go to a barber today"),
    ("sharpens kitchen knives", "My blades have become blunt"), ("sells used novels", "A shop for second-hand books"),
    ("installs solar panels", "I want to make electricity on my roof"), ("examines eyes and makes glasses", "I cannot read small letters any more"),
    ("teaches the tango to beginners", "Dance lessons for couples"), ("drives patients to hospital", "How does my grandmother get to the doctor"),
    ("prints posters overnight", "I need large placards by tomorrow"), ("removes wasps from attics", "Insects have built a nest under my roof"),
    ("brews beer and shows visitors the cellar", "A tour of a place where ale is made"), ("recovers photos from broken phones", "My pictures are lost since my mobile fell down"),
];
string[] cities =
[
    "Lisbon", "Bergen", "Kraków", "Graz", "Bilbao", "Tallinn", "Ghent", "Aarhus", "Cork", "Split", "Bologna", "Leipzig", "Nantes", "Turku", "Basel", "Riga", "Valencia", "Utrecht", "Malmö", "Brno",
    "Porto", "Lyon", "Genoa", "Vilnius", "Innsbruck", "Seville", "Tampere", "Antwerp", "Galway", "Zadar", "Kyoto", "Osaka", "Hanoi", "Pune", "Lima", "Quito", "Bogotá", "Rosario", "Recife", "Oaxaca",
    "Accra", "Nairobi", "Dakar", "Tunis", "Fez", "Perth", "Hobart", "Dunedin", "Halifax", "Boise",
];
string[] names = ["Maria", "Jonas", "Aiko", "Samuel", "Ines", "Pavel", "Leila", "Tom", "Greta", "Omar", "Chiara", "Henrik", "Yusuf"];

(string Text, int Trade, int City)[] documents =
    [.. trades.SelectMany((trade, t) => cities.Select((city, c) => ($"{names[((t * 7) + (c * 3)) % names.Length]} {trade.Work} in {city}.", t, c)))];
(string Text, int Answer)[] queries =
    [.. Enumerable.Range(0, 100).Select(i => ((i * 37) + 11) % documents.Length).Select(d => ($"{trades[documents[d].Trade].Question} in {cities[documents[d].City]}?", d))];

using var model = EmbeddingModel.Load(path);
string[] texts = [.. documents.Select(document => document.Text)];
long started = Stopwatch.GetTimestamp();
float[][] vectors = model.Embed(texts, new EmbeddingOptions { Normalize = true });
Console.WriteLine($"{texts.Length} texts in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, {model.Dimensions} dimensions ({model.Device})");

const int Kept = 10;
float[][] asked = model.Embed([.. queries.Select(query => query.Text)], new EmbeddingOptions { Normalize = true });
int[][] found = [.. asked.Select(query => Enumerable.Range(0, vectors.Length).OrderByDescending(d => TensorPrimitives.Dot(query, vectors[d])).Take(Kept).ToArray())];

// A word that few texts have says more: a city, not "in".
HashSet<string>[] words = [.. texts.Select(text => Words(text).ToHashSet())];
Dictionary<string, double> rarity = words.SelectMany(set => set).CountBy(word => word).ToDictionary(pair => pair.Key, pair => Math.Log((double)texts.Length / pair.Value));

using Reranker? reranker = args.Length > 1 ? Reranker.Load(args[1]) : null;
int[][] reranked = [.. found.Select((candidates, q) => Rerank(queries[q].Text, asked[q], candidates))];
Console.WriteLine($"\"{queries[0].Text}\"");
foreach (int document in reranked[0].Take(3))
{
    Console.WriteLine($"  {documents[document].Text}");
}

Console.WriteLine($"recall@{Kept} {Recall(found, Kept):0.00}, recall@1 {Recall(found, 1):0.00}, reranked recall@1 {Recall(reranked, 1):0.00}");

double Recall(int[][] results, int first) => results.Select((result, q) => result.Take(first).Contains(queries[q].Answer) ? 1.0 : 0).Average();

int[] Rerank(string query, float[] vector, int[] candidates)
{
    if (reranker is not null)
    {
        return [.. reranker.Rank(query, [.. candidates.Select(d => texts[d])]).Select(document => candidates[document.Index])];
    }

    string[] own = Words(query);
    return [.. candidates.OrderByDescending(d => TensorPrimitives.Dot(vector, vectors[d]) + (0.05 * own.Where(words[d].Contains).Sum(word => rarity[word])))];
}

static string[] Words(string text) => text.ToLowerInvariant().Split([' ', '.', ',', '?'], StringSplitOptions.RemoveEmptyEntries);
