using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>An attribute of OpenTelemetry's resource, written <c>NAME=VALUE</c>.</summary>
internal readonly record struct ResourceAttribute(string Name, string Value)
{
    // Of the specification of resources: 255 characters each.
    private const int Longest = 255;

    public static bool TryParse(string text, out ResourceAttribute value)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        value = equals <= 0 ? default : new ResourceAttribute(text[..equals].Trim(), text[(equals + 1)..].Trim());
        return value.Name is { Length: > 0 and <= Longest } && value.Value.Length <= Longest && !value.Name.AsSpan().ContainsAnyExceptInRange('!', '~');
    }

    public override string ToString() => $"{Name}={Value}";
}

/// <summary>What the numbers come from, as far as the user says it.</summary>
internal sealed class ResourceOptions
{
    /// <summary>The attribute <c>service.name</c>. Default value: memsnoop.</summary>
    public string ServiceName { get; set; } = "memsnoop";

    /// <summary>Attributes beside or in place of those that are found out. Default value: none.</summary>
    public IReadOnlyList<ResourceAttribute> Attributes { get; set; } = [];
}

/// <summary>The settings of <see cref="ResourceOptions"/>.</summary>
internal static class ResourceSettings
{
    public static Setting ServiceName { get; } = new ScalarSetting<ExporterOptions, string>(
        "Resource:ServiceName",
        new ValueSyntax<string>("TEXT", "a name", "a name that is not empty", (string text, out string value, ref string? _) => (value = text).Trim().Length > 0, value => value),
        o => o.Resource.ServiceName, (o, v) => o.Resource.ServiceName = v)
    {
        Help = "Resource attribute service.name, in target_info and OTLP.",
    };

    public static Setting Attributes { get; } = new ListSetting<ExporterOptions, ResourceAttribute>(
        "Resource:Attributes",
        new ValueSyntax<ResourceAttribute>(
            "NAME=VALUE", "an attribute", "NAME=VALUE, at most 255 characters each",
            (string text, out ResourceAttribute value, ref string? _) => ResourceAttribute.TryParse(text, out value), value => value.ToString()),
        o => o.Resource.Attributes, (o, v) => o.Resource.Attributes = v)
    {
        Help = "Resource attribute to add or replace, in target_info and OTLP.",
    };

    public static IReadOnlyList<Setting> All { get; } = [ServiceName, Attributes];
}
