using System.CommandLine;
using System.CommandLine.Parsing;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>An option of the command line that sets a setting.</summary>
/// <param name="Option">The option.</param>
/// <param name="Setting">What it sets.</param>
/// <param name="Constant">The value it sets, if it takes none.</param>
internal sealed record SettingOption(Option Option, Setting Setting, string? Constant)
{
    public static IEnumerable<SettingOption> For(Setting setting)
    {
        if (setting.Options.Count > 0)
        {
            string name = setting.Options[0];
            string[] aliases = [.. setting.Options.Skip(1), .. setting.FormerNames.Select(static former => former.Option).OfType<string>()];
            // OneOrMore counts over all uses; without AllowMultipleArgumentsPerToken each use takes one.
            yield return setting.IsFlag
                ? Flag(setting, name, aliases, "true")
                : new SettingOption(
                    new Option<string[]>(name, aliases) { Arity = ArgumentArity.OneOrMore, HelpName = setting.Placeholder, Description = setting.Help },
                    setting, null);
        }

        if (setting.OffOption is string off)
        {
            yield return Flag(setting, off, [], "false");
        }
    }

    /// <exception cref="UsageException">The opposite option was given too.</exception>
    public void AddTo(ConfigurationLayer layer, OptionResult result)
    {
        string source = result.IdentifierToken?.Value ?? Option.Name;
        if (Setting.DeprecatedOption(source) is { } use)
        {
            layer.Deprecated.Add(use);
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

    private static SettingOption Flag(Setting setting, string name, string[] aliases, string constant) =>
        new(new Option<bool>(name, aliases) { Arity = ArgumentArity.Zero, Description = setting.Help }, setting, constant);
}
