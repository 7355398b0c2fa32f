namespace MemSnoop.KernelTests;

/// <summary>
/// What was published of one window of a process or a container, in bytes and in seconds of CLOCK_MONOTONIC. When exactly the window ended is not known:
/// between the last scrape without it, less the time of a pass, and the first one with it.
/// </summary>
/// <param name="EarliestEnd">The window ended then at the earliest.</param>
/// <param name="LatestEnd">The window ended then at the latest.</param>
/// <param name="Seconds">Its published length.</param>
/// <param name="Passes">How long passes took.</param>
/// <param name="Exact">The working set, if it is published as such.</param>
/// <param name="Lower">The lower side of a bracket.</param>
/// <param name="Upper">The upper side of a bracket.</param>
/// <param name="Idle">Idle bytes by age; age 0 is what is resident.</param>
/// <param name="Untracked">Bytes of which nothing is known.</param>
internal sealed record PublishedWindow(
    double EarliestEnd, double LatestEnd, double Seconds, PassLengths Passes, double? Exact, double? Lower, double? Upper, IReadOnlyDictionary<double, double> Idle, double Untracked)
{
    // A busy host may keep a program from its memory for so long. A pass that ends late leaves windows as short as that.
    private const double StarvedSeconds = 0.6;

    public double EarliestStart => EarliestEnd - Seconds;

    public double LatestStart => LatestEnd - Seconds;

    /// <summary>
    /// What was used before this is not in the window. Its length counts from the marks; a page that was mapped between the walk over its process and the marks was not marked, and the next
    /// walk takes it for one of this window.
    /// </summary>
    public double EarliestUse => EarliestStart - Passes.Began;

    /// <summary>All its pages were marked by then: its length counts from when half of them were.</summary>
    public double LatestMark => LatestStart + Passes.Began;

    /// <summary>Within this time, a program that touches its memory again and again has touched all of it. A host that is so busy that passes take long keeps programs from their memory too.</summary>
    public double SurelyTouchedIn => StarvedSeconds + Passes.Began + Passes.Ended;

    public bool IsBracket => Lower.HasValue && Upper.HasValue;

    public bool IsAbsent => Exact is null && !IsBracket;

    /// <summary>The most that it says may have been used: without a bound where nothing is said.</summary>
    public double Most => Exact ?? Upper ?? double.PositiveInfinity;

    public override string ToString()
    {
        string number = Exact is { } exact ? $"{Mb(exact)}" : IsBracket ? $"[{Mb(Lower!.Value)}, {Mb(Upper!.Value)}]" : "absent";
        return $"{LatestEnd:F2} s, {Seconds:F2} s long: {number}; idle {string.Join(' ', Idle.OrderBy(static band => band.Key).Select(static band => $"{band.Key:0.#}:{Mb(band.Value)}"))}";
    }

    internal static string Mb(double bytes) => (bytes / (1 << 20)).ToString("F2");
}
