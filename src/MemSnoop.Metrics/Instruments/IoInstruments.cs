using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>IO of processes (io).</summary>
internal static class IoInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<IoSample> io)
    {
        scope.Counter<IoSample, long>(
            io, "memsnoop.process.io.characters", "By", "Bytes moved by read and write calls, from and to anywhere: files, caches, pipes, terminals.",
            new("direction", "read", static (in s) => Clamp(s.ReadCharacters)),
            new("direction", "write", static (in s) => Clamp(s.WrittenCharacters)));
        scope.Counter<IoSample, long>(
            io, "memsnoop.process.io.syscalls", "{call}", "Read and write system calls.",
            new("direction", "read", static (in s) => Clamp(s.ReadCalls)),
            new("direction", "write", static (in s) => Clamp(s.WriteCalls)));
        scope.Counter<IoSample, long>(
            io, "memsnoop.process.io.storage", "By", "Bytes fetched from storage, and bytes sent or due to be sent to it.",
            new("direction", "read", static (in s) => Clamp(s.StorageReadBytes)),
            new("direction", "write", static (in s) => Clamp(s.StorageWrittenBytes)));
        scope.Counter<IoSample, long>(
            io, "memsnoop.process.io.cancelled", "By", "Bytes due to be written that never had to be, because their file was truncated or deleted.",
            new ProcessSeries<IoSample, long>(null, null, static (in s) => Clamp(s.CancelledBytes)));
    }
}
