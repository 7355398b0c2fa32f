using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>What the page reads where the idle bitmap works.</summary>
public sealed class PageTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const double MB = 1 << 20;

    // Beside what the program touches there are its own code, stack and libraries.
    private const double MostOwn = 4 * MB;

    [Fact]
    public void The_host_is_divided_into_what_is_used_idle_and_the_rest()
    {
        JsonElement overview = boot["page"].Last("overview.json");
        JsonElement host = overview.GetProperty("host");
        double used = host.GetProperty("used_bytes").GetDouble();
        double idle = host.GetProperty("idle").EnumerateArray().Sum(static band => band.GetProperty("bytes").GetDouble());
        Assert.InRange(used, 40 * MB, (40 * MB) + MostOwn);
        Assert.InRange(idle, (160 * MB) - MostOwn, (160 * MB) + MostOwn);
        double rest = new[] { "unknown_bytes", "page_cache_bytes", "kernel_bytes", "free_bytes" }.Sum(part => host.GetProperty(part).GetDouble());

        // The kernel's own counters are not of one moment.
        Assert.InRange(used + idle + rest, host.GetProperty("total_bytes").GetDouble() - MostOwn, host.GetProperty("total_bytes").GetDouble() + MostOwn);
        Assert.Matches("^memory touched in the last [0-9.]+ s, by the kernel's idle bitmap$", overview.GetProperty("method").GetProperty("words").GetString());
    }

    [Fact]
    public void A_heat_map_shows_the_pages_that_are_touched_and_disturbs_no_pass()
    {
        JsonElement map = boot["page"].Last("heatmap.json");
        JsonElement heat = map.GetProperty("heat");
        byte[] cells = heat.GetProperty("cells").GetBytesFromBase64();
        int rows = heat.GetProperty("rows").GetInt32();
        Assert.Equal(4, heat.GetProperty("columns").GetInt32());
        Assert.Equal(rows * 4, cells.Length);
        for (int column = 0; column < 4; column++)
        {
            // The share of a row is rounded to a 254th.
            double active = cells.AsSpan(column * rows, rows).ToArray().Sum(static cell => cell == 0 ? 0 : (cell - 1) / 254.0) * heat.GetProperty("row_bytes").GetDouble();
            Assert.InRange(active, 39 * MB, (41 * MB) + MostOwn);
        }

        double workingSet = boot["page"].Text("metrics.txt").Split('\n').Where(static line => line.StartsWith("memsnoop_process_working_set_bytes{", StringComparison.Ordinal))
            .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        Assert.InRange(workingSet, 40 * MB, (40 * MB) + MostOwn);
        Assert.Equal("complete", map.GetProperty("state").GetString());
    }

    [Fact]
    public void Its_cost_is_told_before_there_is_one_at_a_time_and_it_can_be_ended()
    {
        JsonElement cost = boot["page"].Last("cost.json");
        Assert.True(cost.GetProperty("may_record").GetBoolean());
        Assert.Equal(4, cost.GetProperty("windows").GetInt32());
        Assert.True(cost.GetProperty("cpu_seconds").GetDouble() > 0);
        Assert.Equal("recording", boot["page"].Last("begun.json").GetProperty("state").GetString());
        Assert.Equal("busy", boot["page"].Last("second.json").GetProperty("reason").GetString());
        JsonElement stopped = boot["page"].Last("stopped.json");
        Assert.InRange(stopped.GetProperty("heat").GetProperty("columns").GetInt32(), 1, 299);
        JsonElement history = boot["page"].Last("process.json").GetProperty("history");
        Assert.True(history.GetProperty("times").GetArrayLength() >= 1);
    }
}
