using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>What <c>memsnoop check</c> says of hosts that differ in what they have to measure with.</summary>
public sealed class HostTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    [Theory]
    [InlineData("bitmap", "ok", "ok")]
    [InlineData("generations", "ok", "ok")]
    [InlineData("no-bitmap", "no_kernel_option", "ok")]
    [InlineData("nothing", "hidden", "no_kernel_option")]
    [InlineData("unmounted", "ok", "ok")]
    public void Check_says_what_there_is(string host, string bitmap, string referenced)
    {
        Assert.Equal(bitmap, Reason(host, "working-set by page_idle"));
        Assert.Equal(referenced, Reason(host, "working-set by referenced"));
    }

    [Theory]
    [InlineData("bitmap", "switched_off")]
    [InlineData("generations", "no_swap")]
    [InlineData("no-bitmap", "no_swap")]
    [InlineData("nothing", "not_built")]
    [InlineData("unmounted", "no_swap")]
    public void Check_says_whether_generations_can_be_read(string host, string reason) => Assert.Equal(reason, Reason(host, "generations"));

    // Findings about what takes accessed bits are compared, whatever they are called.
    [Fact]
    public void Check_tells_hosts_with_generations_from_those_without() => Assert.NotEqual(Findings("bitmap"), Findings("generations"));

    [Fact]
    public void Check_tells_when_DAMON_runs()
    {
        string off = boot["hosts"].Text("generations.json"), on = boot["hosts"].Text("damon.json");
        Assert.Contains("damon", on, StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(Concerning(off, "damon"), Concerning(on, "damon"));
    }

    [Fact]
    public void Check_leaves_no_mount_behind() => Assert.Equal("", boot["hosts"].Text("debugfs-unmounted.txt"));

    private static string Concerning(string json, string word) => string.Join('\n', JsonElement.Parse(json).GetProperty("findings").EnumerateArray()
        .Select(static finding => finding.GetRawText()).Where(text => text.Contains(word, StringComparison.OrdinalIgnoreCase)));

    private string Reason(string host, string topic) => JsonElement.Parse(boot["hosts"].Text($"{host}.json")).GetProperty("findings").EnumerateArray()
        .Single(finding => finding.GetProperty("topic").GetString() == topic).GetProperty("reason").GetString()!;

    private string Findings(string host) => string.Join('\n', JsonElement.Parse(boot["hosts"].Text($"{host}.json")).GetProperty("findings").EnumerateArray()
        .Select(static finding => finding.GetRawText()));
}
