using System.CommandLine;
using System.Text.Json;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Exporter.Top;
using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop top</c>: the processes of a host with what they hold and use, live, from the exporter that runs or from this program itself.</summary>
internal sealed class TopCommand : MemSnoopCommand
{
    private const string PasswordVariable = "MEMSNOOP_PASSWORD";
    private const int OnceRows = 20;

    private static readonly Duration DefaultWindow = Duration.FromSeconds(10);

    private static readonly ValueSyntax<Uri> UrlSyntax = new(
        "URL", "the address of a memsnoop", "http://HOST:PORT, https://HOST:PORT or unix:///PATH, without user and password",
        static (string text, out Uri value, ref string? problem) =>
        {
            bool isUrl = Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" or "unix";
            problem = isUrl && url!.UserInfo.Length > 0 ? "a password in it would be seen by everybody, in the list of processes" : problem;
            value = url!;
            return isUrl && problem is null && url!.Query.Length == 0 && url.Fragment.Length == 0;
        },
        static url => url.OriginalString);

    private readonly TextOption<Uri> _url = new("--url", "Ask the memsnoop at this address, instead of the one of this host.", UrlSyntax);
    private readonly TextOption<string> _user = new(
        "--user", $"Log in there under this name, with the password in the variable {PasswordVariable}.",
        new ValueSyntax<string>("NAME", "a name", "a name without a colon", static (string text, out string value, ref string? _) => (value = text).Length > 0 && !text.Contains(':', StringComparison.Ordinal), static name => name));

    private readonly TextOption<int> _pid = new("--pid", "Show this process alone.", Syntax.Pid);
    private readonly TextOption<SortColumn> _sort = new(
        "--sort", "Sort by this at first. (default:\u00a0resident)", Syntax.Words("COLUMN", "a column", [.. SortColumns.Words.Select(static (word, column) => (word, (SortColumn)column))]));

    private readonly TextOption<string> _search = new(
        "--search", "Show only rows with this text.",
        new ValueSyntax<string>("TEXT", "a text to search for", "1 to 64 characters", static (string text, out string value, ref string? _) => (value = text).Length is > 0 and <= 64, static text => text));

    private readonly TextOption<Duration> _every = new("--interval", "Time between two looks. (default:\u00a01s)", Syntax.Duration(new Duration(100), Duration.FromSeconds(3600)));
    private readonly TextOption<Duration> _window = new(
        "--window", "Length of a window, where this program measures itself since no exporter runs. (default:\u00a010s)", Syntax.Duration(Duration.FromSeconds(1), Duration.FromSeconds(86_400)));

