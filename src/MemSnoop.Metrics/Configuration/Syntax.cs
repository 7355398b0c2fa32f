using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Containers;

namespace MemSnoop.Metrics.Configuration;

/// <summary>The kinds of values that settings have.</summary>
internal static class Syntax
{
    /// <summary>What stands before the path of a socket.</summary>
    internal const string UnixScheme = "unix://";

    private const int LongestSocket = 107;

    public static ValueSyntax<bool> Boolean { get; } = Words("BOOL", "true or false", ("true", true), ("false", false));

    /// <summary>Process ids; the kernel's PID_MAX_LIMIT is 2^22 on 64-bit systems (proc(5), pid_max).</summary>
    public static ValueSyntax<int> Pid { get; } = Integer("PID", "a process id", 1, 1 << 22);

    /// <summary>User ids.</summary>
    public static ValueSyntax<uint> User { get; } = new ValueSyntax<UserId>(
        "USER", "a user known here", "the name of a user or a user id",
        (string text, out UserId value, ref string? _) => UserId.TryParse(text, out value), value => value.ToString())
        .As(static user => user.Value, static id => new UserId(id).ToString());

    /// <summary>Patterns that <see cref="Glob"/> understands, as they are written.</summary>
    public static ValueSyntax<string> CgroupGlob { get; } = new ValueSyntax<Glob>(
        "GLOB", "a pattern", "a pattern for cgroup paths, such as /system.slice/** or docker-*.scope",
        (string text, out Glob value, ref string? _) => Glob.TryParse(text, out value!), value => value.ToString())
        .As(static glob => glob.ToString(), static pattern => pattern);

    /// <summary>Patterns for names that have no slash in them.</summary>
    public static ValueSyntax<string> NameGlob { get; } = new(
        "PATTERN", "a pattern", "a name without a slash, or a pattern such as web-* or ?.service",
        static (string text, out string value, ref string? problem) => (value = text).Length > 0 && !text.AsSpan().ContainsAny('/', '\0'), static pattern => pattern);

    /// <summary>Selectors that <see cref="LabelSelector"/> understands, as they are written.</summary>
    public static ValueSyntax<string> LabelSelector { get; } = new(
        "SELECTOR", "a label selector", "a label selector of Kubernetes, such as app=web,tier!=cache or 'track in (stable,canary),!debug'", TryParseLabelSelector, static selector => selector);

    public static ValueSyntax<Regex> Regex { get; } = new(
        "REGEX", "a regular expression", "a regular expression without look-around and back-references", TryParseRegex, value => value.ToString());

    /// <summary>Amounts of memory in bytes.</summary>
    public static ValueSyntax<long> Bytes { get; } = new ValueSyntax<ByteSize>(
        "SIZE", "a size", "a number of bytes, or a size such as 10MiB or 1.5GB",
        (string text, out ByteSize value, ref string? _) => ByteSize.TryParse(text, out value), value => value.ToString())
        .As(static size => size.Bytes, static bytes => new ByteSize(bytes).ToString());

    /// <summary>Processor time as a part of a core, written in percent of one. No more than this machine has: what is never reached bounds nothing.</summary>
    public static ValueSyntax<double> Cores { get; } = new(
        "PERCENT", "a percentage", "percent of one core, such as 1% or 0.5%", TryParseCores, static cores => string.Create(CultureInfo.InvariantCulture, $"{cores * 100:0.######}%"));

    public static ValueSyntax<string> Directory { get; } = new("DIRECTORY", "a directory", "an existing directory", TryParseDirectory, value => value);

