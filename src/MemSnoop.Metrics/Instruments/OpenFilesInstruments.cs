using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Open file descriptors.</summary>
internal static class OpenFilesInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<OpenFilesSample> files) =>
        scope.Gauge(files, "memsnoop.process.open_files", "{file}", "Open file descriptors.", static (in s) => Clamp(s.Count));
}
