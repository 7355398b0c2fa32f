using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Web;

/// <summary>A web configuration with all files read that it names.</summary>
internal sealed class WebRules
{
    private WebRules(WebConfiguration configuration, ServerTls? tls)
    {
        Configuration = configuration;
        Tls = tls;
    }

    /// <summary>Without a file there are no rules.</summary>
    internal static WebRules None { get; } = new(new WebConfiguration(), null);

    internal WebConfiguration Configuration { get; }

    internal ServerTls? Tls { get; }

    /// <summary>Who may log in; null if everybody may.</summary>
    internal PasswordCheck? Passwords { get; private init; }

    /// <summary>Null for no limit.</summary>
    internal RequestRate? Rate { get; private init; }

    /// <summary>Reads what the configuration names.</summary>
    /// <exception cref="UsageException">Something in it is wrong.</exception>
    internal static WebRules Load(WebConfiguration configuration, PasswordQueue queue, TimeProvider clock) => new(configuration, configuration.Tls is null ? null : ServerTls.Load(configuration.Tls))
    {
        Passwords = configuration.Users.Count > 0 ? new PasswordCheck(configuration.Users, queue) : null,
        Rate = configuration.Rate is null ? null : new RequestRate(configuration.Rate, clock),
    };

    /// <summary>The files that a configuration names.</summary>
    internal static IEnumerable<string> FilesOf(WebConfiguration configuration) =>
        configuration.Tls is { } tls ? new[] { tls.Certificate.Path, tls.Key.Path, tls.ClientAuthorities?.Path }.OfType<string>() : [];
}
