using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The languages of answers.</summary>
internal enum ExpositionSyntax
{
    /// <summary>Prometheus' text format.</summary>
    Text,

    /// <summary>OpenMetrics' text format.</summary>
    OpenMetrics,

    /// <summary>That of its second version, a candidate: families bear the names of their samples, and samples tell when they began.</summary>
    OpenMetrics2,

    /// <summary>Protobuf messages, each with its length in front of it.</summary>
    Protobuf,
}

/// <summary>A format and its Content-Type, with the escaping that is used, not the one that was asked for.</summary>
internal sealed class ExpositionFormat
{
    /// <summary>The oldest format, which knows no other names than those with underscores.</summary>
    public static readonly ExpositionFormat Text004 = new("text/plain; version=0.0.4; charset=utf-8", ExpositionSyntax.Text, NameStyle.Underscores);

    public static readonly Pair Text100 = new("text/plain; version=1.0.0; charset=utf-8", ExpositionSyntax.Text);

    /// <summary>The same holds for OpenMetrics' first form.</summary>
    public static readonly ExpositionFormat OpenMetrics001 =
        new("application/openmetrics-text; version=0.0.1; charset=utf-8", ExpositionSyntax.OpenMetrics, NameStyle.Underscores);

    public static readonly Pair OpenMetrics100 = new("application/openmetrics-text; version=1.0.0; charset=utf-8", ExpositionSyntax.OpenMetrics);

    public static readonly Pair OpenMetrics200 = new("application/openmetrics-text; version=2.0.0; charset=utf-8", ExpositionSyntax.OpenMetrics2);

    public static readonly Pair Protobuf = new($"{ProtobufType}; proto={ProtobufMessage}; encoding={ProtobufEncoding}", ExpositionSyntax.Protobuf);

    private const string Utf8Escaping = "allow-utf-8";
    private const string ProtobufType = "application/vnd.google.protobuf";
    private const string ProtobufMessage = "io.prometheus.client.MetricFamily";
    private const string ProtobufEncoding = "delimited";

    private ExpositionFormat(string contentType, ExpositionSyntax syntax, NameStyle names)
    {
        ContentType = contentType;
        Syntax = syntax;
        Names = names;
    }

    public string ContentType { get; }

    public ExpositionSyntax Syntax { get; }

    /// <summary>What its names are like.</summary>
    public NameStyle Names { get; }

    /// <summary>How its samples are written.</summary>
    public SampleForm Form => new(
        Syntax switch
        {
            ExpositionSyntax.Protobuf => SampleSyntax.Message,
            ExpositionSyntax.OpenMetrics2 => SampleSyntax.LineWithStart,
            _ => SampleSyntax.Line,
        },
        Names);

    /// <summary>
    /// The format that an Accept header gives the highest weight, of several the one named first; the text format when nothing usable is
    /// named. There is always one: an endpoint that answers 406 cannot be scraped at all.
    /// </summary>
    /// <param name="accept">The header. What is no media type is passed over.</param>
    /// <param name="names">What names are like for who takes any; who takes only some gets underscores.</param>
    /// <param name="openMetrics2">Whether the second version of OpenMetrics is known.</param>
    public static ExpositionFormat Choose(StringValues accept, NameStyle names, bool openMetrics2)
    {
        ExpositionFormat best = Text004;
        double bestQuality = 0;
        foreach (string? line in accept)
        {
            // Each entry by itself: in a list the framework tries what is wrong again from every character on, and a header of 30 kB then takes hundreds of megabytes.
            for (int start = 0, end; start < line?.Length; start = end + 1)
            {
                end = EndOfEntry(line, start);
                if (MediaTypeHeaderValue.TryParse(new StringSegment(line, start, end - start), out MediaTypeHeaderValue? entry)
                    && Find(entry, names, openMetrics2) is { } format && QualityOf(entry) is { } quality && quality > bestQuality)
                {
                    best = format;
                    bestQuality = quality;
                }
            }
        }

        return best;
    }

    // A comma ends an entry, unless it is within quotes.
    private static int EndOfEntry(string line, int start)
    {
        bool isQuoted = false;
        for (int i = start; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case '\\' when isQuoted:
                    i++;
                    break;
                case ',' when !isQuoted:
                    return i;
            }
        }

        return line.Length;
    }

    private static ExpositionFormat? Find(MediaTypeHeaderValue entry, NameStyle names, bool openMetrics2)
    {
        // Names are escaped with underscores whatever is asked for, unless the user has said otherwise; but an unknown scheme means a format that is not known here.
        StringSegment escaping = Parameter(entry, "escaping") ?? "underscores";
        if (!(Is(escaping, Utf8Escaping) || Is(escaping, "underscores") || Is(escaping, "dots") || Is(escaping, "values")))
        {
            return null;
        }

        NameStyle style = Is(escaping, Utf8Escaping) ? names : NameStyle.Underscores;

        string? version = Parameter(entry, "version")?.ToString();
        if (Is(entry.MediaType, "application/openmetrics-text"))
        {
            return version switch
            {
                null or "" or "1.0.0" => OpenMetrics100.With(style),
                "0.0.1" => OpenMetrics001,
                "2.0.0" when openMetrics2 => OpenMetrics200.With(style),
                _ => null,
            };
        }

        if (Is(entry.MediaType, "text/plain"))
        {
            return version switch
            {
                null or "" or "0.0.4" => Text004,
                "1.0.0" => Text100.With(style),
                _ => null,
            };
        }

        if (Is(entry.MediaType, ProtobufType))
        {
            // The same media type is used for other messages, and for these as text.
            return Is(Parameter(entry, "proto") ?? "", ProtobufMessage) && Is(Parameter(entry, "encoding") ?? "", ProtobufEncoding) ? Protobuf.With(style) : null;
        }

        return Is(entry.MediaType, "*/*") || Is(entry.MediaType, "text/*") ? Text004 : null;
    }

    // The framework's weight is null without a parameter q, which means 1, and also with one that is no weight.
    private static double? QualityOf(MediaTypeHeaderValue entry) => entry.Quality ?? (Parameter(entry, "q") is null ? 1 : null);

    private static StringSegment? Parameter(MediaTypeHeaderValue entry, string name) => NameValueHeaderValue.Find(entry.Parameters, name)?.GetUnescapedValue();

    private static bool Is(StringSegment text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>A format that can have names of both styles.</summary>
    internal sealed class Pair(string contentType, ExpositionSyntax syntax)
    {
        private readonly ExpositionFormat _underscores = new(contentType + "; escaping=underscores", syntax, NameStyle.Underscores);
        private readonly ExpositionFormat _utf8 = new($"{contentType}; escaping={Utf8Escaping}", syntax, NameStyle.Utf8);

        /// <summary>The format with names of this style.</summary>
        public ExpositionFormat With(NameStyle style) => style == NameStyle.Utf8 ? _utf8 : _underscores;
    }
}
