using System.Text.Json;

namespace MemSnoop.KernelTests;

public sealed class AgesBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["ages", "restarts"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);
}

/// <summary>40 MB are touched again and again and then left alone; 60 MB never are. Windows of 2 s; bands at 0, 2, 4, 8 and 12 s.</summary>
public sealed class AgesTests(AgesBoot boot) : IClassFixture<AgesBoot>
{
    private const double Mb = 1 << 20;

    // A window, the time a pass and a scrape may be late in an emulator, and for a spread pass one more window.
    private const double LateSeconds = 5;
    private const double LateSpreadSeconds = LateSeconds + 2;

    public static TheoryData<string> Passes => ["whole", "spread"];

    [Theory]
    [MemberData(nameof(Passes))]
    public void Bands_never_rise_with_age(string pass) => Assert.All(All(pass), line =>
    {
        double[] bands = [.. Bands(line)];
        Assert.Equal(bands.OrderDescending(), bands);
    });

    [Theory]
    [MemberData(nameof(Passes))]
    public void Band_0_is_all_resident_memory(string pass) => Assert.All(All(pass), line =>
        Assert.InRange(line.GetProperty("0").GetDouble(), (line.GetProperty("resident").GetDouble() * 0.99) - Mb, (line.GetProperty("resident").GetDouble() * 1.01) + Mb));

    [Theory]
    [MemberData(nameof(Passes))]
    public void What_is_touched_never_ages(string pass) => Assert.All(boot["ages"].Lines($"{pass}-hot.json.txt"), line =>
    {
        Assert.InRange(line.GetProperty("used").GetDouble(), 39.6 * Mb, 102 * Mb);
        Assert.All(Bands(line).Skip(1), idle => Assert.InRange(idle, 0, 61.5 * Mb));
    });

    [Theory]
    [InlineData("whole", 2)]
    [InlineData("whole", 4)]
    [InlineData("whole", 8)]
    [InlineData("whole", 12)]
    [InlineData("spread", 4)]
    [InlineData("spread", 8)]
    [InlineData("spread", 12)]
    public void What_is_left_alone_reaches_each_band_at_its_age(string pass, int age)
    {
        JsonElement[] left = [.. boot["ages"].Lines($"{pass}-left.json.txt")];
        JsonElement[] before = [.. left.Where(line => Seconds(line) < age - 0.5 && line.TryGetProperty($"{age}", out _))];
        JsonElement[] after = [.. left.Where(line => Seconds(line) > age + (pass == "whole" ? LateSeconds : LateSpreadSeconds))];
        Assert.NotEmpty(after);
        Assert.All(before, line => Assert.InRange(line.GetProperty($"{age}").GetDouble(), 0, 61.5 * Mb));
        Assert.All(after, line => Assert.InRange(line.GetProperty($"{age}").GetDouble(), 98.5 * Mb, 102 * Mb));
    }

    [Theory]
    [MemberData(nameof(Passes))]
    public void Windows_are_one_interval_long(string pass)
    {
        double[] windows = [.. All(pass).Select(line => line.GetProperty("window").GetDouble()).Order()];
        Assert.InRange(windows[windows.Length / 2], 1.9, 2.2);
    }

    private IEnumerable<JsonElement> All(string pass) => boot["ages"].Lines($"{pass}-hot.json.txt").Concat(boot["ages"].Lines($"{pass}-left.json.txt"));

    private static double Seconds(JsonElement line) => line.GetProperty("ms").GetDouble() / 1000;

    private static IEnumerable<double> Bands(JsonElement line) =>
        from age in (string[])["0", "2", "4", "8", "12"]
        where line.TryGetProperty(age, out _)
        select line.GetProperty(age).GetDouble();
}
