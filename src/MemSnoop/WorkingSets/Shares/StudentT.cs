namespace MemSnoop.WorkingSets.Shares;

/// <summary>Student's distribution, as far as intervals of 95 % need it.</summary>
internal static class StudentT
{
    /// <summary>97.5 % of a normal distribution lie below this many standard deviations.</summary>
    private const double Normal = 1.959963984540054;

    /// <summary>How many standard errors an interval of 95 % reaches to each side. Its expansion in the inverse of the degrees of freedom is off by less than 0.2 % from 7 of them on.</summary>
    internal static double Reach(int degreesOfFreedom)
    {
        const double z = Normal;
        const double z3 = z * z * z;
        const double z5 = z3 * z * z;
        const double z7 = z5 * z * z;
        double n = Math.Max(1, degreesOfFreedom);
        return z + ((z3 + z) / (4 * n)) + (((5 * z5) + (16 * z3) + (3 * z)) / (96 * n * n)) + (((3 * z7) + (19 * z5) + (17 * z3) - (15 * z)) / (384 * n * n * n));
    }
}
