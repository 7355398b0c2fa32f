namespace MemSnoop.Exporter.View;

/// <summary>What a table has rows of.</summary>
internal enum SubjectKind
{
    /// <summary>Processes.</summary>
    Process,

    /// <summary>Containers.</summary>
    Container,

    /// <summary>Groups of processes.</summary>
    Group,
}
