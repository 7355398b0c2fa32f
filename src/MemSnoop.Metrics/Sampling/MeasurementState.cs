namespace MemSnoop.Metrics.Sampling;

/// <summary>Whether and how something is measured, a row of <c>memsnoop.measurement.info</c>.</summary>
/// <param name="Measurement">Which measurement.</param>
/// <param name="Method">How: a kernel file or an estimator.</param>
/// <param name="State"><c>on</c>, <c>off</c>, <c>available</c> (works but something better is on) or <c>unavailable</c>.</param>
/// <param name="Reason">One word: <c>ok</c>, <c>disabled</c>, or what is missing.</param>
internal readonly record struct MeasurementState(string Measurement, string Method, string State, string Reason)
{
    internal const string On = "on";
    internal const string Off = "off";
    internal const string Available = "available";
    internal const string Unavailable = "unavailable";
}
