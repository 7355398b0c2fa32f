using System.CommandLine;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>The arguments and options of <c>memsnoop wss</c>, and what is wrong with them.</summary>
internal sealed class WssArguments
{
    // All are optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _pid = new("PID") { Arity = ArgumentArity.ZeroOrOne, Description = "The process, or several, separated by commas. None with --name or --all." };
    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m. Without it, the exporter's last window.",
    };

    private readonly Option<string[]> _names = new("--name")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = Syntax.Regex.Placeholder,
        Description = "Measure the processes whose name (ps -o comm) matches. Repeatable.",
    };

    private readonly Option<bool> _all = new("--all") { Arity = ArgumentArity.Zero, Description = "Measure all processes." };

    private readonly TextOption<Duration> _every = new(
        "--interval", "Measure again and again, with a beginning every DURATION, until Ctrl-C.", Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400)));

    private readonly TextOption<bool> _by = new("--by", "With area: tell what is held and used of heap, stack, other memory and each mapped file.", Syntax.Words("PART", "a part", ("area", true)));

    private readonly Option<string[]> _ages = new("--ages")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = "DURATION,...",
        Description = "Tell for each of these ages how much memory has been idle for at least so long, and how much of that is accessed again per second within SECONDS. "
            + "A window is as long as the first age. Only with page_idle.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of a table; with --interval a line for each window." };

    /// <summary>Adds them to the command.</summary>
    internal void AddTo(Command command)
    {
        command.Add(_pid);
        command.Add(_seconds);
        foreach (Option option in (Option[])[_names, _all, _every, _by, _ages, _json])
        {
            command.Add(option);
        }
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">Something is missing or wrong.</exception>
    internal WssRequest Read(ParseResult arguments)
    {
        Regex[] names = [.. (arguments.GetValue(_names) ?? []).Select(static text => Syntax.Regex.Parse(new SettingText(text, "--name")))];
        bool selects = names.Length > 0 || arguments.GetValue(_all);
        string? first = arguments.GetValue(_pid);
        string? second = arguments.GetValue(_seconds);

        // With --name or --all there is no PID before SECONDS.
        (string? pids, string? seconds) = selects && second is null ? (null, first) : (first, second);
        TimeSpan? window = WindowLength.Read(seconds);
        WssRequest request = new()
        {
            Pids = pids is null && selects ? [] : Pids(pids),
            Names = names,
            All = arguments.GetValue(_all),
            Window = window,
            Ages = ReadAges(arguments, window),
            Every = _every.TryRead(arguments, out Duration every) ? every.Value : null,
            ByArea = _by.TryRead(arguments, out bool isByArea) && isByArea,
            Json = arguments.GetValue(_json),
        };
        if (request.Every < window)
        {
            throw new UsageException("--interval", "is shorter than the window", $"at least {Duration.Format(window.Value)}");
        }

        if (!request.IsOne && (request.ByArea || request.Ages is not null))
        {
            throw new UsageException(request.ByArea ? "--by" : "--ages", "is told of one process", "one PID");
        }

        if (request.ByArea && (window is null || request.Ages is not null))
        {
            throw new UsageException("--by", window is null ? "needs a window of its own, and SECONDS is missing" : "cannot be told together with --ages", "memsnoop wss PID SECONDS --by area");
        }

        return request;
    }

    /// <summary>The ages that are asked for, or null. They need a time in which memory can reach the longest and be accessed again.</summary>
    private IdleAges? ReadAges(ParseResult arguments, TimeSpan? length)
    {
        if (arguments.GetValue(_ages) is not { Length: > 0 } given)
        {
            return null;
        }

        string text = string.Join(',', given);
        List<TimeSpan> list = [];
        foreach (string word in text.Split(','))
        {
            list.Add(Duration.TryParse(word, out Duration age)
                ? age.Value
                : throw new UsageException("--ages", $"{UsageException.Quote(word)} is not a duration", "durations such as 5s,15s,1m"));
        }

        if (!WindowRequest.TryMakeAges(list, out IdleAges? ages))
        {
            throw new UsageException("--ages", $"{UsageException.Quote(text)} does not rise from 100ms or more, or has more than {IdleAges.MaxCount - 1} ages", "ages such as 5s,15s,1m");
        }

        TimeSpan shortest = ReaccessRun.Shortest(ages!);
        return length >= shortest
            ? ages
            : throw new UsageException(
                "SECONDS", length is null ? "is missing, and ages are not told without" : $"is too short for memory to be idle for {Duration.Format(list[^1])} and accessed again",
                $"at least {Duration.Format(shortest)}");
    }

    private static int[] Pids(string? text)
    {
        string pids = text ?? throw new UsageException("PID", "is missing", "a process id, as in memsnoop wss 1234 10");
        return [.. pids.Split(',').Select(static pid => Syntax.Pid.Parse(new SettingText(pid, "PID"))).Distinct()];
    }
}
