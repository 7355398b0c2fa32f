using System.Text;

namespace MemSnoop.Exporter.Otlp;

/// <summary>What a receiver says of a request that it has taken, but not all of it.</summary>
/// <param name="RejectedPoints">How many points it has dropped.</param>
/// <param name="Message">Why, or a warning when it has dropped none.</param>
/// <remarks>
/// <c>ExportMetricsServiceResponse</c> of opentelemetry/proto/collector/metrics/v1/metrics_service.proto: field 1 holds a
/// message with the number as field 1 and the text as field 2. The exporter does not look at it.
/// </remarks>
internal readonly record struct PartialSuccess(long RejectedPoints, string Message)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    /// <summary>Reads a response; false when it is none, or tells of nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> response, out PartialSuccess value)
    {
        value = new PartialSuccess(0, "");
        while (!response.IsEmpty)
        {
            if (!TryReadField(ref response, out int field, out _, out ReadOnlySpan<byte> partial))
            {
                return false;
            }

            if (field == 1 && !TryParsePartial(partial, ref value))
            {
                return false;
            }
        }

        return value.RejectedPoints > 0 || value.Message.Length > 0;
    }

    private static bool TryParsePartial(ReadOnlySpan<byte> partial, ref PartialSuccess value)
    {
        while (!partial.IsEmpty)
        {
            if (!TryReadField(ref partial, out int field, out ulong number, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }

            value = field switch
            {
                1 => value with { RejectedPoints = (long)Math.Min(number, long.MaxValue) },
                2 => value with { Message = Encoding.UTF8.GetString(bytes) },
                _ => value,
            };
        }

        return true;
    }

    private static bool TryReadField(ref ReadOnlySpan<byte> text, out int field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        field = 0;
        number = 0;
        bytes = default;
        if (!TryReadVarint(ref text, out ulong tag))
        {
            return false;
        }

        field = (int)Math.Min(tag >> 3, int.MaxValue);
        switch ((int)(tag & 7))
        {
            case Varint:
                return TryReadVarint(ref text, out number);
            case LengthDelimited:
                return TryReadVarint(ref text, out ulong length) && length <= (ulong)text.Length && TryTake(ref text, (int)length, out bytes);
            case Fixed64:
                return TryTake(ref text, sizeof(ulong), out _);
            case Fixed32:
                return TryTake(ref text, sizeof(uint), out _);
            default:
                return false;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> text, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = text.Length < length ? default : text[..length];
        text = text[Math.Min(length, text.Length)..];
        return bytes.Length == length;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        for (int i = 0; i < text.Length && i < 10; i++)
        {
            value |= (ulong)(text[i] & 0x7f) << (7 * i);
            if (text[i] < 0x80)
            {
                text = text[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
