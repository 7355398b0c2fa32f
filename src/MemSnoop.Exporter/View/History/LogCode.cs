namespace MemSnoop.Exporter.View.History;

/// <summary>
/// Numbers in 16 bits on a logarithmic scale: from 1 to 2^52, each step 0.055 % above the one before, so that a number comes back with an error of at most 0.03 %. Two codes stand apart: for
/// a number that is not known, and for 0. Larger numbers read as 2^52.
/// </summary>
internal static class LogCode
{
    /// <summary>The code of a number that is not known.</summary>
    internal const ushort Unknown = 0;

    /// <summary>The largest relative error of a number within the scale: half a step.</summary>
    internal const double MaxError = 0.0003;

    private const ushort Zero = 1;
    private const ushort One = 2;
    private const int Octaves = 52;
    private const double StepsPerOctave = (ushort.MaxValue - One) / (double)Octaves;

    internal static ushort Encode(ulong value) => value == 0 ? Zero : (ushort)(One + Math.Min(Math.Round(Math.Log2(value) * StepsPerOctave), ushort.MaxValue - One));

    internal static ulong? Decode(ushort code) => code switch
    {
        Unknown => null,
        Zero => 0,
        _ => (ulong)Math.Round(double.Exp2((code - One) / StepsPerOctave)),
    };
}
