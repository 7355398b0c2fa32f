using System.Globalization;
using System.Text;

namespace MemSnoop.Testing;

/// <summary>A sample line taken apart, with its labels unescaped and in their order.</summary>
public sealed record ExpositionSample(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, string Value)
{
    /// <summary>The number, as a server would store it.</summary>
    public double Number => Value switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(Value, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    /// <summary>What makes the series the same to a server: name and labels in any order, where an empty label is an absent one.</summary>
    public string Identity => Name + string.Concat(Labels
        .Where(label => label.Value.Length > 0)
        .OrderBy(label => label.Key, StringComparer.Ordinal)
        .Select(label => "\0" + label.Key + "\0" + label.Value));

    public string? Label(string name) => Labels.FirstOrDefault(label => label.Key == name).Value;

    /// <summary>Reads <c>name{k="v",...} value</c>, exactly: one blank, no timestamp, no trailing comma, no other escapes than three.</summary>
    /// <exception cref="FormatException">The line is anything else; the message says what is wrong.</exception>
    public static ExpositionSample Parse(string line)
    {
        int position = 0;
        string name = Take(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':');
        Require(name.Length > 0 && !char.IsAsciiDigit(name[0]), "no metric name");
        List<KeyValuePair<string, string>> labels = [];
        if (position < line.Length && line[position] == '{')
        {
            position++;
            while (labels.Count == 0 || line[position - 1] == ',')
            {
                string label = Take(c => char.IsAsciiLetterOrDigit(c) || c == '_');
                Require(label.Length > 0 && !char.IsAsciiDigit(label[0]), "no label name");
                Require(!label.StartsWith("__", StringComparison.Ordinal), "label name of Prometheus' own");
                Require(labels.All(other => other.Key != label), "label name twice");
                Require(Next() == '=' && Next() == '"', "no quoted label value");
                labels.Add(new(label, TakeQuoted()));
                Require(Next() is ',' or '}', "neither comma nor brace behind a label");
            }
        }

        Require(position < line.Length && Next() == ' ', "no blank before the value");
        string value = line[position..];
        const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        bool isNumber = double.TryParse(value, Plain, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number);
        Require(isNumber || value is "NaN" or "+Inf" or "-Inf", "no number behind the blank");
        return new ExpositionSample(name, labels, value);

        char Next() => position < line.Length ? line[position++] : '\0';

        string Take(Func<char, bool> allowed)
        {
            int start = position;
            while (position < line.Length && allowed(line[position]))
            {
                position++;
            }

            return line[start..position];
        }

        string TakeQuoted()
        {
            StringBuilder value = new();
            for (char c = Next(); c != '"'; c = Next())
            {
                Require(position < line.Length, "label value without end");
                value.Append(c != '\\' ? c : Next() switch
                {
                    '\\' => '\\',
                    '"' => '"',
                    'n' => '\n',
                    _ => throw new FormatException($"unknown escape in: {line}"),
                });
            }

            return value.ToString();
        }

        void Require(bool holds, string complaint)
        {
            if (!holds)
            {
                throw new FormatException($"{complaint} at {position} in: {line}");
            }
        }
    }
}
