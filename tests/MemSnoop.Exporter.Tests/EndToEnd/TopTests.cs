using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop top</c> on a terminal, with keys, and once.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class TopTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task Keys_sort_search_and_show_one_process_until_it_ends()
    {
        using NamedWorkload named = await NamedWorkload.MakeAsync("touch");
        using Workload large = await Workload.StartAsync(named.Path, "--resident", "90", "--hot", "10");
        using Workload busy = await Workload.StartAsync(named.Path, "--resident", "60", "--hot", "50");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", $"^{named.Name}$", "--working-set-interval", "1s"]);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, large.Pid) && scrape.Has(Series.WorkingSet, busy.Pid));
        await using Tmux tmux = await Tmux.StartAsync($"{Repository.Executable} top --run-dir {exporter.RunDirectory} --interval 200ms");

        // The largest first; 80 columns are enough.
        string[] screen = await tmux.ShowsAsync(screen => Rows(screen, named.Name).Length == 2 && Rows(screen, named.Name).All(static row => Words(row)[4] != "-"));
        Assert.All(screen, static line => Assert.InRange(line.Length, 0, 80));
        string heading = Assert.Single(screen, static line => line.Contains("RESIDENT*", StringComparison.Ordinal));
        Assert.Equal(["PID", "NAME", "RESIDENT*", "USED", "IDLE%", "IDLE", "GROWTH/h"], Words(heading));
        Assert.Equal([$"{large.Pid}", $"{busy.Pid}"], Rows(screen, named.Name).Select(static row => Words(row)[0]));
        Assert.Contains(screen, static line => line.StartsWith("memory ", StringComparison.Ordinal));
        Assert.Contains(screen, static line => line.StartsWith("memory touched in the last ", StringComparison.Ordinal));

        await tmux.PressAsync("u");
        screen = await tmux.ShowsAsync(screen => screen.Any(static line => line.Contains("USED*", StringComparison.Ordinal)) && Words(Rows(screen, named.Name).FirstOrDefault(""))[0] == $"{busy.Pid}");
        Assert.Equal([$"{busy.Pid}", $"{large.Pid}"], Rows(screen, named.Name).Select(static row => Words(row)[0]));

        await tmux.PressAsync("/");
        await tmux.PressAsync("-l", $"{large.Pid}");
        await tmux.ShowsAsync(screen => Rows(screen, named.Name).Length == 1);
        await tmux.PressAsync("Enter", "Enter");
        screen = await tmux.ShowsAsync(screen => screen.Contains($"process {large.Pid} ({named.Name})"));
        Assert.Contains(screen, static line => line.StartsWith("  resident    9", StringComparison.Ordinal) && line.EndsWith("MiB", StringComparison.Ordinal));
        Assert.Contains(screen, static line => line.StartsWith("  used        1", StringComparison.Ordinal));

        large.Kill();
        await tmux.ShowsAsync(screen => screen.Contains($"process {large.Pid} ({named.Name}) has ended; these are its last numbers"));
        await tmux.PressAsync("Escape");
        await tmux.ShowsAsync(static screen => screen.Any(static line => line.Contains("processes 0 of 1 with", StringComparison.Ordinal)));
        await tmux.PressAsync("Escape");
        await tmux.ShowsAsync(screen => Rows(screen, named.Name).Length == 1);
        await tmux.PressAsync("q");
        Assert.Equal(0, await tmux.ExitCodeAsync());
    }

    /// <summary>Names are text that others have chosen. The screen is read by tmux, which would do what they say.</summary>
    [Fact]
    public async Task Names_do_no_harm_to_the_terminal()
    {
        using Workload script = await StartAsync("<script>alert(1)<");
        using Workload red = await StartAsync(@"\033[31mred\033[0m\007");
        using Workload invalid = await StartAsync(@"bad\377\376");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{script.Pid}", "--pid", $"{red.Pid}", "--pid", $"{invalid.Pid}", "--no-children", "--working-set-interval", "1s"]);
        await using Tmux tmux = await Tmux.StartAsync($"{Repository.Executable} top --run-dir {exporter.RunDirectory} --interval 200ms");
        string[] screen = await tmux.ShowsAsync(screen => Row(screen, red.Pid) is not null && Row(screen, script.Pid) is not null && Row(screen, invalid.Pid) is not null);
        Assert.Equal(["<script>alert(1", "?[31mred?[0m?", "bad??"], new[] { script, red, invalid }.Select(workload => Words(Row(screen, workload.Pid)!)[1]));
        CommandResult once = await Command.TryRunAsync(Repository.Executable, ["top", "--once", "--run-dir", exporter.RunDirectory], ExporterProcess.Deadline);
        Assert.Equal((0, ""), (once.ExitCode, once.Error));
        Assert.DoesNotContain(once.Output, static letter => char.IsControl(letter) && letter != '\n');
        Assert.Contains("?[31mred?[0m?", once.Output, StringComparison.Ordinal);

        // And of the other commands that show names.
        CommandResult wss = await Command.TryRunAsync(
            Repository.Executable, ["wss", $"{script.Pid},{red.Pid},{invalid.Pid}", "0.2", "--run-dir", exporter.RunDirectory], ExporterProcess.Deadline);
        Assert.Equal(0, wss.ExitCode);
        Assert.DoesNotContain(wss.Output + wss.Error, static letter => char.IsControl(letter) && letter != '\n');
        Assert.Contains("?[31mred?[0m?", wss.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_window_may_be_of_any_size()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--all", "--working-set-interval", "1m"]);
        await using Tmux tmux = await Tmux.StartAsync($"{Repository.Executable} top --run-dir {exporter.RunDirectory} --interval 200ms", width: 130, height: 40);
        await tmux.ShowsAsync(static screen => screen.Any(static line => line.Contains("CONTAINER OR UNIT", StringComparison.Ordinal)));
        await tmux.ResizeAsync(40, 12);
        string[] screen = await tmux.ShowsAsync(static screen => screen.Any(static line => line.Contains("RESIDENT*", StringComparison.Ordinal) && !line.Contains("IDLE", StringComparison.Ordinal)));
        Assert.StartsWith("q quit", screen[^1], StringComparison.Ordinal);
        Assert.All(screen, static line => Assert.InRange(line.Length, 0, 40));

        // The chosen row is on the screen, however far it is.
        await tmux.PressAsync("PageDown", "PageDown", "Home", "h");
        await tmux.ShowsAsync(static screen => screen.Any(static line => line.StartsWith("  Tab", StringComparison.Ordinal)));
        await tmux.PressAsync("q", "Tab");
        await tmux.ShowsAsync(static screen => screen.Any(static line => line.StartsWith("containers ", StringComparison.Ordinal)));
        await tmux.PressAsync("C-c");
        Assert.Equal(0, await tmux.ExitCodeAsync());
    }

    [Fact]
    public async Task Without_an_exporter_it_measures_itself()
    {
        using NamedWorkload named = await NamedWorkload.MakeAsync("touch");
        using Workload touch = await Workload.StartAsync(named.Path, "--resident", "60", "--hot", "40");
        string[] top = ["top", "--once", "--run-dir", _directory["run"], "--window", "1s", "--max-stall", "1m", "--search", named.Name];
        CommandResult json = await Command.TryRunAsync(Repository.Executable, [.. top, "--json"], ExporterProcess.Deadline);
        Assert.Equal((0, ""), (json.ExitCode, json.Error));
        JsonElement row = Assert.Single(JsonElement.Parse(json.Output).GetProperty("processes").GetProperty("rows").EnumerateArray());
        Assert.Equal((touch.Pid, named.Name), (row.GetProperty("pid").GetInt32(), row.GetProperty("name").GetString()));
        Assert.InRange(row.GetProperty("used_bytes").GetDouble(), 38 * Series.MB, 44 * Series.MB);

        CommandResult text = await Command.TryRunAsync(Repository.Executable, top, ExporterProcess.Deadline);
        Assert.Equal((0, ""), (text.ExitCode, text.Error));
        string[] words = Words(Assert.Single(Rows(text.Output.Split('\n'), named.Name)));
        Assert.Equal([$"{touch.Pid}", named.Name], words[..2]);
        Assert.InRange(double.Parse(words[2], CultureInfo.InvariantCulture), 60, 63);
    }

    [Fact]
    public async Task An_address_is_asked_and_what_is_wrong_with_it_is_one_sentence()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}"]);
        string address = exporter.Address.GetLeftPart(UriPartial.Authority);
        CommandResult result = await TopAsync("--url", address, "--pid", $"{touch.Pid}");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains($"by {address};", result.Output, StringComparison.Ordinal);

        await WrongAsync($"--pid: {address} does not see a process 4194304; expected the pid of a process that it watches", "--url", address, "--pid", "4194304");
        await WrongAsync(
            $"--url: what answers at {address} is no memsnoop, one of another version, or one without its page (--web.disable-page); expected the address of a memsnoop, such as http://localhost:9464",
            "--url", $"{address}/metrics");
        await WrongAsync($"--url: nobody answers at unix://{_directory["none"]}: ", "--url", $"unix://{_directory["none"]}");
        await WrongAsync("--user: there is no password: the variable MEMSNOOP_PASSWORD is not set; expected MEMSNOOP_PASSWORD in the environment", "--url", address, "--user", "me");

        CommandResult piped = await Command.TryRunAsync(Repository.Executable, ["top", "--url", address], ExporterProcess.Deadline);
        Assert.Equal(new CommandResult(2, "", "memsnoop: top: standard output is no terminal; expected a terminal, or --once\n"), piped);

        Task<CommandResult> TopAsync(params string[] arguments) => Command.TryRunAsync(Repository.Executable, ["top", "--once", .. arguments], ExporterProcess.Deadline);

        async Task WrongAsync(string expected, params string[] arguments)
        {
            CommandResult wrong = await TopAsync(arguments);
            Assert.Equal((2, ""), (wrong.ExitCode, wrong.Output));
            Assert.StartsWith($"memsnoop: {expected}", wrong.Error, StringComparison.Ordinal);
            Assert.Single(wrong.Error.TrimEnd('\n').Split('\n'));
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The framework cannot name a file whose name is no UTF-8.
        await Command.RunAsync("find", [_directory.Root, "-mindepth", "1", "-delete"], ExporterProcess.Deadline);
        _directory.Dispose();
    }

    private static string[] Rows(string[] screen, string name) => [.. screen.Where(line => line.Contains($" {name} ", StringComparison.Ordinal) && char.IsAsciiDigit(line.TrimStart()[0]))];

    private static string? Row(string[] screen, int pid) => screen.FirstOrDefault(line => line.TrimStart().StartsWith($"{pid} ", StringComparison.Ordinal));

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words ? words : [""];

    /// <summary>A workload under a name of any bytes, written as printf(1) reads them.</summary>
    private async Task<Workload> StartAsync(string name) => await Workload.StartAsync(
        "/bin/bash", "-c", $"name=$(printf '{name}'); cp \"$1\" \"$2/$name\" && exec \"$2/$name\" --resident 20 --hot 4", "bash", await Workloads.PathAsync("touch"), _directory.Root);
}
