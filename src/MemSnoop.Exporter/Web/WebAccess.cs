using System.Globalization;
using System.Net.Security;
using System.Net.Http.Headers;
using System.Text;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Web;

/// <summary>
/// Who may ask, and how: the rules of <c>--web.config.file</c>. Each new connection and each request goes by what the files say then. If they are wrong, what they said before goes on.
/// </summary>
internal sealed partial class WebAccess : IDisposable
{
    private const string Option = "--web.config.file";

    private readonly Lock _gate = new();
    private readonly PasswordQueue _queue = new();
    private readonly string? _path;
    private readonly TimeProvider _clock;
    private volatile Examined _examined;
    private ILogger _log = NullLogger.Instance;
    private RefusalCounts? _refusals;

    private WebAccess(string? path, TimeProvider clock)
    {
        _path = path;
        _clock = clock;
        _examined = path is null ? new Examined(WebRules.None, [], []) : Examine(null);
    }

    private WebRules Rules => _examined.Rules;

    /// <summary>Whether connections are encrypted.</summary>
    internal bool HasTls => Rules.Tls is not null;

    /// <summary>Whether clients prove who they are, by a password or a certificate.</summary>
    internal bool KnowsClients => Rules.Passwords is not null || Rules.Tls is { VerifiesClients: true };

    /// <summary>Reads the file and all that it names, if there is one.</summary>
    /// <exception cref="UsageException">Something in them is wrong.</exception>
    internal static WebAccess Load(WebOptions options, TimeProvider clock) => new(options.ConfigFile, clock);

    /// <summary>What is asked of clients, in words for people.</summary>
    internal string Describe()
    {
        List<string> parts = [HasTls ? "TLS" : "no TLS"];
        if (Rules.Tls is not null && Rules.Configuration.Tls!.Clients != ClientCertificates.NoClientCert)
        {
            parts.Add($"certificates of clients: {Rules.Configuration.Tls.Clients}");
        }

        int users = Rules.Configuration.Users.Count;
        parts.Add(users == 0 ? "no login" : string.Create(CultureInfo.InvariantCulture, $"login of {users} {(users == 1 ? "user" : "users")}"));
        return string.Join(", ", parts);
    }

