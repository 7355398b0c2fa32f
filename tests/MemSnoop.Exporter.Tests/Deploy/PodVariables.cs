using System.Text.RegularExpressions;
using k8s.Models;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The environment variables of a container, as the kubelet makes them.</summary>
internal static partial class PodVariables
{
    public const string NodeName = "node-1.example";
    public const string NodeAddress = "127.0.0.1";

    /// <summary>Each as NAME=VALUE: fields of the pod, and variables in the order they stand in, $(NAME) replaced.</summary>
    public static IReadOnlyList<string> Of(V1Container container)
    {
        Dictionary<string, string> values = [];
        foreach (V1EnvVar variable in container.Env ?? [])
        {
            values[variable.Name] = variable.ValueFrom is null ? Expand(variable.Value, values) : Field(variable.ValueFrom.FieldRef.FieldPath);
        }

        return [.. values.Select(static pair => $"{pair.Key}={pair.Value}")];
    }

    /// <summary>The arguments of a container, in which $(NAME) is replaced.</summary>
    public static IReadOnlyList<string> ArgumentsOf(V1Container container)
    {
        Dictionary<string, string> values = Of(container).Select(static pair => pair.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
        return [.. (container.Args ?? []).Select(argument => Expand(argument, values))];
    }

    private static string Expand(string text, Dictionary<string, string> values) => Reference().Replace(text, match => values[match.Groups[1].Value]);

    private static string Field(string path) => path switch
    {
        "spec.nodeName" => NodeName,
        "status.hostIP" => NodeAddress,
        _ => throw new NotSupportedException(path),
    };

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
