namespace MemSnoop.KernelTests;

/// <summary>The lab could not be built or booted, or a scenario failed: the message has the output that says why.</summary>
public sealed class LabException(string message) : Exception(message);
