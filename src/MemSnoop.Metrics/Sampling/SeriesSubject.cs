namespace MemSnoop.Metrics.Sampling;

/// <summary>What a series is about, in the order in which series are left out where there may not be so many.</summary>
internal enum SeriesSubject
{
    /// <summary>A process.</summary>
    Process,

    /// <summary>A control group by the age of its memory.</summary>
    Cgroup,

    /// <summary>A group of processes.</summary>
    Group,

    /// <summary>A container.</summary>
    Container,

    /// <summary>The host, its disks, and the measuring: never left out.</summary>
    Host,
}

/// <summary>What is known of each subject.</summary>
internal static class SeriesSubjects
{
    /// <summary>Those of which single ones can be left out, the last to go first.</summary>
    internal static readonly SeriesSubject[] ByWeight = [SeriesSubject.Container, SeriesSubject.Group, SeriesSubject.Cgroup];

    /// <summary>The word for it in metrics.</summary>
    internal static string ToWord(this SeriesSubject subject) => subject switch
    {
        SeriesSubject.Process => "process",
        SeriesSubject.Cgroup => "cgroup",
        SeriesSubject.Group => "group",
        SeriesSubject.Container => "container",
        _ => "host",
    };

    /// <summary>The attribute that tells one from another; null where there are none to tell apart.</summary>
    internal static string? KeyOf(SeriesSubject subject) => subject switch
    {
        SeriesSubject.Process => "pid",
        SeriesSubject.Cgroup => "cgroup",
        SeriesSubject.Group => "group",
        SeriesSubject.Container => "container_id",
        _ => null,
    };

    /// <summary>What the series of an instrument are about: names of instruments say so, and are a contract.</summary>
    internal static SeriesSubject Of(string instrument) =>
        instrument.StartsWith("memsnoop.process.", StringComparison.Ordinal) ? SeriesSubject.Process
        : instrument.StartsWith("memsnoop.cgroup.", StringComparison.Ordinal) ? SeriesSubject.Cgroup
        : instrument.StartsWith("memsnoop.group.", StringComparison.Ordinal) ? SeriesSubject.Group
        : instrument.StartsWith("memsnoop.container.", StringComparison.Ordinal) ? SeriesSubject.Container
        : SeriesSubject.Host;
}
