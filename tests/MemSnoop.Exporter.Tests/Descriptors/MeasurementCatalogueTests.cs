using System.Text.RegularExpressions;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Exporter.Tests.Descriptors;

/// <summary>What holds for every measurement, whatever it is.</summary>
public partial class MeasurementCatalogueTests
{
    public static TheoryData<string> Names => [.. MeasurementCatalogue.All.Select(static descriptor => descriptor.Name)];

    [Fact]
    public void Names_are_unique() => Assert.Equal(MeasurementCatalogue.All.Count, MeasurementCatalogue.All.DistinctBy(static descriptor => descriptor.Name).Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void It_says_what_it_tells_and_what_it_asks_of_the_kernel(string name)
    {
        MeasurementDescriptor descriptor = Find(name);
        Assert.Matches("^[a-z-]+$", descriptor.Name);
        Assert.Matches("^[A-Za-z].+[^.]$", descriptor.Help);
        Assert.True(descriptor.Sources.Count > 0 || name == "timestamp", "only the clock needs no kernel file");
        Assert.All(descriptor.Sources, static source =>
        {
            Assert.Matches(source.Access == KernelAccess.Call ? "^[a-z_]+$" : "^/(proc|sys)/", source.Name);
            Assert.Equal(source.Capabilities.Count, source.Capabilities.Distinct().Count());
            Assert.All(source.Capabilities, static capability => Assert.Equal($"CAP{capability}".ToUpperInvariant(), capability.ToWord().Replace("_", "", StringComparison.Ordinal)));
        });
        Assert.Equal(descriptor.Sources.Count, descriptor.Sources.DistinctBy(static source => (source.Name, source.Method)).Count());
    }

    /// <summary>The names of columns and fields go unquoted into comma-separated files.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_column_has_fields_with_names_of_their_own(string name)
    {
        MeasurementDescriptor descriptor = Find(name);
        if (!descriptor.IsColumn)
        {
            return;
        }

        MemSnoopOptions options = new();
        options.Counters.Events = ["page-faults"];
        using TraceContext context = new(new MeasuredHost(options, new KernelPaths(), new HandleBudget(1000)));
        TraceOutputColumn column = descriptor.OpenColumn(context, "column");
        string[] fields = [.. column.Fields.Select((_, field) => column.FullName(field))];
        Assert.NotEmpty(fields);
        Assert.Equal(fields.Length, fields.Distinct().Count());
        Assert.All(fields, static field => Assert.Matches("^column(\\.[A-Za-z0-9_.:-]+)?$", field));
    }

    [Fact]
    public void Every_word_for_measure_has_a_row_in_the_documentation_and_every_row_a_word()
    {
        string[] words = [.. File.ReadLines(Path.Combine(Checkout.Root, "docs", "trace.md"))
            .Select(static line => Row().Match(line)).Where(static row => row.Success).Select(static row => row.Groups[1].Value)];
        Assert.Equal(MeasurementCatalogue.Columns.Select(static descriptor => descriptor.Name).Order(), words.Order());
    }

    [GeneratedRegex(@"^\| `\w+Measurement` \| `([a-z-]+)` \|")]
    private static partial Regex Row();

    private static MeasurementDescriptor Find(string name) => MeasurementCatalogue.All.Single(descriptor => descriptor.Name == name);
}
