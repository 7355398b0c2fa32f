using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>The variables of OpenTelemetry that describe what the numbers come from.</summary>
/// <remarks>https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration</remarks>
internal static class ResourceEnvironment
{
    private const string AttributesVariable = "OTEL_RESOURCE_ATTRIBUTES";
    private const string ServiceNameVariable = "OTEL_SERVICE_NAME";
    private const string ServiceNameAttribute = "service.name";

    /// <exception cref="UsageException">A variable has no value it can have.</exception>
    public static ConfigurationLayer Read(IReadOnlyDictionary<string, string> environment)
    {
        ConfigurationLayer layer = new();
        string? serviceName = environment.GetValueOrDefault(ServiceNameVariable) is { Length: > 0 } given ? given : null;
        string source = ServiceNameVariable;
        foreach ((string key, string value) in KeyValueList.Read(environment.GetValueOrDefault(AttributesVariable, ""), AttributesVariable))
        {
            if (key != ServiceNameAttribute)
            {
                layer.Add(ResourceSettings.Attributes, new SettingText($"{key}={value}", AttributesVariable));
            }
            else if (serviceName is null)
            {
                // By the specification the variable of its own wins.
                (serviceName, source) = (value, AttributesVariable);
            }
        }

        if (serviceName is not null)
        {
            layer.Add(ResourceSettings.ServiceName, new SettingText(serviceName, source));
        }

        return layer;
    }
}
