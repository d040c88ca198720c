using System.Text;

namespace Octet.Constraints;

/// <summary>One of many texts: what they begin with in common is there once, so that a long list costs no more than its letters.</summary>
static class LiteralTree
{
    internal static Expression Of(IEnumerable<string> texts)
    {
        List<(int, Expression?, int)> edges = [];
        Dictionary<(int Node, byte Next), int> children = [];
        List<int> ends = [];
        int nodes = 1;
        foreach (string text in texts.Distinct(StringComparer.Ordinal))
        {
            int node = 0;
            foreach (byte value in Encoding.UTF8.GetBytes(text))
            {
                if (!children.TryGetValue((node, value), out int child))
                {
                    child = nodes++;
                    children.Add((node, value), child);
                    edges.Add((node, new LiteralExpression([value]), child));
                }

                node = child;
            }

            ends.Add(node);
        }

        edges.AddRange(ends.Select(node => (node, (Expression?)null, nodes)));
        return new GraphExpression(nodes + 1, edges);
    }
}
