namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// Tests that measure what the real program says of real processes. They have the machine to themselves: a window that other
/// tests stretch would be measured right and still not be the one that was asked for.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "end to end";
}
