using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>A point of a message, as a receiver understands it.</summary>
/// <param name="Metric">The metric's name.</param>
/// <param name="Kind"><c>gauge</c>, <c>cumulative</c> or <c>delta</c>.</param>
/// <param name="Attributes">Its attributes, <c>a=1,b=2</c>.</param>
/// <param name="Start">When it began to count, in nanoseconds since the Unix epoch.</param>
/// <param name="Time">When it was observed.</param>
/// <param name="Value">Its value.</param>
internal sealed record OtlpPoint(string Metric, string Kind, string Attributes, ulong Start, ulong Time, double Value);

/// <summary>A message decoded, field by field by their numbers in opentelemetry-proto's metrics.proto.</summary>
internal sealed class OtlpMessage
{
    public OtlpMessage(byte[] message)
    {
        foreach (Field resourceMetrics in Fields(message).Where(static field => field.Number == 1))
        {
            foreach (Field field in Fields(resourceMetrics.Bytes))
            {
                if (field.Number == 1)
                {
                    foreach (Field attribute in Fields(field.Bytes).Where(static attribute => attribute.Number == 1))
                    {
                        (string key, string value) = Attribute(attribute.Bytes);
                        Resource.Add(key, value);
                    }
                }
                else if (field.Number == 2)
                {
                    foreach (Field metric in Fields(field.Bytes).Where(static metric => metric.Number == 2))
                    {
                        AddMetric(metric.Bytes);
                    }
                }
            }
        }
    }

    public Dictionary<string, string> Resource { get; } = [];

    public List<OtlpPoint> Points { get; } = [];

    private void AddMetric(ReadOnlyMemory<byte> metric)
    {
        const int Gauge = 5;
        const int Sum = 7;
        string name = "";
        foreach (Field field in Fields(metric))
        {
            if (field.Number == 1)
            {
                name = Encoding.UTF8.GetString(field.Bytes.Span);
            }
            else if (field.Number is Gauge or Sum)
            {
                Field[] data = [.. Fields(field.Bytes)];
                string kind = field.Number == Gauge ? "gauge" : data.Single(static each => each.Number == 2).Value == 1 ? "delta" : "cumulative";
                Points.AddRange(data.Where(static each => each.Number == 1).Select(point => Point(name, kind, point.Bytes)));
            }
        }
    }

    private static OtlpPoint Point(string metric, string kind, ReadOnlyMemory<byte> point)
    {
        Field[] fields = [.. Fields(point)];
        ulong Number(int number) => fields.FirstOrDefault(field => field.Number == number).Value;
        double value = fields.Any(static field => field.Number == 4) ? BitConverter.UInt64BitsToDouble(Number(4)) : (long)Number(6);
        IEnumerable<string> attributes = fields.Where(static field => field.Number == 7).Select(static field => Attribute(field.Bytes)).Select(static pair => $"{pair.Key}={pair.Value}");
        return new OtlpPoint(metric, kind, string.Join(',', attributes), Number(2), Number(3), value);
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
