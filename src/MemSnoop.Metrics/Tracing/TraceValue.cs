using System.Globalization;

namespace MemSnoop.Metrics.Tracing;

/// <summary>One number or text of a sample, or nothing if it could not be read.</summary>
internal readonly struct TraceValue
{
    private readonly string? _text;

    private TraceValue(string text, bool isNumber)
    {
        _text = text;
        IsNumber = isNumber;
    }

    /// <summary>The value as it is written everywhere; empty when there is none.</summary>
    public string Text => _text ?? "";

    public bool IsNumber { get; }

    public bool IsMissing => _text is null;

    public static implicit operator TraceValue(ulong value) => new(value.ToString(CultureInfo.InvariantCulture), true);

    // NaN stands for what could not be read.
    public static implicit operator TraceValue(double value) =>
        double.IsFinite(value) ? new(Math.Round(value, 6).ToString(CultureInfo.InvariantCulture), true) : default;

    public static implicit operator TraceValue(ulong? value) => value is ulong known ? known : default(TraceValue);

    public static implicit operator TraceValue(double? value) => value is double known ? known : default(TraceValue);

    public static implicit operator TraceValue(DateTimeOffset value) =>
        new(value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture), false);
}
