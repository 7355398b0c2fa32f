namespace MemSnoop.Processes;

/// <summary>A group that a user has put a process in.</summary>
/// <param name="Name">Its name.</param>
internal sealed record ProcessGroup(string Name)
{
    /// <summary>What the name begins with among those of all groups and containers; ids of containers have no slash.</summary>
    private const char Mark = '/';

    /// <summary>What tells it from the id of any container, where both have sums.</summary>
    internal string Key { get; } = Mark + Name;

    /// <summary>Whether this is the key of a group and not the id of a container.</summary>
    internal static bool IsKey(string key) => key.StartsWith(Mark);

    /// <summary>The name in a key; null if that is the id of a container.</summary>
    internal static string? NameIn(string key) => IsKey(key) ? key[1..] : null;
}
