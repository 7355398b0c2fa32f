using Microsoft.Extensions.Primitives;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Chooses the text format from a scrape's Accept header. There is always one: an endpoint that answers 406 cannot be scraped at all.</summary>
internal static class AcceptHeader
{
    /// <summary>The format with the highest weight, of several the one named first; the text format when nothing usable is named.</summary>
    public static ExpositionFormat Choose(StringValues header)
    {
        ExpositionFormat best = ExpositionFormat.Text004;
        double bestQuality = 0;
        foreach (string? line in header)
        {
            ReadOnlySpan<char> rest = line;
            while (HeaderList.TryTake(ref rest, ',', out ReadOnlySpan<char> entry))
            {
                if (TryRead(entry, out ExpositionFormat? format, out double quality) && quality > bestQuality)
                {
                    best = format;
                    bestQuality = quality;
                }
            }
        }

        return best;
    }

    private static bool TryRead(ReadOnlySpan<char> entry, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExpositionFormat? format, out double quality)
    {
        format = null;
        quality = 1;
        ReadOnlySpan<char> version = default;
        HeaderList.TryTake(ref entry, ';', out ReadOnlySpan<char> mediaType);
        while (HeaderList.TryTake(ref entry, ';', out ReadOnlySpan<char> parameter))
        {
            HeaderList.SplitParameter(parameter, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value);
            if (Is(name, "q"))
            {
                if (!HeaderList.TryParseQuality(value, out quality))
                {
                    return false;
                }
            }
            else if (Is(name, "version"))
            {
                version = value;
            }
            else if (Is(name, "escaping") && !IsEscaping(value))
            {
                return false;
            }
        }

        format = FormatOf(mediaType, version);
        return format is not null;
    }

    private static ExpositionFormat? FormatOf(ReadOnlySpan<char> mediaType, ReadOnlySpan<char> version)
    {
        if (Is(mediaType, "application/openmetrics-text"))
        {
            return version switch
            {
                "" or "1.0.0" => ExpositionFormat.OpenMetrics100,
                "0.0.1" => ExpositionFormat.OpenMetrics001,
                _ => null,
            };
        }

        if (Is(mediaType, "text/plain"))
        {
            return version switch
            {
                "" or "0.0.4" => ExpositionFormat.Text004,
                "1.0.0" => ExpositionFormat.Text100,
                _ => null,
            };
        }

        return Is(mediaType, "*/*") || Is(mediaType, "text/*") ? ExpositionFormat.Text004 : null;
    }

    // Names are escaped with underscores whatever is asked for, but an unknown scheme means a format that is not known here.
    private static bool IsEscaping(ReadOnlySpan<char> scheme)
    {
        return Is(scheme, "allow-utf-8") || Is(scheme, "underscores") || Is(scheme, "dots") || Is(scheme, "values");
    }

    private static bool Is(ReadOnlySpan<char> text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
