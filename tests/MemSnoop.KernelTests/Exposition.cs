using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>Looks up series in a text that the exporter served.</summary>
internal sealed class Exposition(string text)
{
    private readonly string[] _lines = text.Split('\n');

    /// <summary>The values of a family's series that bear all the labels, each given as <c>key="value"</c>.</summary>
    public double[] Values(string family, params string[] labels) =>
    [
        .. _lines
            .Where(line => line.StartsWith(family + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)),
    ];

    /// <summary>The one value there must be.</summary>
    public double Value(string family, params string[] labels) => Assert.Single(Values(family, labels));
}
