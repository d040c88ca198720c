namespace Octet.Tokenizers.Reading;

/// <summary>How many steps a part of the file may have, those inside of sequences counted. Each takes a pass over every text.</summary>
static class StepLimit
{
    /// <summary>Published files have at most a dozen.</summary>
    internal const int Most = 100;

    /// <summary>The steps of a part in their order, its sequences opened.</summary>
    /// <param name="place">The part.</param>
    /// <param name="list">The key under which a sequence has its steps.</param>
    /// <exception cref="TokenizerException">There are too many.</exception>
    internal static List<JsonPlace> Flatten(JsonPlace place, string list)
    {
        List<JsonPlace> steps = [];
        Add(place);
        return steps;

        void Add(JsonPlace step)
        {
            if (step.TypeName() != "Sequence")
            {
                steps.Add(step);
                return;
            }

            // Empty sequences count, or a file of them would be walked for long.
            int sequences = 0;
            foreach (JsonPlace inner in step.Get(list).Items())
            {
                if (++sequences > Most || steps.Count >= Most)
                {
                    throw place.Problem($"expected at most {Most} steps, found more");
                }

                Add(inner);
            }
        }
    }
}
