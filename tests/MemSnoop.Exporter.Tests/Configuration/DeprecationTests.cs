using System.CommandLine.Parsing;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Embedding;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Names of earlier versions go on working, with one warning. The settings are the test's own: a name is deprecated only for two minor versions.</summary>
public class DeprecationTests
{
    private static readonly Setting Pids = new ListSetting<MemSnoopOptions, int>(
        "Processes:Pids", Syntax.Pid, static options => options.Processes.Pids, static (options, pids) => options.Processes.Pids = [.. pids])
    {
        Options = ["--pid"],
        Help = "Watch these.",
        FormerNames = [new("Selection:Process:Ids", "--process-id", "0.4.0"), new(null, "--id", "0.3.0")],
    };

    private static readonly RetiredSetting Verbose = new("Selection:Verbose", "0.4.0", isFlag: true) { Options = ["--verbose"], Help = "" };

    private static readonly SettingCatalogue Catalogue = new([new("Processes", [Pids])], Verbose);

    [Fact]
    public void A_file_with_former_keys_means_the_same_and_each_is_noted_once_with_its_line()
    {
        using TemporaryFile file = new("""
            { "MemSnoop": {
              "Selection": { "process": { "ids": [1, 2] },
                "Verbose": { "anything": [true] } } } }
            """);
        ConfigurationLayer layer = ConfigurationFile.Read(file.Path, "--config", Catalogue);
        Assert.Equal([1, 2], Apply(layer).Processes.Pids);
        Assert.Equal(
        [
            $"{file.Path}:2: MemSnoop:Selection:process:ids: deprecated; use MemSnoop:Processes:Pids, version 0.4.0 does not know it any more",
            $"{file.Path}:3: MemSnoop:Selection:Verbose: deprecated; it does nothing, version 0.4.0 does not know it any more",
        ],
            layer.Deprecated.Select(static use => use.Warning));
        Assert.Equal(["MemSnoop:Selection:Process:Ids", "MemSnoop:Selection:Verbose"], layer.Deprecated.Select(static use => use.Name));
    }

    [Fact]
    public void Both_names_at_once_are_an_error_that_names_the_second()
    {
        using TemporaryFile file = new("""{ "MemSnoop": { "Processes": { "Pids": [1] }, "Selection": { "Process": { "Ids": [1] } } } }""");
        UsageException wrong = Assert.Throws<UsageException>(() => ConfigurationFile.Read(file.Path, "--config", Catalogue));
        Assert.Equal($"{file.Path}:1: MemSnoop:Selection:Process:Ids: is given more than once; expected one value", wrong.Message);
    }