    /// <summary>Has a listener speak TLS, if the file says so.</summary>
    internal void Watch(ListenOptions listen)
    {
        // TLS itself cannot be switched on or off while it listens, nor the versions of HTTP.
        listen.Protocols = HasTls && Rules.Configuration.Http2 ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        if (HasTls)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult<SslServerAuthenticationOptions>(Current().Tls!.CreateOptions()) });
        }
    }

    /// <summary>Has the rules be asked before anything else answers.</summary>
    internal void Watch(IApplicationBuilder app, ILogger log, RefusalCounts refusals)
    {
        _log = log;
        _refusals = refusals;
        if (_path is null)
        {
            return;
        }

        if (Rules.Configuration.Tls is { ChoosesCurves: true })
        {
            LogCurves(_path);
        }

        app.Use(GuardAsync);
    }

    public void Dispose() => _queue.Dispose();

    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        WebRules rules = Current();
        foreach ((string name, string value) in rules.Configuration.Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (rules.Rate is { } rate && !rate.TryTake())
        {
            await RefuseAsync(context, StatusCodes.Status429TooManyRequests, Refusal.Rate, "Too many requests.");
            return;
        }

        if (rules.Passwords is null || await LogInAsync(context, rules.Passwords))
        {
            await next(context);
        }
    }

    private async Task<bool> LogInAsync(HttpContext context, PasswordCheck passwords)
    {
        bool? isRight = false;
        if (TryReadLogin(context.Request.Headers.Authorization, out string name, out string password))
        {
            isRight = await passwords.CheckAsync(name, password, context.Features.Get<OpenConnection>()?.Peer ?? default, context.RequestAborted);
        }

        if (isRight is null)
        {
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.LoginQueue, "Too many logins wait to be checked.");
        }
        else if (!isRight.Value)
        {
            context.Response.Headers.WWWAuthenticate = "Basic";
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, Refusal.Login, "Unauthorized");
        }

        return isRight == true;
    }

    /// <summary>Reads name and password of an Authorization header. RFC 7617: the name ends at the first colon.</summary>
    internal static bool TryReadLogin(string? header, out string name, out string password)
    {
        name = password = "";
        if (!AuthenticationHeaderValue.TryParse(header, out AuthenticationHeaderValue? login)
            || !login.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || login.Parameter is null)
        {
            return false;
        }

        byte[] bytes = new byte[login.Parameter.Length];
        if (!Convert.TryFromBase64String(login.Parameter, bytes, out int length) || bytes.AsSpan(0, length).IndexOf((byte)':') is var colon && colon < 0)
        {
            return false;
        }

        name = Encoding.UTF8.GetString(bytes.AsSpan(0, colon));
        password = Encoding.UTF8.GetString(bytes.AsSpan(colon + 1, length - colon - 1));
        return true;
    }

    private Task RefuseAsync(HttpContext context, int status, Refusal reason, string text)
    {
        _refusals?.Add(reason);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text + "\n");
    }

    // The rules as the files have them now.
    private WebRules Current()
    {
        Examined examined = _examined;
        if (!examined.IsStale())
        {
            return examined.Rules;
        }

        lock (_gate)
        {
            // Meanwhile another may have examined them.
            if (_examined == examined)
            {
                _examined = Examine(examined);
            }

            return _examined.Rules;
        }
    }

    // With nothing before, what is wrong is thrown; else it is logged, and the rules before go on until the files change once more.
    private Examined Examine(Examined? before)
    {
        List<string> files = [_path!];

        // Before it is read: what is written meanwhile is a change.
        List<FileStamp?> stamps = [FileStamp.Of(_path!)];
        try
        {
            WebConfiguration configuration = WebConfigurationFile.Read(_path!, Option);
            Add(WebRules.FilesOf(configuration));
            WebRules rules = WebRules.Load(configuration, _queue, _clock);
            if (before is not null)
            {
                CheckSwitches(before.Rules, rules);
                LogReloaded(_path!);
            }

            return new Examined(rules, files, stamps);
        }
        catch (UsageException error) when (before is not null)
        {
            LogWrong(error.Message);
            Add(WebRules.FilesOf(before.Rules.Configuration));
            return new Examined(before.Rules, files, stamps);
        }

        void Add(IEnumerable<string> named)
        {
            foreach (string file in named)
            {
                files.Add(file);
                stamps.Add(FileStamp.Of(file));
            }
        }
    }

    private void CheckSwitches(WebRules before, WebRules now)
    {
        if (before.Tls is null != now.Tls is null || (now.Tls is not null && now.Configuration.Http2 != before.Configuration.Http2))
        {
            throw new UsageException(UsageException.OneLine(_path!), "switches TLS or HTTP/2 on or off", "both as they were, or a restart");
        }
    }

    /// <summary>What holds, and the files that were looked at to find that out, as they were then.</summary>
    private sealed class Examined(WebRules rules, IReadOnlyList<string> files, IReadOnlyList<FileStamp?> stamps)
    {
        internal WebRules Rules => rules;

        internal bool IsStale()
        {
            for (int i = 0; i < files.Count; i++)
            {
                if (FileStamp.Of(files[i]) != stamps[i])
                {
                    return true;
                }
            }

            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} or a file that it names has changed, and holds from now on")]
    private partial void LogReloaded(string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "the web configuration has changed and is wrong; the one before goes on: {Reason}")]
    private partial void LogWrong(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "curve_preferences of {File} are not used: .NET leaves the choice of curves to OpenSSL, whose own configuration has them as Groups")]
    private partial void LogCurves(string file);
}
