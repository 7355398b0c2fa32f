using System.CommandLine;
using System.Text.Json;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Instruments;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Contract;

/// <summary>What others build on: series, keys, options, fields of JSON and exit codes, one line each.</summary>
internal static class Contract
{
    /// <summary>The contract of the program as it is.</summary>
    public static async Task<string[]> MakeAsync(int pid, string runDirectory) =>
    [
        .. ((IEnumerable<string>)
        [
            .. MetricsDocument.Rows.Values.Select(static row =>
                $"series {row.Prometheus} {row.Kind} {(row.Unit.Length > 0 ? row.Unit : "-")} {{{string.Join(',', row.Labels.Keys.Order(StringComparer.Ordinal))}}}"),
            .. ExporterSettings.Catalogue.All.Select(static setting => $"key {setting.Path} {(setting.IsList ? "list" : "value")}"),
            .. CommandLine.Commands.Select(static command => $"command {command.Name}"),
            .. CommandLine.Commands.SelectMany(static command => command.Options.SelectMany(option => OptionLines(command.Name, option))),
            .. await FieldsAsync("check", "check", "--json", "--run-dir", runDirectory),
            .. await FieldsAsync("wss", "wss", $"{pid}", "0.1", "--json", "--method", "referenced", "--run-dir", runDirectory),
            .. await FieldsAsync("events", "events", "--json"),
            $"exit {ExitCode.Success} success, or what was started was stopped in order",
            $"exit {ExitCode.Failure} failure",
            $"exit {ExitCode.Usage} wrong arguments or configuration, nothing was started",
            "exit 126 the command after -- cannot be run",
            "exit 127 the command after -- does not exist",
            "exit 128+N ended by signal N",
        ]).Order(StringComparer.Ordinal),
    ];

    /// <summary>What a changelog must name: what only one of two contracts has. With a command come and go its options and fields.</summary>
    public static string[] Changed(IEnumerable<string> before, IEnumerable<string> now)
    {
        HashSet<string> changed = [.. before];
        changed.SymmetricExceptWith(now);
        HashSet<string> commands = [.. changed.Select(Words).Where(static words => words[0] == "command").Select(static words => words[1])];
        return
        [
            .. changed.Select(Words).Where(words => words[0] is not ("option" or "json") || !commands.Contains(words[1]))
                .Select(static words => words[0] is "option" or "json" ? words[2] : words[1]).Distinct().Order(StringComparer.Ordinal),
        ];
    }

    // "series NAME ...", "key PATH ...", "command NAME", "option COMMAND NAME ...", "json COMMAND PATH"
    private static string[] Words(string line) => line.Split(' ');

    private static IEnumerable<string> OptionLines(string command, Option option) =>
        option.Aliases.Prepend(option.Name).Distinct().Select(name => $"option {command} {name} {(option.Arity.MaximumNumberOfValues == 0 ? "flag" : "value")}");

    private static async Task<string[]> FieldsAsync(string command, params string[] arguments)
    {
        CommandLineRun run = new();
        await run.RunAsync(arguments);
        Assert.Equal("", run.Error.ToString());
        using JsonDocument document = JsonDocument.Parse(run.Output.ToString());
        HashSet<string> paths = [];
        Collect(document.RootElement, "", paths);
        return [.. paths.Select(path => $"json {command} {path}")];
    }

    private static void Collect(JsonElement element, string path, HashSet<string> paths)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    string below = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    paths.Add(below);
                    Collect(property.Value, below, paths);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Collect(item, path + "[]", paths);
                }

                break;
        }
    }
}
