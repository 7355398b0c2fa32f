using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="LogOptions"/>.</summary>
internal static class LogSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<LogLevel>("Log:Level", Syntax.LogLevel, o => o.Log.Level, (o, v) => o.Log.Level = v)
        {
            Options = ["--log.level"],
            Help = "Write this and what is worse: debug, info, warn or error.",
        },
        new ScalarSetting<LogFormat>("Log:Format", Syntax.LogFormat, o => o.Log.Format, (o, v) => o.Log.Format = v)
        {
            Options = ["--log.format"],
            Help = "Write lines as logfmt or json.",
        },
    ];
}
