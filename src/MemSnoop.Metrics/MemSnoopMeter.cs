namespace MemSnoop.Metrics;

/// <summary>The meter that the instruments belong to, for those who choose meters by name.</summary>
public static class MemSnoopMeter
{
    /// <summary>The meter's name: <c>MemSnoop</c>.</summary>
    public const string Name = "MemSnoop";
}
