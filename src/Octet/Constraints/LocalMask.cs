namespace Octet.Constraints;

/// <summary>What tokens can do in the rules at the top of a state, whoever called them.</summary>
/// <param name="Bits">The tokens that stay in them, and those that end with them.</param>
/// <param name="Exits">The nodes of the tree behind which the rules may be at their end and a token goes on.</param>
sealed record LocalMask(ulong[] Bits, int[] Exits);
