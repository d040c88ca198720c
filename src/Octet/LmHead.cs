namespace Octet;

/// <summary>In which type the output layer, which turns the last hidden state into logits, is held.</summary>
public enum LmHead
{
    /// <summary>As the checkpoint stores it, in place.</summary>
    AsStored,

    /// <summary>
    /// A copy in FP8 (E4M3) of a BF16, F16 or F32 layer, made when the model is opened, with a float32 scale for each row (token): the
    /// row's largest magnitude / 448, codes rounded to nearest even. Half the bytes of BF16 for each decoded token, at some cost in
    /// quality. A layer that is stored in FP8 stays as it is, and so does the embedding of a tied model.
    /// </summary>
    Float8,
}
