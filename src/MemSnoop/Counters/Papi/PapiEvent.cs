namespace MemSnoop.Counters.Papi;

/// <summary>An event as the library knows it.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Description">What one count is.</param>
/// <param name="Code">Its number, good until the process ends.</param>
/// <param name="Natives">The events it is computed from, itself when it is native: each takes a descriptor. None where a preset does not exist on this processor.</param>
internal sealed record PapiEvent(string Name, string Description, int Code, IReadOnlyList<int> Natives);
