namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// How far an estimate may be off that was made from some of the pages. Each page is chosen by itself with the same probability, whatever its neighbours are, so
/// how use is spread over the memory does not matter. The interval is Wilson's, which holds for shares near 0 and 1 too, and shrinks as the sample nears the whole
/// (finite population correction).
/// </summary>
internal static class SampleError
{
    /// <summary>Of a normal distribution, 95 % lie within so many standard deviations.</summary>
    private const double Deviations = 1.96;

    /// <summary>The estimate, and half the width of the 95 % interval around it, both as shares of the whole.</summary>
    /// <param name="found">How many of the sample have what is counted.</param>
    /// <param name="sample">How many were looked at.</param>
    /// <param name="all">How many there are.</param>
    internal static (double Share, double HalfWidth) Of(long found, long sample, long all)
    {
        if (all == 0)
        {
            return (0, 0);
        }

        if (sample == 0)
        {
            // Nothing is known: anything between none and all.
            return (0.5, 0.5);
        }

        double share = (double)found / sample;
        double left = Math.Sqrt(Math.Max(0, 1 - ((double)sample / all)));
        double z2 = Deviations * Deviations / sample;
        double centre = (share + (z2 / 2)) / (1 + z2);
        double half = Deviations / (1 + z2) * Math.Sqrt((share * (1 - share) / sample) + (z2 / (4 * sample)));

        // The interval lies around its own centre; the larger of both sides is told.
        double side = Math.Max(centre + half - share, share - centre + half);
        return (share, side * left);
    }
}
