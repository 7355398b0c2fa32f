using MemSnoop.Containers;

namespace MemSnoop.Metrics.Sampling;

/// <summary>A container as its series show it.</summary>
/// <param name="Id">Its id; empty for a process of the host.</param>
/// <param name="Names">Its names, as far as they are known.</param>
/// <param name="IsFinal">Whether no more can become known of it.</param>
internal readonly record struct NamedContainer(string Id, ContainerNames Names, bool IsFinal)
{
    /// <summary>No container.</summary>
    internal static NamedContainer None { get; } = new("", ContainerNames.None, IsFinal: true);
}
