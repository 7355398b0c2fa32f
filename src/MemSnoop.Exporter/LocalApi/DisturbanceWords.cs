using MemSnoop.Disturbances;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>What disturbed a window, for people; the words are those of metrics (<see cref="Disturbance"/>).</summary>
internal static class DisturbanceWords
{
    internal static string Explain(string disturbance) => disturbance switch
    {
        "unmarked" => "some of its pages were not watched from the start of the window on",
        "divided" => "somebody asked for a window of his own, which divided this one",
        "moved" => "the kernel moved pages, which looks like use",
        "file_read" => "it read files by descriptor, which leaves no trace on this kernel",
        "advised" => "a program told the kernel that memory is cold or free, and that clears traces of use",
        "aged" => "the kernel aged or reclaimed memory (multi-generational LRU), and that clears traces of use",
        "damon" => "DAMON was at work, and it clears traces of use",
        "reader" => "another program used the idle bitmap",
        _ => disturbance,
    };
}
