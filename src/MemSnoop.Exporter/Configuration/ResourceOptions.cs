using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>What the numbers come from, as far as the user says it.</summary>
internal sealed class ResourceOptions
{
    /// <summary>The attribute <c>service.name</c>. Default value: memsnoop.</summary>
    public string ServiceName { get; set; } = "memsnoop";

    /// <summary>Attributes beside or in place of those that are found out. Default value: none.</summary>
    public IReadOnlyList<ResourceAttribute> Attributes { get; set; } = [];
}
