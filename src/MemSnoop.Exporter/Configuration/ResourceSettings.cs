using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="ResourceOptions"/>.</summary>
internal static class ResourceSettings
{
    public static Setting ServiceName { get; } = new ScalarSetting<ExporterOptions, string>(
        "Resource:ServiceName",
        new ValueSyntax<string>("TEXT", "a name", "a name that is not empty", (string text, out string value, ref string? _) => (value = text).Trim().Length > 0, value => value),
        o => o.Resource.ServiceName, (o, v) => o.Resource.ServiceName = v)
    {
        Help = "The attribute service.name, for target_info and OTLP.",
    };

    public static Setting Attributes { get; } = new ListSetting<ExporterOptions, ResourceAttribute>(
        "Resource:Attributes",
        new ValueSyntax<ResourceAttribute>(
            "NAME=VALUE", "an attribute", "NAME=VALUE, at most 255 characters each",
            (string text, out ResourceAttribute value, ref string? _) => ResourceAttribute.TryParse(text, out value), value => value.ToString()),
        o => o.Resource.Attributes, (o, v) => o.Resource.Attributes = v)
    {
        Help = "A resource attribute more, or in place of one found out, for target_info and OTLP.",
    };

    public static IReadOnlyList<Setting> All { get; } = [ServiceName, Attributes];
}
