using MemSnoop.Kernel;

namespace MemSnoop.Tests.Architecture;

/// <summary>The rooms of the library, <c>MemSnoop.Core</c>, from the kernel's files upwards.</summary>
public sealed class LibraryArchitectureTests() : ArchitectureTests(typeof(KernelPaths), "src/MemSnoop", "MemSnoop", Table)
{
    private static readonly Arrow[] Table =
    [
        new("ProcFs", "Kernel", "Parsers take the kernel's text apart with its cursor."),

        new("Containers", "Kernel", "Control groups are directories that the kernel shows, and their paths are taken apart with its cursor."),

        new("Processes", "Kernel", "A process is followed by handles on its kernel files."),
        new("Processes", "ProcFs", "A process is known by its stat, status and control group."),
        new("Processes", "Containers", "A process belongs to a container, a pod, a unit."),

        new("Paging", "Kernel", "Page maps and idle bits are kernel files."),
        new("Paging", "ProcFs", "The areas whose pages are looked up are lines of maps."),
        new("Paging", "Processes", "A page map belongs to the address space of a process."),

        new("Disturbances", "Containers", "What happened to accessed bits is told by control group."),
        new("Disturbances", "Kernel", "What takes accessed bits shows in kernel files."),
        new("Disturbances", "ProcFs", "The generations and the kernel's event counters are parsed kernel files."),
        new("Disturbances", "Processes", "Other users of the idle bitmap are found among all processes."),
        new("Disturbances", "Paging", "The file that they share with us is the idle bitmap."),

        new("Locks", "Kernel", "A lock is a file that the kernel unlocks when its holder ends."),
        new("Locks", "Processes", "The referenced bits that a lock protects are those of one process."),

        new("WorkingSets", "Locks", "One program at a time takes accessed bits."),
        new("WorkingSets", "Disturbances", "A window is whole only if nothing disturbed it."),
        new("WorkingSets", "Containers", "The page_idle method finds out what is charged to containers."),
        new("WorkingSets", "Kernel", "A method asks the kernel whether it works here."),
        new("WorkingSets", "ProcFs", "The referenced method sums up the areas of smaps."),
        new("WorkingSets", "Processes", "Windows belong to processes."),
        new("WorkingSets", "Paging", "The page_idle method walks over pages and their frames."),

        new("Counters", "Kernel", "A provider asks the kernel whether it works here, and counts by system calls."),
        new("Counters", "ProcFs", "A thread's stat tells whether it is at rest, or has ended."),
        new("Counters", "Processes", "Events are counted for processes."),

        new("Measurements", "Kernel", "A reading ends as the reading of its kernel file does."),
        new("Measurements", "ProcFs", "Samples are made of parsed kernel files."),
        new("Measurements", "Processes", "A measurement is taken of a process."),
        new("Measurements", "Containers", "What the control group of a container says is a measurement."),
        new("Measurements", "WorkingSets", "The working set of a process is a measurement."),
        new("Measurements", "Counters", "The counts of a process are a measurement."),

        new("Tracing", "Kernel", "A sample that is missing says how its reading ended."),
        new("Tracing", "ProcFs", "A traced area has the permissions of its line in maps."),
        new("Tracing", "Processes", "A trace follows a process, and pauses it."),
        new("Tracing", "Paging", "A page trace holds ranges of pages."),
        new("Tracing", "WorkingSets", "The page_idle method tells which pages were active."),
        new("Tracing", "Measurements", "A trace takes measurements."),
        new("Tracing", "Timing", "A trace keeps to a schedule."),

        new("Analysis", "Paging", "Pages that were active are ranges of pages."),
        new("Analysis", "Tracing", "What is analysed is a page trace."),
    ];

    [Fact]
    public void A_cycle_is_named()
    {
        Assert.Equal("B -> C -> B", FindCycle([new("A", "B", ""), new("B", "C", ""), new("C", "D", ""), new("C", "B", "")]));
        Assert.Equal("", FindCycle([new("A", "B", ""), new("B", "C", ""), new("A", "C", "")]));
    }
}
