using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Names of groups with fields in them.</summary>
public sealed class GroupTemplateTests
{
    [Theory]
    [InlineData("{{.Comm}}", "<Comm>")]
    [InlineData("{{ .ExeBase }}:{{.Matches.Port}}", "<ExeBase>:8080")]
    [InlineData("a {{.ExeFull}} b {{.Username}}", "a <ExeFull> b <Username>")]
    [InlineData("{{.Unit}}{{.Cgroups}}{{.PID}}", "<Unit><Cgroups><Pid>")]
    [InlineData("plain }} text", "plain }} text")]
    [InlineData("{{.Matches.Other}}", "")]
    public void Fields_are_replaced(string text, string expected)
    {
        string? problem = null;
        Assert.True(GroupTemplate.TryParse(text, out GroupTemplate template, ref problem), problem);
        Assert.Equal(expected, template.Expand(static field => $"<{field}>", new Dictionary<string, string> { ["Port"] = "8080" }));
    }

    [Theory]
    [InlineData("{{.Comm", "'{{.Comm' has a {{ that does not end")]
    [InlineData("{{.Coom}}", "'{{.Coom}}' is not a field")]
    [InlineData("{{Comm}}", "'{{Comm}}' is not a field")]
    [InlineData("{{.Matches.}}", "'{{.Matches.}}' is not a field")]
    [InlineData("{{if .Comm}}x{{end}}", "'{{if .Comm}}' is not a field")]
    [InlineData("{{.StartTime}}", "'{{.StartTime}}' is not a field")]
    [InlineData("", null)]
    public void What_is_no_field_is_refused(string text, string? expected)
    {
        string? problem = null;
        Assert.False(GroupTemplate.TryParse(text, out _, ref problem));
        Assert.Equal(expected, problem);
    }
}
