namespace MemSnoop.WorkingSets.Generations;

/// <summary>Memory of one type of a control group whose generations cover one range of ages.</summary>
/// <param name="IsFile">Whether it is page cache; otherwise anonymous and shared memory, which the kernel keeps on the same lists.</param>
/// <param name="Min">The index of the age that bounds it from below.</param>
/// <param name="Max">The index of the age that bounds it from above; the number of ages where nothing does.</param>
/// <param name="Bytes">How much.</param>
internal readonly record struct AgeBand(bool IsFile, int Min, int Max, ulong Bytes);
