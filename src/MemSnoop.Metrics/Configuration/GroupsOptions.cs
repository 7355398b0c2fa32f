using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>Groups of processes that have series of their own, each page of memory counted once.</summary>
public sealed class GroupsOptions
{
    /// <summary>
    /// What processes of one group have in common: <c>name</c>, <c>user</c>, <c>unit</c>, or a template such as <c>{{.ExeBase}}:{{.Matches.port}}</c>. Default value: null, there are
    /// no groups, or groups by name if there is something to match.
    /// </summary>
    public string? By { get; set; }

    /// <summary>
    /// Expressions that must all be found in the command line of a process that is in a group; their named groups can be in the template. Default value: none, every process is in one.
    /// </summary>
    public IReadOnlyList<Regex> Match { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Rules from elsewhere, such as a file; of several that apply the first counts.</summary>
    internal IReadOnlyList<GroupRule> FileRules { get; set; } = [];

    /// <summary>Whether there are groups.</summary>
    internal bool AreOn => By is not null || Match.Count > 0 || FileRules.Count > 0;

    /// <summary>All rules.</summary>
    internal IReadOnlyList<GroupRule> Rules => FileRules.Count > 0 ? FileRules : [new GroupRule(GroupsSettings.Parse(By ?? GroupsSettings.Name)) { CommandLines = Match }];
}

/// <summary>The settings of <see cref="GroupsOptions"/>.</summary>
internal static class GroupsSettings
{
    /// <summary>By the kernel's name of the process.</summary>
    internal const string Name = "name";

    private static readonly ValueSyntax<string> Template = new(
        "TEMPLATE", "what a group has in common", $"name, user, unit, or a template with {GroupTemplate.Fields}",
        static (string text, out string value, ref string? problem) => GroupTemplate.TryParse(Expand(value = text), out _, ref problem), static text => text)
    {
        Words = [Name, "user", "unit"],
    };

    /// <summary>What processes of one group have in common.</summary>
    public static Setting By { get; } = new ScalarSetting<MemSnoopOptions, string>("Groups:By", Template, o => o.Groups.By, (o, v) => o.Groups.By = v)
    {
        Options = ["--group-by"],
        Help = "Sum up processes in groups: name, user, unit, or a template such as {{.ExeBase}}.",
    };

    /// <summary>Which processes are in groups.</summary>
    public static Setting Match { get; } = new ListSetting<MemSnoopOptions, Regex>("Groups:Match", Syntax.Regex, o => o.Groups.Match, (o, v) => o.Groups.Match = v)
    {
        Options = ["--group-match"],
        Help = "Only processes in whose command line this is found; (?<NAME>...) in it is {{.Matches.NAME}} in --group-by.",
    };

    public static IReadOnlyList<Setting> All { get; } = [By, Match];

    /// <summary>The template that a valid text stands for.</summary>
    public static GroupTemplate Parse(string text)
    {
        string? problem = null;
        return GroupTemplate.TryParse(Expand(text), out GroupTemplate template, ref problem) ? template : throw new ArgumentException(problem, nameof(text));
    }

    private static string Expand(string text) => text switch
    {
        Name => "{{.Comm}}",
        "user" => "{{.Username}}",
        "unit" => "{{.Unit}}",
        _ => text,
    };
}
