using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Facts about the host and the program that affect the numbers.</summary>
internal static class SystemInstruments
{
    internal static void Create(InstrumentScope scope, KernelPaths paths)
    {
        scope.Gauge("memsnoop.transparent_hugepage.info", "1", "The host's setting of transparent huge pages: always, madvise or never.", () => HugePages(paths));
        scope.Gauge("memsnoop.build.info", "1", "Version and revision of this program.", static () => Build());
    }

    private static IEnumerable<Measurement<long>> HugePages(KernelPaths paths)
    {
        if (TransparentHugePages.TryReadMode(paths, out string mode) == ReadOutcome.Success)
        {
            yield return new Measurement<long>(1, new KeyValuePair<string, object?>("mode", mode));
        }
    }

    private static IEnumerable<Measurement<long>> Build()
    {
        yield return new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("revision", BuildInfo.Revision),
            new KeyValuePair<string, object?>("version", BuildInfo.Version));
    }
}
