namespace Octet.Constraints;

/// <summary>What is to go on when a rule ends. Equal frames are one object.</summary>
/// <param name="id">Tells frames apart, in the order in which they were made.</param>
/// <param name="below">What is to go on when the rule of <paramref name="position"/> ends; null: nothing, the text is complete.</param>
/// <param name="position">Where to go on.</param>
sealed class Frame(int id, Frame? below, int position)
{
    internal int Id => id;

    internal Frame? Below => below;

    internal int Position => position;
}
