using MemSnoop.Kernel;

namespace MemSnoop.Exporter.View;

/// <summary>Why a process cannot be measured or read, as sentences for people.</summary>
internal static class ProcessRefusal
{
    internal static string Explain(ReadOutcome outcome, int pid) => outcome switch
    {
        ReadOutcome.ProcessGone => $"process {pid} has ended, or executes another program now",
        ReadOutcome.Denied => $"the kernel does not let the exporter read process {pid}",
        ReadOutcome.TooLarge => $"process {pid} is too large to be read without holding it up",
        ReadOutcome.Hung => $"process {pid} does not answer: it waits for something while it executes a program, or while its address space is locked",
        ReadOutcome.NotSupported => "the method in use does not tell pages apart",
        _ => $"process {pid} could not be read ({outcome.ToReason()})",
    };
}
