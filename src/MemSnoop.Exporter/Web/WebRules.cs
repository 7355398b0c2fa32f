using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Web;

/// <summary>A web configuration with all files read that it names: what holds for requests until one of the files changes.</summary>
internal sealed class WebRules
{
    private readonly string[] _files;
    private readonly FileStamp?[] _stamps;

    private WebRules(WebConfiguration configuration, ServerTls? tls, string[] files, FileStamp?[] stamps)
    {
        Configuration = configuration;
        Tls = tls;
        _files = files;
        _stamps = stamps;
    }

    /// <summary>Without a file there are no rules.</summary>
    internal static WebRules None { get; } = new(new WebConfiguration(), null, [], []);

    internal WebConfiguration Configuration { get; }

    internal ServerTls? Tls { get; }

    /// <summary>Who may log in; null if everybody may.</summary>
    internal PasswordCheck? Passwords { get; private set; }

    /// <summary>Null for no limit.</summary>
    internal RequestRate? Rate { get; private set; }

    /// <summary>Reads the file and all that it names.</summary>
    /// <exception cref="UsageException">Something in them is wrong.</exception>
    internal static WebRules Load(string path, string source, PasswordQueue queue, TimeProvider clock)
    {
        // Before it is read: what is written meanwhile is a change.
        FileStamp? stamp = FileStamp.Of(path);
        WebConfiguration configuration = WebConfigurationFile.Read(path, source);
        string[] named = configuration.Tls is { } tls ? [.. new[] { tls.Certificate.Path, tls.Key.Path, tls.ClientAuthorities?.Path }.OfType<string>()] : [];
        FileStamp?[] stamps = [stamp, .. named.Select(FileStamp.Of)];
        return new WebRules(configuration, configuration.Tls is null ? null : ServerTls.Load(configuration.Tls), [path, .. named], stamps)
        {
            Passwords = configuration.Users.Count > 0 ? new PasswordCheck(configuration.Users, queue) : null,
            Rate = configuration.Rate is null ? null : new RequestRate(configuration.Rate, clock),
        };
    }

    /// <summary>The files as they are now.</summary>
    internal FileStamp?[] Look() => [.. _files.Select(FileStamp.Of)];

    /// <summary>Whether one of the files has changed since they were read.</summary>
    internal bool IsStale(FileStamp?[] now) => !now.AsSpan().SequenceEqual(_stamps);
}
