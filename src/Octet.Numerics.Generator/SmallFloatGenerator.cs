using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Octet.Numerics.Generator;

/// <summary>
/// Completes every struct marked <c>[SmallFloatFormat(...)]</c> with the code it holds and the operators, casts and overrides that C# asks
/// for on the type itself. What a generic interface can implement is in <c>ISmallFloat</c>; this is the rest, written once.
/// </summary>
[Generator]
public sealed class SmallFloatGenerator : IIncrementalGenerator
{
    const string Attribute = "Octet.Numerics.SmallFloatFormatAttribute";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<Format> formats = context.SyntaxProvider.ForAttributeWithMetadataName(
            Attribute, static (node, _) => node is StructDeclarationSyntax, static (syntax, _) => Format.Read(syntax));
        context.RegisterSourceOutput(formats, static (output, format) =>
            output.AddSource($"{format.Type}.g.cs", SourceText.From(Template.Fill(format), Encoding.UTF8)));
    }
}
