using MemSnoop.Metrics.Configuration;
using System.Text;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Holds the tables of <c>docs/configuration.md</c> to the catalogue of settings.</summary>
public class ConfigurationDocumentTests
{
    /// <summary>Set to 1, this variable makes the test write what it would compare.</summary>
    private const string UpdateVariable = "MEMSNOOP_UPDATE_GOLDEN";

    private const string Heading = "## Settings\n";

    [Fact]
    public async Task Tables_are_those_of_the_catalogue()
    {
        string path = Path.Combine(Checkout.Root, "docs", "configuration.md");
        string text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        int tables = text.IndexOf(Heading, StringComparison.Ordinal);
        Assert.True(tables >= 0, $"{path} lacks its heading {Heading}");
        string expected = text[..tables] + Heading + Tables();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            await File.WriteAllTextAsync(path, expected, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    private static string Tables()
    {
        ExporterOptions defaults = new();
        StringBuilder text = new();
        foreach (SettingGroup group in ExporterSettings.Catalogue.Groups)
        {
            text.Append($"\n### {group.Title}\n\n| key below `{ExporterOptions.Section}` | option | value | default | meaning |\n|---|---|---|---|---|\n");
            foreach (Setting setting in group.Settings)
            {
                string options = string.Join(", ", setting.Options.Append(setting.OffOption).OfType<string>().Select(Code));
                string value = setting.IsFlag ? "true or false; the option takes none" : setting.Expected + (setting.IsList ? "; a list" : "");
                string standard = setting.Describe(defaults);
                text.Append($"| {Code(setting.Path[(ExporterOptions.Section.Length + 1)..])} | {options} | {Cell(value)} | {(standard.Length > 0 ? Code(standard) : "")} | {Cell(setting.Help)} |\n");
            }
        }

        return text.ToString();
    }

    private static string Code(string text) => $"`{Cell(text)}`";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
