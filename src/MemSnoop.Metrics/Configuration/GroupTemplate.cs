using System.Text;

namespace MemSnoop.Metrics.Configuration;

/// <summary>What a template can say of a process.</summary>
internal enum GroupField
{
    /// <summary>Nothing: plain text.</summary>
    None,

    /// <summary>The kernel's name of the process.</summary>
    Comm,

    /// <summary>The last part of the first argument.</summary>
    ExeBase,

    /// <summary>The first argument.</summary>
    ExeFull,

    /// <summary>The name of the effective user.</summary>
    Username,

    /// <summary>The process id.</summary>
    Pid,

    /// <summary>The control group.</summary>
    Cgroups,

    /// <summary>The service or scope of systemd.</summary>
    Unit,

    /// <summary>What a group of an expression has matched.</summary>
    Match,
}

/// <summary>The name of a group, with fields of its processes in it: <c>{{.ExeBase}}:{{.Matches.Port}}</c>. The form is that of process-exporter, without Go's control structures.</summary>
internal sealed class GroupTemplate
{
    /// <summary>The fields, as they are written.</summary>
    internal const string Fields = "{{.Comm}}, {{.ExeBase}}, {{.ExeFull}}, {{.Username}}, {{.Unit}}, {{.Cgroups}}, {{.PID}} and {{.Matches.NAME}}";

    private const string MatchPrefix = ".Matches.";

    private readonly List<Part> _parts = [];

    /// <summary>Reads a template.</summary>
    public static bool TryParse(string text, out GroupTemplate template, ref string? problem)
    {
        template = new GroupTemplate();
        int at = 0;
        while (text.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            int close = text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                problem = $"{UsageException.Quote(text)} has a {{{{ that does not end";
                return false;
            }

            string field = text[(open + 2)..close].Trim();
            if (!TryRead(field, out Part part))
            {
                problem = $"{UsageException.Quote(text[open..(close + 2)])} is not a field";
                return false;
            }

            template._parts.Add(new(GroupField.None, text[at..open]));
            template._parts.Add(part);
            at = close + 2;
        }

        template._parts.Add(new(GroupField.None, text[at..]));
        return text.Length > 0;
    }

    /// <summary>Whether the name depends on this field.</summary>
    public bool Uses(GroupField field) => _parts.Exists(part => part.Field == field);

    /// <summary>The name of the group of a process.</summary>
    /// <param name="valueOf">What the process has in a field.</param>
    /// <param name="matches">What groups of expressions have matched, by their names.</param>
    public string Expand(Func<GroupField, string> valueOf, IReadOnlyDictionary<string, string> matches)
    {
        StringBuilder name = new();
        foreach (Part part in _parts)
        {
            name.Append(part.Field switch
            {
                GroupField.None => part.Text,
                GroupField.Match => matches.GetValueOrDefault(part.Text),
                _ => valueOf(part.Field),
            });
        }

        return name.ToString();
    }

    private static bool TryRead(string field, out Part part)
    {
        part = new(
            field switch
            {
                ".Comm" => GroupField.Comm,
                ".ExeBase" => GroupField.ExeBase,
                ".ExeFull" => GroupField.ExeFull,
                ".Username" => GroupField.Username,
                ".PID" => GroupField.Pid,
                ".Cgroups" => GroupField.Cgroups,
                ".Unit" => GroupField.Unit,
                _ when field.StartsWith(MatchPrefix, StringComparison.Ordinal) && field.Length > MatchPrefix.Length => GroupField.Match,
                _ => GroupField.None,
            },
            field[Math.Min(MatchPrefix.Length, field.Length)..]);
        return part.Field != GroupField.None;
    }

    /// <param name="Field">The field, or none for text.</param>
    /// <param name="Text">The text, or the name of a match.</param>
    private readonly record struct Part(GroupField Field, string Text);
}