    /// <summary>A directory that may have to be made; absolute, since programs with other working directories must mean the same.</summary>
    public static ValueSyntax<string> FuturePath { get; } = new(
        "DIRECTORY", "an absolute path", "the absolute path of a directory, such as /run/memsnoop",
        static (string text, out string value, ref string? problem) => (value = text).StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal), static path => path);

    /// <summary>A file that may have to appear; absolute, for the same reason.</summary>
    public static ValueSyntax<string> FilePath { get; } = new(
        "FILE", "an absolute path", "the absolute path of a file",
        static (string text, out string value, ref string? problem) => (value = text).StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal), static path => path);

    /// <summary>Where a server listens that gets a secret.</summary>
    public static ValueSyntax<Uri> SecureUrl { get; } = new(
        "URL", "a URL", "an https:// URL without user, path, query and fragment, such as https://10.0.0.7:10250",
        static (string text, out Uri value, ref string? problem) =>
            Uri.TryCreate(text, UriKind.Absolute, out value!) && value.Scheme == Uri.UriSchemeHttps && value.UserInfo.Length == 0 && value.PathAndQuery == "/" && value.Fragment.Length == 0,
        static url => url.GetLeftPart(UriPartial.Authority));

    /// <summary>The socket of a server on this host. Its path fits into what the kernel keeps of it (<c>unix(7)</c>).</summary>
    public static ValueSyntax<string> UnixSocket { get; } = new(
        "SOCKET", "a socket", "unix:// and the absolute path of a socket, such as unix:///run/containerd/containerd.sock",
        static (string text, out string value, ref string? problem) =>
            (value = text).StartsWith(UnixScheme + "/", StringComparison.Ordinal) && !text.Contains('\0', StringComparison.Ordinal)
                && Encoding.UTF8.GetByteCount(text) <= UnixScheme.Length + LongestSocket,
        static socket => socket);

    /// <summary>An API server of Kubernetes.</summary>
    public static ValueSyntax<string> ApiServer { get; } = new(
        "URL", "an API server", "auto, or an https:// URL without user, path, query and fragment, such as https://10.96.0.1:443",
        static (string text, out string value, ref string? problem) => (value = text) == "auto" || SecureUrl.TryParse(text, out _), static text => text);

    /// <summary>The name of a node in Kubernetes, which is a subdomain of DNS.</summary>
    public static ValueSyntax<string> NodeName { get; } = new(
        "NAME", "the name of a node", "the name of a node, as kubectl get nodes shows it",
        static (string text, out string value, ref string? problem) => KubernetesName.IsSubdomain(value = text), static name => name);

    public static ValueSyntax<string> ProcFs { get; } = new(
        "DIRECTORY", "a proc file system", "a directory with a mounted proc file system, such as /proc or /host/proc", TryParseProcFs, value => value);

    public static ValueSyntax<int> Integer(string placeholder, string noun, int least, int most) => new(
        placeholder, noun, $"a number from {least} to {most}",
        (string text, out int value, ref string? _) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value >= least && value <= most,
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Spans of time within limits, written as durations.</summary>
    public static ValueSyntax<TimeSpan> Time(Duration least, Duration most) =>
        Duration(least, most).As(static duration => duration.Value, Configuration.Duration.Format);

    /// <summary>Durations within limits. The upper one keeps a mistyped unit from asking for a timer that fires next year.</summary>
    public static ValueSyntax<Duration> Duration(Duration least, Duration most) => new(
        "DURATION", "a duration", $"a duration from {least} to {most}, such as 500ms, 15s or 1h30m",
        (string text, out Duration value, ref string? problem) =>
        {
            if (!Configuration.Duration.TryParse(text, out value))
            {
                return false;
            }

            problem = value.Milliseconds < least.Milliseconds ? $"{value} is too short"
                : value.Milliseconds > most.Milliseconds ? $"{value} is too long" : null;
            return problem is null;
        },
        value => value.ToString());

    /// <summary>Matching takes time linear in its input, since any user of the host can choose the names that are matched.</summary>
    /// <exception cref="ArgumentException">The expression is malformed.</exception>
    /// <exception cref="NotSupportedException">It needs backtracking.</exception>
    public static Regex CompileRegex(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    public static ValueSyntax<T> Words<T>(string placeholder, string noun, params (string Word, T Value)[] words)
        where T : struct
    {
        string expected = words.Length == 2 ? $"{words[0].Word} or {words[1].Word}" : $"one of {string.Join(", ", words.Select(word => word.Word))}";

        // A number that is no member of an enumeration has no word.
        return new(placeholder, noun, expected, TryParse, value => words.FirstOrDefault(word => word.Value.Equals(value)).Word ?? value.ToString()!)
        {
            Words = [.. words.Select(static word => word.Word)],
        };

        bool TryParse(string text, out T value, ref string? problem)
        {
            foreach ((string word, T meaning) in words)
            {
                if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
                {
                    value = meaning;
                    return true;
                }
            }

            value = default;
            return false;
        }
    }

    private static bool TryParseCores(string text, out double value, ref string? problem)
    {
        value = 0;
        if (!text.EndsWith('%') || !double.TryParse(text.AsSpan()[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent))
        {
            return false;
        }

        value = percent / 100;
        problem = percent <= 0 ? $"{text} leaves no time to measure anything" : value > Environment.ProcessorCount ? $"{text} is more than this machine has, which is {Environment.ProcessorCount * 100}%" : null;
        return problem is null;
    }

    private static bool TryParseLabelSelector(string text, out string value, ref string? problem)
    {
        value = text;
        if (Configuration.LabelSelector.TryParse(text, out _, out string why))
        {
            return true;
        }

        problem = $"{UsageException.Quote(text)} is not a label selector ({why})";
        return false;
    }

    private static bool TryParseRegex(string text, out Regex value, ref string? problem)
    {
        value = null!;
        try
        {
            value = CompileRegex(text);
            return true;
        }
        catch (RegexParseException error)
        {
            problem = $"{UsageException.Quote(text)} is not a regular expression ({error.Error} at character {error.Offset})";
        }
        catch (NotSupportedException)
        {
            problem = $"{UsageException.Quote(text)} needs backtracking";
        }

        return false;
    }

    // Any other directory would look like a host without processes, without an error.
    private static bool TryParseProcFs(string text, out string value, ref string? problem) =>
        TryParseDirectory(text, out value, ref problem) && File.Exists(Path.Join(text, "stat"));

    private static bool TryParseDirectory(string text, out string value, ref string? problem)
    {
        value = text;
        if (System.IO.Directory.Exists(text))
        {
            return true;
        }

        problem = File.Exists(text) ? $"{UsageException.Quote(text)} is not a directory" : $"{UsageException.Quote(text)} does not exist";
        return false;
    }
}
