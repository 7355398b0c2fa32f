namespace MemSnoop.Tests.Counters.Papi;

/// <summary>The counters this process has open; others of its descriptors come and go as the test runner likes.</summary>
internal static class OpenCounters
{
    public static int Count() =>
        new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(static link => link.LinkTarget?.Contains("[perf_event]", StringComparison.Ordinal) ?? false);
}
