namespace Octet.Tokenizers.Reading;

/// <summary>The <c>decoder</c> of the file.</summary>
static class DecoderPart
{
    internal static void RequireByteLevel(JsonPlace place)
    {
        string type = place.TypeName();
        if (type == "Sequence")
        {
            List<JsonPlace> steps = [.. place.Get("decoders").Items().Take(2)];
            if (steps.Count != 1)
            {
                throw place.Problem($"expected one decoder, found {(steps.Count == 0 ? "0" : "several")}; supported: ByteLevel alone");
            }

            RequireByteLevel(steps[0]);
        }
        else if (type != "ByteLevel")
        {
            throw place.Unsupported(type, "ByteLevel, a Sequence of it, null");
        }
    }
}
