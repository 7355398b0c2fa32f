using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>The page in a real browser, of real processes.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class PageTests : IAsyncLifetime
{
    private readonly List<Workload> _workloads = [];
    private readonly TemporaryDirectory _directory = new();

    public async ValueTask InitializeAsync()
    {
        // Names that would be markup, orders to a terminal, or no text at all.
        foreach ((string name, int resident, int hot) in new[] { ("<img src=x>", 60, 40), ("\\033[31mred", 40, 10), ("\\377\\376bad", 30, 5), ("quiet", 50, 1) })
        {
            string made = (await Command.RunAsync(
                "sh", ["-c", "name=$(printf \"$2\"); cp \"$1\" \"$3/$name\" && printf '%s' \"$name\" | od -An -tx1 | tr -d ' \\n'", "sh", await Workloads.PathAsync("touch"), name, _directory.Root], TimeSpan.FromSeconds(30))).Trim();
            Assert.NotEqual("", made);
            _workloads.Add(await Workload.StartAsync("/bin/sh", "-c", $"exec \"{_directory.Root}/$(printf '{name}')\" --resident {resident} --hot {hot}"));
        }
    }

    [Fact]
    public async Task The_table_shows_what_a_scrape_shows()
    {
        await using ExporterProcess exporter = await StartAsync();

        // The browser and the scrape must have seen the same pass.
        (JsonElement found, Scrape scrape) = await SameRoundAsync(exporter, "table", "quiet");
        Assert.StartsWith("memory touched in the last", found.GetProperty("words").GetString(), StringComparison.Ordinal);
        string[][] rows = Rows(found, "rows");
        Assert.Equal(_workloads.Select(static workload => workload.Pid).Order(), rows.Select(static row => int.Parse(row[1], CultureInfo.InvariantCulture)).Order());
        foreach (string[] row in rows)
        {
            int pid = int.Parse(row[1], CultureInfo.InvariantCulture);
            Assert.Equal(Bytes(scrape.Of(Series.Resident, ("pid", row[1])).Sum(static sample => sample.Number)), row[3]);
            Assert.Equal(Bytes(scrape.Of(Series.WorkingSet, ("pid", row[1])).Sum(static sample => sample.Number)), row[4]);
            Assert.True(scrape.Has(Series.WorkingSet, pid));
        }

        Assert.Contains("<img src=x>", rows.Select(static row => row[0]));
        Assert.Contains("\u001b[31mred", rows.Select(static row => row[0]));
        Assert.Contains("\ufffd\ufffdbad", rows.Select(static row => row[0]));

        JsonElement sorted = found.GetProperty("sorted");
        string[] byHeld = [.. _workloads.OrderByDescending(workload => scrape.Of(Series.Resident, ("pid", Text(workload.Pid))).Sum(static sample => sample.Number)).Select(static workload => Text(workload.Pid))];
        string[] byUsed = [.. _workloads.OrderByDescending(workload => scrape.Of(Series.WorkingSet, ("pid", Text(workload.Pid))).Sum(static sample => sample.Number)).Select(static workload => Text(workload.Pid))];
        Assert.Equal(byHeld, Strings(sorted, "Resident"));
        Assert.Equal(byUsed, Strings(sorted, "Used"));
        Assert.Equal(byHeld.Order(Comparer<string>.Create(static (left, right) => int.Parse(left, CultureInfo.InvariantCulture) - int.Parse(right, CultureInfo.InvariantCulture))), Strings(sorted, "PID"));
        foreach (string column in (string[])["Name", "PID", "Resident", "Used", "Idle"])
        {
            Assert.Equal(column, sorted.GetProperty(column + " focus").GetString());
        }

        Assert.Equal(["quiet"], Rows(found, "searched").Select(static row => row[0]));
        Assert.Equal("None of 4 processes matches “no such process”.", found.GetProperty("none").GetString());
    }

    [Fact]
    public async Task A_process_is_opened_and_left_by_the_keyboard()
    {
        await using ExporterProcess exporter = await StartAsync();
        string id = await IdAsync(exporter, _workloads[0].Pid);
        JsonElement found = await PageBrowser.RunAsync(exporter.Address, "process", id);
        Assert.Equal("<img src=x>", found.GetProperty("title").GetString());
        Assert.Equal(Text(_workloads[0].Pid), found.GetProperty("facts").GetProperty("PID").GetString());
        Assert.Equal("subject-title", found.GetProperty("focus").GetString());
        Assert.NotEmpty(Rows(found, "areas"));
        Assert.Contains("page faults without I/O", Strings(found, "totals"));

        // By referenced bits nobody knows pages, and without a login nobody may record.
        Assert.False(found.GetProperty("mayRecord").GetBoolean());
        Assert.StartsWith("Not here: ", found.GetProperty("cost").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_not_there_and_who_ends_is_told_in_a_sentence()
    {
        await using ExporterProcess exporter = await StartAsync();
        int pid = _workloads[3].Pid;
        JsonElement found = await PageBrowser.RunAsync(exporter.Address, "gone", await IdAsync(exporter, pid), Text(pid));
        Assert.EndsWith("What is shown is the last that was known.", found.GetProperty("unknown").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("What is shown is the last that was known.", found.GetProperty("ended").GetString(), StringComparison.Ordinal);
        Assert.Equal("quiet", found.GetProperty("title").GetString());
    }

    [Fact]
    public async Task Anybody_can_use_it_in_both_themes_and_on_a_phone()
    {
        await using ExporterProcess exporter = await StartAsync();
        JsonElement found = await PageBrowser.RunAsync(exporter.Address, "looks", await IdAsync(exporter, _workloads[0].Pid));
        foreach (string view in (string[])["light", "dark", "phone", "light-process", "dark-process", "phone-process"])
        {
            Assert.Empty(Strings(found.GetProperty(view), "violations"));
            Assert.InRange(found.GetProperty(view).GetProperty("sticksOut").GetInt32(), int.MinValue, 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Workload workload in _workloads)
        {
            workload.Dispose();
        }

        // The framework cannot name one of them.
        await Command.RunAsync("sh", ["-c", "rm -f \"$1\"/*", "sh", _directory.Root], TimeSpan.FromSeconds(30));
        _directory.Dispose();
    }

    private Task<ExporterProcess> StartAsync() => ExporterProcess.StartAsync(
        ["--method", "referenced", "--working-set-interval", "1m", "--no-children", .. _workloads.SelectMany(static workload => (string[])["--pid", Text(workload.Pid)])], ExporterProcess.Uncached);

    private static async Task<(JsonElement Found, Scrape Scrape)> SameRoundAsync(ExporterProcess exporter, string scenario, params string[] arguments)
    {
        for (int attempt = 0; ; attempt++)
        {
            await exporter.ScrapeUntilAsync(static scrape => scrape.Of(Series.WorkingSet).Any());
            JsonElement found = await PageBrowser.RunAsync(exporter.Address, scenario, arguments);
            Scrape scrape = await exporter.ScrapeAsync();
            if (found.GetProperty("round").GetInt64() == (await OverviewAsync(exporter)).GetProperty("round").GetInt64())
            {
                return (found, scrape);
            }

            // Windows are 2, 4, 8, … s long at first, so the next attempt has twice the time.
            Assert.True(attempt < 10, "Each time a pass ended between the page and the scrape.");
        }
    }

    private static async Task<JsonElement> OverviewAsync(ExporterProcess exporter)
    {
        using HttpResponseMessage answer = await exporter.GetAsync("/api/v1/overview");
        return JsonElement.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }

    private static async Task<string> IdAsync(ExporterProcess exporter, int pid)
    {
        string? id = null;
        await Eventually.HoldsAsync(async () =>
        {
            JsonElement[] rows = [.. (await OverviewAsync(exporter)).GetProperty("processes").GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("pid").GetInt32() == pid)];
            id = rows.Length == 1 && rows[0].TryGetProperty("used_bytes", out _) ? rows[0].GetProperty("id").GetString() : null;
            return id is not null;
        });
        return id!;
    }

    /// <summary>An amount as the page writes it.</summary>
    private static string Bytes(double number)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        for (; number >= 1024 && unit < units.Length - 1; unit++)
        {
            number /= 1024;
        }

        // As many digits as toPrecision(3) has.
        double shown = unit == 0 || number >= 100 ? Math.Floor(number + 0.5) : number >= 10 ? Math.Floor((number * 10) + 0.5) / 10 : Math.Floor((number * 100) + 0.5) / 100;
        return string.Create(CultureInfo.InvariantCulture, $"{shown} {units[unit]}");
    }

    private static string[][] Rows(JsonElement found, string name) => [.. found.GetProperty(name).EnumerateArray().Select(static row => row.EnumerateArray().Select(static cell => cell.GetString()!).ToArray())];

    private static string[] Strings(JsonElement found, string name) => [.. found.GetProperty(name).EnumerateArray().Select(static text => text.GetString()!)];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
