namespace MemSnoop.KernelTests;

/// <summary>How long passes took, in seconds: the borders between windows are as wide.</summary>
/// <param name="Began">The one before the window, as far as it was seen.</param>
/// <param name="Ended">The one at its end.</param>
/// <param name="Longest">The longest one so far.</param>
internal readonly record struct PassLengths(double Began, double Ended, double Longest);
