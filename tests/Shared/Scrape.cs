using System.Globalization;

namespace MemSnoop.Testing;

/// <summary>What one scrape said.</summary>
internal sealed class Scrape(string text)
{
    public string Text { get; } = text;

    public IReadOnlyList<ExpositionSample> Samples { get; } = ExpositionChecker.Samples(text);

    /// <summary>The samples of this name that have these labels.</summary>
    public IEnumerable<ExpositionSample> Of(string name, params (string Name, string Value)[] labels) =>
        Samples.Where(sample => sample.Name == name && labels.All(label => sample.Label(label.Name) == label.Value));

    public IEnumerable<ExpositionSample> Of(string name, int pid) => Of(name, Label(pid));

    /// <summary>Whether there is a sample of this name for a process.</summary>
    public bool Has(string name, int pid) => Of(name, pid).Any();

    /// <summary>The number of the only sample with these labels.</summary>
    public double Value(string name, params (string Name, string Value)[] labels) => Assert.Single(Of(name, labels)).Number;

    public double Value(string name, int pid) => Value(name, Label(pid));

    public double Sum(string name, int pid) => Of(name, pid).Sum(static sample => sample.Number);

    /// <summary>All processes that have a sample of this name.</summary>
    public HashSet<int> Pids(string name) => [.. Of(name).Select(static sample => int.Parse(sample.Label("pid")!, CultureInfo.InvariantCulture))];

    /// <summary>All names of samples.</summary>
    public HashSet<string> Names => [.. Samples.Select(static sample => sample.Name)];

    private static (string Name, string Value) Label(int pid) => ("pid", pid.ToString(CultureInfo.InvariantCulture));
}
