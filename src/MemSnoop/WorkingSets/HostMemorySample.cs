namespace MemSnoop.WorkingSets;

/// <summary>The memory of all watched processes together, each page frame once, and what else is charged to containers.</summary>
/// <param name="UsedBytes">Used within the last window.</param>
/// <param name="UntrackedBytes">Of unknown use.</param>
/// <param name="Idle">Idle for at least each age, as in <see cref="WorkingSetSample.Idle"/>; the first is all that is idle.</param>
/// <param name="KnownAges">How many ages are known: it has been measured for that long.</param>
internal readonly record struct HostMemorySample(ulong UsedBytes, ulong UntrackedBytes, IdleBytes Idle, int KnownAges);
