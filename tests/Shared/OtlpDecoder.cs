using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MemSnoop.Testing;

/// <summary>Decodes a message field by field, by their numbers in opentelemetry-proto's metrics.proto.</summary>
internal static class OtlpDecoder
{
    public static OtlpMessage Decode(byte[] message)
    {
        Dictionary<string, string> resource = [];
        List<OtlpPoint> points = [];
        foreach (Field field in Fields(message).Where(static field => field.Number == 1).SelectMany(static resourceMetrics => Fields(resourceMetrics.Bytes)))
        {
            if (field.Number == 1)
            {
                foreach (Field attribute in Fields(field.Bytes).Where(static attribute => attribute.Number == 1))
                {
                    (string key, string value) = Attribute(attribute.Bytes);
                    resource.Add(key, value);
                }
            }
            else if (field.Number == 2)
            {
                points.AddRange(Fields(field.Bytes).Where(static metric => metric.Number == 2).SelectMany(static metric => Points(metric.Bytes)));
            }
        }

        return new OtlpMessage { Resource = resource, Points = points };
    }

    private static IEnumerable<OtlpPoint> Points(ReadOnlyMemory<byte> metric)
    {
        const int Gauge = 5;
        const int Sum = 7;
        Field[] fields = [.. Fields(metric)];
        foreach (Field field in fields.Where(static field => field.Number is Gauge or Sum))
        {
            Field[] data = [.. Fields(field.Bytes)];
            string temporality = field.Number == Gauge ? "" : data.Single(static each => each.Number == 2).Value == 1 ? "DELTA" : "CUMULATIVE";
            foreach (Field point in data.Where(static each => each.Number == 1))
            {
                yield return Point(Text(1), Text(3), temporality, point.Bytes);
            }
        }

        string Text(int number) => Encoding.UTF8.GetString(fields.FirstOrDefault(field => field.Number == number).Bytes.Span);
    }

    private static OtlpPoint Point(string metric, string unit, string temporality, ReadOnlyMemory<byte> point)
    {
        Field[] fields = [.. Fields(point)];
        ulong Number(int number) => fields.FirstOrDefault(field => field.Number == number).Value;
        double value = fields.Any(static field => field.Number == 4) ? BitConverter.UInt64BitsToDouble(Number(4)) : (long)Number(6);
        Dictionary<string, string> attributes = fields.Where(static field => field.Number == 7).Select(static field => Attribute(field.Bytes)).ToDictionary();
        return new OtlpPoint(metric, unit, temporality, attributes, value, Number(2), Number(3));
    }

    private static (string Key, string Value) Attribute(ReadOnlyMemory<byte> attribute)
    {
        Field[] fields = [.. Fields(attribute)];
        Field value = Fields(fields.Single(static field => field.Number == 2).Bytes).Single();
        return (Encoding.UTF8.GetString(fields.Single(static field => field.Number == 1).Bytes.Span), value.Number switch
        {
            1 => Encoding.UTF8.GetString(value.Bytes.Span),
            2 => value.Value == 1 ? "true" : "false",
            3 => ((long)value.Value).ToString(CultureInfo.InvariantCulture),
            _ => throw new InvalidDataException($"An attribute of kind {value.Number}."),
        });
    }

    private static IEnumerable<Field> Fields(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            ulong tag = Varint(ref message);
            int number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return new Field(number, Varint(ref message), default);
                    break;
                case 1:
                    yield return new Field(number, BinaryPrimitives.ReadUInt64LittleEndian(message.Span), default);
                    message = message[8..];
                    break;
                case 2:
                    int length = (int)Varint(ref message);
                    yield return new Field(number, 0, message[..length]);
                    message = message[length..];
                    break;
                case 5:
                    yield return new Field(number, BinaryPrimitives.ReadUInt32LittleEndian(message.Span), default);
                    message = message[4..];
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7}.");
            }
        }
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> message)
    {
        ulong value = 0;
        for (int i = 0; ; i++)
        {
            byte next = message.Span[i];
            value |= (ulong)(next & 0x7f) << (7 * i);
            if (next < 0x80)
            {
                message = message[(i + 1)..];
                return value;
            }
        }
    }

    private readonly record struct Field(int Number, ulong Value, ReadOnlyMemory<byte> Bytes);
}
