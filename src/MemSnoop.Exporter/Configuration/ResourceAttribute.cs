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
