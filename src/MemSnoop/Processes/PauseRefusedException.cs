namespace MemSnoop.Processes;

/// <summary>A process may not, or cannot, be paused. The message says why, in one sentence without a stop.</summary>
public sealed class PauseRefusedException(string message) : Exception(message);
