namespace MemSnoop.Kernel;

/// <summary>
/// What asking this kernel and machine for a way to measure has shown: whether it works here, and if not, what is missing
/// and what to do about it.
/// </summary>
/// <param name="Method">The name of what was asked for: a working-set method or a counter provider.</param>
/// <param name="IsSupported">Whether it can be used.</param>
/// <param name="Reason">One word for metrics: <c>ok</c>, or what is missing.</param>
/// <param name="Explanation">A sentence for people: how the method works here, or why it does not.</param>
/// <param name="Advice">What to do to make it work; empty if it works.</param>
public readonly record struct ProbeResult(string Method, bool IsSupported, string Reason, string Explanation, string Advice = "")
{
    /// <summary>The <see cref="Reason"/> of a method that works here but is in use by another program.</summary>
    public const string InUse = "in_use";
}
