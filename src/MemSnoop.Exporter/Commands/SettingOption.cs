using System.CommandLine;
using System.CommandLine.Parsing;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>An option of the command line that sets a setting.</summary>
/// <param name="Option">The option; hidden if a later version will not know it.</param>
/// <param name="Setting">What it sets.</param>
/// <param name="Constant">The value it sets, if it takes none.</param>
/// <param name="Deprecated">The use that it is; null for an option that stays.</param>
internal sealed record SettingOption(Option Option, Setting Setting, string? Constant, DeprecatedUse? Deprecated)
{
    public static IEnumerable<SettingOption> For(Setting setting)
    {
        string? name = setting.Options.Count > 0 ? setting.Options[0] : null;
        if (name is not null)
        {
            yield return Of(setting, name, [.. setting.Options.Skip(1)], (setting as RetiredSetting)?.Use(name, name));
        }

        foreach (FormerName former in setting.FormerNames)
        {
            if (former.Option is string old)
            {
                yield return Of(setting, old, [], new DeprecatedUse(old, old, $"use {name ?? setting.Path}", former.Until));
            }
        }

        if (setting.OffOption is string off)
        {
            yield return Flag(setting, off, [], "false", null);
        }
    }

    /// <exception cref="UsageException">The opposite option was given too.</exception>
    public void AddTo(ConfigurationLayer layer, OptionResult result)
    {
        string source = result.IdentifierToken?.Value ?? Option.Name;
        if (Deprecated is { } use)
        {
            layer.Deprecated.Add(use with { Source = source });
        }

        if (Setting is RetiredSetting)
        {
            return;
        }

        if (Constant is null)
        {
            foreach (Token token in result.Tokens)
            {
                layer.Add(Setting, new SettingText(token.Value, source));
            }
        }
        else if (layer.Contains(Setting))
        {
            throw new UsageException(source, $"contradicts {layer.Entry(Setting, source).Source}", "one of them");
        }
        else
        {
            layer.Add(Setting, new SettingText(Constant, source));
        }
    }

    // OneOrMore counts over all uses; without AllowMultipleArgumentsPerToken each use takes one.
    private static SettingOption Of(Setting setting, string name, string[] aliases, DeprecatedUse? deprecated) => setting.IsFlag
        ? Flag(setting, name, aliases, "true", deprecated)
        : new(
            new Option<string[]>(name, aliases)
            {
                Arity = ArgumentArity.OneOrMore,
                HelpName = setting.Placeholder,
                Description = setting.Help,
                Hidden = deprecated is not null,
            },
            setting, null, deprecated);

    private static SettingOption Flag(Setting setting, string name, string[] aliases, string constant, DeprecatedUse? deprecated) =>
        new(new Option<bool>(name, aliases) { Arity = ArgumentArity.Zero, Description = setting.Help, Hidden = deprecated is not null }, setting, constant, deprecated);
}