    [Fact]
    public void A_section_that_never_was_is_as_unknown_as_before_and_former_names_are_not_proposed()
    {
        using TemporaryFile file = new("""{ "MemSnoop": { "Selection": { "Verbos": 1 } } }""");
        UsageException wrong = Assert.Throws<UsageException>(() => ConfigurationFile.Read(file.Path, "--config", Catalogue));
        Assert.StartsWith($"{file.Path}:1: MemSnoop:Selection:Verbos: unknown key", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Verbose", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_with_former_names_mean_the_same()
    {
        ConfigurationLayer layer = EnvironmentLayer.Read(
            new Dictionary<string, string>
            {
                ["MemSnoop__Selection__Process__Ids__0"] = "3",
                ["MemSnoop__Selection__Process__Ids__1"] = "4",
                ["MemSnoop__Selection__Verbose"] = "true",
            },
            Catalogue);
        Assert.Equal([3, 4], Apply(layer).Processes.Pids);
        Assert.Equal(["MemSnoop__Selection__Verbose", "MemSnoop__Selection__Process__Ids__0"], layer.Deprecated.Select(static use => use.Source));
    }

    [Fact]
    public void A_section_of_an_application_with_former_keys_means_the_same()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("Ours:Selection:Process:Ids:0", "5"), new("Ours:Selection:Verbose", "true")]).Build();
        ConfigurationLayer layer = SectionLayer.Read(configuration.GetSection("Ours"), Catalogue);
        Assert.Equal([5], Apply(layer).Processes.Pids);
        Assert.Equal(["Ours:Selection:Process:Ids", "Ours:Selection:Verbose"], layer.Deprecated.Select(static use => use.Source));
    }

    [Theory]
    [InlineData("--pid 1", "")]
    [InlineData("--process-id 1", "--process-id: deprecated; use --pid, version 0.4.0 does not know it any more")]
    [InlineData("--id 1 --verbose", "--id: deprecated; use --pid, version 0.3.0 does not know it any more|--verbose: deprecated; it does nothing, version 0.4.0 does not know it any more")]
    public void Former_options_mean_the_same(string words, string warnings)
    {
        SettingOption[] options = [.. SettingOption.For(Pids), .. SettingOption.For(Verbose)];
        System.CommandLine.Command command = new("test");
        foreach (SettingOption option in options)
        {
            command.Add(option.Option);
        }

        System.CommandLine.ParseResult parsed = command.Parse(words.Split(' '));
        ConfigurationLayer layer = new();
        foreach (SettingOption option in options)
        {
            if (parsed.GetResult(option.Option) is OptionResult { Implicit: false } result)
            {
                option.AddTo(layer, result);
            }
        }

        Assert.Equal([1], Apply(layer).Processes.Pids);
        Assert.Equal(warnings, string.Join('|', layer.Deprecated.Select(static use => use.Warning)));
    }

    [Fact]
    public void Former_options_are_hidden_from_help_and_completion_and_a_key_may_lose_its_option()
    {
        Assert.Equal(
            [("--pid", false), ("--process-id", true), ("--id", true)],
            SettingOption.For(Pids).Select(static option => (option.Option.Name, option.Option.Hidden)));
        Assert.True(Assert.Single(SettingOption.For(Verbose)).Option.Hidden);
        Setting keyAlone = new ListSetting<MemSnoopOptions, int>(
            "Processes:Pids", Syntax.Pid, static options => options.Processes.Pids, static (options, pids) => options.Processes.Pids = pids)
        {
            Help = "",
            FormerNames = [new(null, "--pid", "0.4.0")],
        };
        Assert.Equal("use MemSnoop:Processes:Pids", Assert.Single(SettingOption.For(keyAlone)).Deprecated?.Advice);
    }

    [Fact]
    public async Task What_is_in_use_is_published_and_logged_once()
    {
        DeprecatedUse use = new("--id", "--id", "use --pid", "0.3.0");
        LogLines log = new();
        using EmbeddedHost host = await EmbeddedHost.StartAsync(services => services
            .AddLogging(logging => logging.AddProvider(log))
            .AddMemSnoop(options => options.Deprecated.Add(use)));
        Said said = Assert.Single(host.Observe(), static said => said.Instrument == "memsnoop.deprecated.info");
        Assert.Equal(("--id", 1), (said.Attributes["name"], said.Value));
        Assert.Single(log.All, line => line.Contains(use.Warning, StringComparison.Ordinal));
    }

    [Fact]
    public void Check_has_a_line_for_each_with_what_to_do()
    {
        ExporterOptions options = new();
        options.Deprecated.Add(new DeprecatedUse("--id", "--id", "use --pid", "0.3.0"));
        HostFinding finding = Assert.Single(new HostCheck(new MeasuredHost(options), options).Findings, static finding => finding.Topic == "configuration");
        Assert.Equal(new HostFinding(HostFinding.Limited, "configuration", "deprecated", "--id: version 0.3.0 does not know this name any more", "use --pid"), finding);
    }

    [Fact]
    public async Task Without_any_there_is_no_series()
    {
        using EmbeddedHost host = await EmbeddedHost.StartAsync(static services => services.AddMemSnoop());
        Assert.DoesNotContain(host.Observe(), static said => said.Instrument == "memsnoop.deprecated.info");
    }

    [Fact]
    public void A_series_under_its_former_name_is_one_too()
    {
        using Meter meter = new("test");
        List<DeprecatedUse> series = [];
        InstrumentScope scope = new(meter, null, new Dictionary<string, SampledMeasurement>(), series);
        scope.Deprecate("memsnoop.old", "memsnoop.new", "0.5.0");
        Assert.Equal(new DeprecatedUse("memsnoop.old", "memsnoop.old", "query memsnoop.new", "0.5.0"), Assert.Single(series));
    }

    private static MemSnoopOptions Apply(ConfigurationLayer layer)
    {
        MemSnoopOptions options = new();
        foreach (ConfigurationEntry entry in layer.Entries)
        {
            entry.Setting.Apply(options, entry);
        }

        return options;
    }
}
