namespace MemSnoop.Processes;

/// <summary>
/// What a process is, for as long as the system runs: a pid is reused, a pid with its start time is not.
/// Source: <c>proc_pid_stat(5)</c>, fields 1 and 22.
/// </summary>
/// <param name="Pid">Process id in the pid namespace of the proc mount.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTicks);
