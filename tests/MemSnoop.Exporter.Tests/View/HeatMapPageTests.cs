using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>The page where the method tells pages apart: a heat map that is recorded in a real browser, of real processes and a played idle bitmap.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class HeatMapPageTests : IDisposable
{
    private const string PicturesVariable = "MEMSNOOP_PICTURES";
    private const string User = "alice";
    private const string Password = "open sesame";

    private readonly TemporaryDirectory _directory = new();

    /// <summary>Set the variable to a directory, and the pictures are made there: of larger programs, after ten minutes.</summary>
    [Fact]
    public async Task A_heat_map_is_recorded_shown_and_ended_by_who_has_logged_in()
    {
        string? pictures = Environment.GetEnvironmentVariable(PicturesVariable);
        int scale = pictures is null ? 1 : 16;
        List<Workload> workloads = [];
        try
        {
            foreach ((string name, int resident, int hot) in new[] { ("database", 160, 48), ("cache", 120, 16), ("web", 60, 40), ("batch", 40, 2) })
            {
                string copy = _directory[name];
                File.Copy(await Workloads.PathAsync("touch"), copy);
                workloads.Add(await Workload.StartAsync(copy, "--resident", Text(resident * scale), "--hot", Text(hot * scale), "--huge", "always"));
            }

            using TemporaryDirectory sysfs = new();
            await using PlayedIdleBitmap bitmap = new(sysfs, workloads);
            string web = _directory.Write("web.yml", $"basic_auth_users: {{{User}: {BCrypt.Net.BCrypt.HashPassword(Password, 4)}}}\n");
            await using ExporterProcess exporter = await ExporterProcess.StartAsync(
                [
                    "--sysfs", sysfs.Root, "--method", "page_idle", "--working-set-interval", pictures is null ? "1m" : "15s", "--web.config.file", web, "--no-children",
                    .. workloads.SelectMany(static workload => (string[])["--pid", Text(workload.Pid)]),
                ]);
            if (pictures is not null)
            {
                await Task.Delay(TimeSpan.FromMinutes(10), TestContext.Current.CancellationToken);
            }

            JsonElement found = await PageBrowser.RunAsync(exporter.Address, "map", [Text(workloads[0].Pid), User, Password, .. pictures is null ? Array.Empty<string>() : [pictures]]);
            Assert.StartsWith("Cost: ", found.GetProperty("cost").GetString(), StringComparison.Ordinal);

            // Another while one runs is refused in a sentence.
            Assert.Equal(409, found.GetProperty("second").GetProperty("status").GetInt32());
            Assert.Equal("busy", found.GetProperty("second").GetProperty("reason").GetString());
            Assert.StartsWith("Ended after ", found.GetProperty("state").GetString(), StringComparison.Ordinal);
            Assert.InRange(found.GetProperty("columns").GetInt32(), 6, 60);

            // What was active all the time, and what was idle in every other phase. What was never active has no place in the map.
            Assert.InRange(found.GetProperty("active").GetDouble(), 0.3, 0.95);
            Assert.InRange(found.GetProperty("idle").GetDouble(), 0.05, 0.7);

            // Nothing lies over the map.
            Assert.InRange(found.GetProperty("overlap").GetDouble(), double.MinValue, 0);
            Assert.Empty(found.GetProperty("violations").EnumerateArray().Select(static each => each.GetString()));
            Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=error", StringComparison.Ordinal));
        }
        finally
        {
            workloads.ForEach(static workload => workload.Dispose());
        }
    }

    public void Dispose() => _directory.Dispose();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
