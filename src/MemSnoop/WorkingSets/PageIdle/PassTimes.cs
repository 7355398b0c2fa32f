namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>A pass: its number, the first is 1; and when the windows that it ends began and ended.</summary>
internal readonly record struct PassTimes(long Number, TimeSpan Start, TimeSpan End);