    private readonly Option<bool> _once = new("--once") { Arity = ArgumentArity.Zero, Description = $"Write what there is once, the first {OnceRows} rows, and end." };
    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "With --once: write JSON, all rows, as the API does." };

    public TopCommand()
        : base(
            "top", "Show live what processes hold and use.",
            static setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall || setting == WorkingSetSettings.DamonSamples || KernelSettings.All.Contains(setting))
    {
        foreach (Option option in (Option[])[_url, _user, _pid, _sort, _search, _every, _window, _once, _json])
        {
            Add(option);
        }
    }

    public override string Usage => "top [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop top", "show the processes of this host, from the exporter if one runs"),
        ("memsnoop top --url http://server:9464 --sort idle", "show those of another host, the largest idle ones first"),
        ("memsnoop top --once --json", "write all that there is as JSON"),
    ];

    /// <summary>To end it by Ctrl-C is no failure.</summary>
    public override int ExitCodeWhenStopped(int signal) => ExitCode.Success;

    public override void CheckArguments(ParseResult arguments)
    {
        bool hasUrl = _url.TryRead(arguments, out _);
        if (_user.TryRead(arguments, out _) && !hasUrl)
        {
            throw new UsageException("--user", "is the name for another host, and none is named", "--url too");
        }

        if (arguments.GetValue(_json) && !arguments.GetValue(_once))
        {
            throw new UsageException("--json", "is written once", "--once too");
        }

        _ = (_pid.TryRead(arguments, out _), _sort.TryRead(arguments, out _), _search.TryRead(arguments, out _), _every.TryRead(arguments, out _), _window.TryRead(arguments, out _));
    }

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        ParseResult arguments = invocation.Arguments;
        bool isOnce = arguments.GetValue(_once);
        if (!isOnce && (!invocation.Screen.Shows || Console.IsInputRedirected))
        {
            throw new UsageException("top", $"standard {(invocation.Screen.Shows ? "input" : "output")} is no terminal", "a terminal, or --once");
        }

        using OutputReader reader = OutputReader.Watch(invocation.Output, stop);
        try
        {
            IOverviewSource source = await OpenAsync(invocation, reader.Stop).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                TopState state = new(_sort.TryRead(arguments, out SortColumn sort) ? sort : SortColumn.Resident, _search.TryRead(arguments, out string search) ? search : "");
                Overview first = await FirstAsync(source, arguments, state, isOnce, reader.Stop).ConfigureAwait(false);
                if (isOnce)
                {
                    await WriteOnceAsync(invocation, source, state).ConfigureAwait(false);
                    return ExitCode.Success;
                }

                TopTerminal terminal = new(invocation.Output, invocation.Screen);
                TopLoop loop = new(source, state, terminal, _every.TryRead(arguments, out Duration every) ? every.Value : TimeSpan.FromSeconds(1));
                terminal.Run(() => loop.RunAsync(first, reader.Stop));
                return ExitCode.Success;
            }
        }
        catch (OperationCanceledException) when (reader.HasGone)
        {
            return ExitCode.Success;
        }
    }

    /// <summary>The first look. A process that is named must be there; who looks once gets a window, if one ends soon.</summary>
    private async Task<Overview> FirstAsync(IOverviewSource source, ParseResult arguments, TopState state, bool isOnce, CancellationToken stop)
    {
        Overview first = await source.ReadAsync(TableQuery.All with { Sort = state.Sort, Search = state.Search }, stop).ConfigureAwait(false);
        while (isOnce && first is { Method.Name: not null, Windows.HasEnded: false })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, stop).ConfigureAwait(false);
            first = await source.ReadAsync(TableQuery.All with { Sort = state.Sort, Search = state.Search }, stop).ConfigureAwait(false);
        }

        state.Take(first);
        return _pid.TryRead(arguments, out int pid) && !state.Show(pid)
            ? throw new UsageException("--pid", $"{source.Name} does not see a process {pid}", "the pid of a process that it watches")
            : first;
    }

    private async Task WriteOnceAsync(Invocation invocation, IOverviewSource source, TopState state)
    {
        if (invocation.Arguments.GetValue(_json))
        {
            await invocation.Output.WriteLineAsync(JsonSerializer.Serialize(state.Overview!, ViewJson.Default.Overview)).ConfigureAwait(false);
            return;
        }

        Overview all = state.Overview!;
        state.Take(all with { Processes = all.Processes with { Rows = [.. all.Processes.Rows.Take(OnceRows)] } });
        TopFrame frame = new(state, source.Name, TimeProvider.System);
        new TopTerminal(invocation.Output, invocation.Screen).WriteOnce(frame.DrawOnce);
    }

    private async Task<IOverviewSource> OpenAsync(Invocation invocation, CancellationToken stop)
    {
        if (_url.TryRead(invocation.Arguments, out Uri url))
        {
            (string, string)? login = null;
            if (_user.TryRead(invocation.Arguments, out string user))
            {
                login = (user, Environment.GetEnvironmentVariable(PasswordVariable)
                    ?? throw new UsageException("--user", $"there is no password: the variable {PasswordVariable} is not set", $"{PasswordVariable} in the environment"));
            }

            return new UrlSource(url, login);
        }

        if (await SocketSource.FindAsync(invocation.Host.Paths, stop).ConfigureAwait(false) is { } socket)
        {
            return socket;
        }

        MemSnoopOptions options = invocation.Options;
        options.Processes.All |= !options.Processes.HasSelection;
        options.WorkingSet.Interval = (_window.TryRead(invocation.Arguments, out Duration window) ? window : DefaultWindow).Value;
        return await OwnSource.StartAsync(invocation.Host, stop).ConfigureAwait(false);
    }
}
