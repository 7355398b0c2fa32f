using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Memory held (statm).</summary>
internal static class MemoryInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<MemorySample> memory)
    {
        scope.Gauge(memory, "memsnoop.process.memory.virtual", "By", "Address space the process has mapped, used or not.", static (in s) => Clamp(s.VirtualBytes));
        scope.Gauge(memory, "memsnoop.process.memory.resident", "By", "Physical memory the process holds.", static (in s) => Clamp(s.ResidentBytes));
        scope.Gauge(memory, "memsnoop.process.memory.shared", "By", "Resident pages of files and shared memory, which other processes may hold too.", static (in s) => Clamp(s.SharedBytes));
        scope.Gauge(memory, "memsnoop.process.memory.text", "By", "Size of the program's code.", static (in s) => Clamp(s.TextBytes));
        scope.Gauge(memory, "memsnoop.process.memory.data", "By", "Size of data and stack areas, resident or not.", static (in s) => Clamp(s.DataBytes));
    }
}
