using Microsoft.Extensions.Primitives;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Reads whether a scrape takes its text compressed.</summary>
internal static class AcceptEncodingHeader
{
    /// <summary>Whether gzip is named, with a weight above zero. A bare <c>*</c> asks for nothing in particular and gets no compression.</summary>
    public static bool AllowsGzip(StringValues header)
    {
        foreach (string? line in header)
        {
            ReadOnlySpan<char> rest = line;
            while (HeaderList.TryTake(ref rest, ',', out ReadOnlySpan<char> entry))
            {
                HeaderList.TryTake(ref entry, ';', out ReadOnlySpan<char> coding);
                if (coding.Equals("gzip", StringComparison.OrdinalIgnoreCase))
                {
                    return IsWanted(entry);
                }
            }
        }

        return false;
    }

    private static bool IsWanted(ReadOnlySpan<char> parameters)
    {
        while (HeaderList.TryTake(ref parameters, ';', out ReadOnlySpan<char> parameter))
        {
            HeaderList.SplitParameter(parameter, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value);
            if (name.Equals("q", StringComparison.OrdinalIgnoreCase))
            {
                return HeaderList.TryParseQuality(value, out double quality) && quality > 0;
            }
        }

        return true;
    }
}
