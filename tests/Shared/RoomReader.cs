using System.Text.RegularExpressions;
using Mono.Cecil;

namespace MemSnoop.Testing;

/// <summary>One room uses another; the witness is the first place where it was seen.</summary>
internal sealed record RoomUse(string From, string To, string Witness);

/// <summary>Finds out which rooms use which, from compiled code and from the <c>using</c> lines of sources.</summary>
/// <param name="rootNamespace">The namespace of files that are in no folder.</param>
/// <param name="customary">Rooms of types that stand in a namespace of somebody else, where those who use it look for them.</param>
internal sealed class RoomReader(string rootNamespace, IReadOnlyDictionary<string, string> customary)
{
    /// <summary>The room of files that are in no folder.</summary>
    internal const string Root = "(root)";

    /// <summary>Uses of types, wherever compiled code names one. Nested and generated types belong to the type they are in.</summary>
    internal IEnumerable<RoomUse> UsesIn(string assembly)
    {
        using AssemblyDefinition definition = AssemblyDefinition.ReadAssembly(assembly);
        List<RoomUse> uses = [];
        foreach (TypeDefinition type in definition.MainModule.GetTypes())
        {
            foreach (TypeReference named in NamedBy(type).SelectMany(Parts))
            {
                // What another assembly defines is a reference only.
                if (named is TypeDefinition other && RoomOf(type) is { } from && RoomOf(other) is { } to && from != to)
                {
                    uses.Add(new RoomUse(from, to, $"{type.FullName} uses {other.FullName}"));
                }
            }
        }

        return uses;
    }

    /// <summary>Compiled code does not show whose constant a number or text was, nor what comments refer to; <c>using</c> lines do.</summary>
    internal IEnumerable<RoomUse> UsingsIn(string sources)
    {
        Regex pattern = new($@"^(?:global )?using (?:static )?(?:\w+ = )?(?:global::)?{Regex.Escape(rootNamespace)}\.(\w+)", RegexOptions.Multiline);
        foreach (string file in Files(sources))
        {
            string from = Path.GetRelativePath(sources, file).Split('/') is [string folder, _, ..] ? folder : Root;
            foreach (Match match in pattern.Matches(File.ReadAllText(file)).Where(match => match.Groups[1].Value != from))
            {
                yield return new RoomUse(from, match.Groups[1].Value, $"{file} has \"{match.Value}\"");
            }
        }
    }

    /// <summary>Source files whose namespace is not that of their folder.</summary>
    internal IEnumerable<string> MisplacedFiles(string sources)
    {
        Regex pattern = new(@"^namespace ([\w.]+)", RegexOptions.Multiline);
        foreach (string file in Files(sources))
        {
            string folder = Path.GetDirectoryName(Path.GetRelativePath(sources, file))!;
            string wanted = folder.Length == 0 ? rootNamespace : $"{rootNamespace}.{folder.Replace('/', '.')}";
            foreach (Match match in pattern.Matches(File.ReadAllText(file)).Where(match => match.Groups[1].Value != wanted && customary.GetValueOrDefault(match.Groups[1].Value) != folder))
            {
                yield return $"{file}: {match.Groups[1].Value} instead of {wanted}";
            }
        }
    }

    private static IEnumerable<string> Files(string sources) => Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories);

    /// <summary>Null where the compiler or a generator put a type into a namespace of its own.</summary>
    private string? RoomOf(TypeReference type)
    {
        for (; type.DeclaringType is { } outer; type = outer)
        {
        }

        return type.Namespace == rootNamespace ? Root
            : type.Namespace.StartsWith(rootNamespace + ".", StringComparison.Ordinal) ? type.Namespace[(rootNamespace.Length + 1)..].Split('.')[0]
            : customary.GetValueOrDefault(type.Namespace);
    }

    private static IEnumerable<TypeReference?> NamedBy(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(static implemented => implemented.InterfaceType),
        .. NamedBy(type.GenericParameters),
        .. NamedBy(type as ICustomAttributeProvider),
        .. type.Fields.Select(static field => field.FieldType),
        .. type.Fields.SelectMany(NamedBy),
        .. type.Properties.SelectMany(NamedBy),
        .. type.Events.SelectMany(NamedBy),
        .. type.Methods.SelectMany(NamedBy),
    ];

    private static IEnumerable<TypeReference?> NamedBy(MethodDefinition method) =>
    [
        .. NamedBySignature(method),
        .. method.Parameters.SelectMany(NamedBy),
        .. NamedBy(method.GenericParameters),
        .. NamedBy(method as ICustomAttributeProvider),
        .. NamedBy(method.MethodReturnType),
        .. method.Overrides.Select(static overridden => overridden.DeclaringType),
        .. method.HasBody ? method.Body.Variables.Select(static variable => variable.VariableType) : [],
        .. method.HasBody ? method.Body.ExceptionHandlers.Select(static handler => handler.CatchType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(static instruction => NamedByOperand(instruction.Operand)) : [],
    ];

    private static IEnumerable<TypeReference?> NamedBySignature(IMethodSignature signature) =>
        signature.Parameters.Select(static parameter => parameter.ParameterType).Prepend(signature.ReturnType);

    private static IEnumerable<TypeReference?> NamedBy(IEnumerable<GenericParameter> parameters) =>
        parameters.SelectMany(static parameter => parameter.Constraints.Select(static constraint => constraint.ConstraintType));

    private static IEnumerable<TypeReference?> NamedBy(ICustomAttributeProvider annotated) =>
        annotated.CustomAttributes.SelectMany(static attribute => attribute.ConstructorArguments
            .Concat(attribute.Properties.Concat(attribute.Fields).Select(static named => named.Argument))
            .SelectMany(static argument => new[] { argument.Type, argument.Value as TypeReference })
            .Prepend(attribute.AttributeType));

    /// <summary>A call names the type that has the method. What the method takes and returns is named by its own room.</summary>
    private static IEnumerable<TypeReference?> NamedByOperand(object? operand) => operand switch
    {
        TypeReference type => [type],
        GenericInstanceMethod method => [method.DeclaringType, .. method.GenericArguments],
        MemberReference member => [member.DeclaringType],
        CallSite site => NamedBySignature(site),
        _ => [],
    };

    /// <summary>A type and those it is made of: elements of arrays and pointers, arguments of generic types.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Concat(Parts(generic.ElementType)),
        FunctionPointerType pointer => NamedBySignature(pointer).SelectMany(Parts),
        IModifierType modified => Parts(modified.ModifierType).Concat(Parts(modified.ElementType)),
        TypeSpecification made => Parts(made.ElementType),
        _ => [type],
    };
}
