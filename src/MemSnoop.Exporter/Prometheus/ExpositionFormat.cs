using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>A text format and its Content-Type, with the escaping that is used, not the one that was asked for.</summary>
internal sealed class ExpositionFormat
{
    public static readonly ExpositionFormat Text004 = new("text/plain; version=0.0.4; charset=utf-8", isOpenMetrics: false);

    public static readonly ExpositionFormat Text100 = new("text/plain; version=1.0.0; charset=utf-8; escaping=underscores", isOpenMetrics: false);

    public static readonly ExpositionFormat OpenMetrics001 = new("application/openmetrics-text; version=0.0.1; charset=utf-8", isOpenMetrics: true);

    public static readonly ExpositionFormat OpenMetrics100 =
        new("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", isOpenMetrics: true);

    private ExpositionFormat(string contentType, bool isOpenMetrics)
    {
        ContentType = contentType;
        IsOpenMetrics = isOpenMetrics;
    }

    public string ContentType { get; }

    public bool IsOpenMetrics { get; }

    /// <summary>
    /// The format that an Accept header gives the highest weight, of several the one named first; the text format when nothing usable is
    /// named. There is always one: an endpoint that answers 406 cannot be scraped at all.
    /// </summary>
    public static ExpositionFormat Choose(IList<MediaTypeHeaderValue> accept)
    {
        ExpositionFormat best = Text004;
        double bestQuality = 0;
        foreach (MediaTypeHeaderValue entry in accept)
        {
            if (Find(entry) is { } format && QualityOf(entry) is { } quality && quality > bestQuality)
            {
                best = format;
                bestQuality = quality;
            }
        }

        return best;
    }

    private static ExpositionFormat? Find(MediaTypeHeaderValue entry)
    {
        // Names are escaped with underscores whatever is asked for, but an unknown scheme means a format that is not known here.
        if (Parameter(entry, "escaping") is { } escaping
            && !(Is(escaping, "allow-utf-8") || Is(escaping, "underscores") || Is(escaping, "dots") || Is(escaping, "values")))
        {
            return null;
        }

        string? version = Parameter(entry, "version")?.ToString();
        if (Is(entry.MediaType, "application/openmetrics-text"))
        {
            return version switch
            {
                null or "" or "1.0.0" => OpenMetrics100,
                "0.0.1" => OpenMetrics001,
                _ => null,
            };
        }

        if (Is(entry.MediaType, "text/plain"))
        {
            return version switch
            {
                null or "" or "0.0.4" => Text004,
                "1.0.0" => Text100,
                _ => null,
            };
        }

        return Is(entry.MediaType, "*/*") || Is(entry.MediaType, "text/*") ? Text004 : null;
    }

    // The framework's weight is null without a parameter q, which means 1, and also with one that is no weight.
    private static double? QualityOf(MediaTypeHeaderValue entry) => entry.Quality ?? (Parameter(entry, "q") is null ? 1 : null);

    private static StringSegment? Parameter(MediaTypeHeaderValue entry, string name) => NameValueHeaderValue.Find(entry.Parameters, name)?.GetUnescapedValue();

    private static bool Is(StringSegment text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
