using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.View;
using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.Exporter.View.History;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>The API on a tree of plain files, where the method page_idle works too: who may record what.</summary>
public sealed class ViewApiTests : IDisposable
{
    private const string Id = "12-112";
    private const string Path = "/api/v1/heatmaps";
    private const string Json = "application/json";

    private readonly TemporaryDirectory _tree = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Lifetime _lifetime = new();
    private readonly SamplingPipeline _pipeline;
    private readonly WindowSampler _sampler;
    private readonly ViewService _view;
    private readonly ViewApi _api;

    public ViewApiTests()
    {
        _tree.Write("proc/kpageflags", new string('\0', 64));
        _tree.Write("proc/self/pagemap", "");
        _tree.Write("proc/stat", "btime 1000\n");
        _tree.Write("proc/uptime", "5000.00 1.00\n");
        _tree.Write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 400 kB\nBuffers: 10 kB\nCached: 200 kB\nSwapCached: 0 kB\nAnonPages: 100 kB\nMapped: 50 kB\n");
        AddProcess();
        _pipeline = Pipeline("sys", "run");
        _sampler = _pipeline.Services.OfType<WindowSampler>().Single();
        _view = new ViewService(_pipeline, _clock, NullLoggerFactory.Instance);
        _api = new ViewApi(_view, _lifetime);
        _sampler.SampleOnce();
        _clock.Advance(TimeSpan.FromSeconds(60));
        _sampler.SampleOnce();
        _view.EndRound();
    }

    [Fact]
    public async Task The_host_is_divided_into_parts_that_add_up()
    {
        JsonElement host = (await AskAsync("GET", "/api/v1/overview")).Body.GetProperty("host");
        Assert.Equal(1000 * 1024, host.GetProperty("total_bytes").GetInt64());
        Assert.Equal(0, host.GetProperty("used_bytes").GetInt64());
        Assert.Equal(150 * 1024, host.GetProperty("unknown_bytes").GetInt64());
        Assert.Equal(160 * 1024, host.GetProperty("page_cache_bytes").GetInt64());
        Assert.Equal(290 * 1024, host.GetProperty("kernel_bytes").GetInt64());
        Assert.Equal(400 * 1024, host.GetProperty("free_bytes").GetInt64());
        Assert.False(host.TryGetProperty("reason", out _));
    }

    [Theory]
    [InlineData("GET", Path, 403, "no_login")]
    [InlineData("GET", Path + "/1", 403, "no_login")]
    [InlineData("POST", Path, 403, "no_login")]
    [InlineData("DELETE", Path + "/1", 403, "no_login")]
    [InlineData("PUT", Path, 405, "method")]
    [InlineData("DELETE", Path, 405, "method")]
    [InlineData("POST", Path + "/cost", 405, "method")]
    public async Task Nobody_records_without_a_login(string method, string path, int status, string reason)
    {
        (int answered, JsonElement body) = await AskAsync(method, path, ViewCaller.Anybody, Body(Id));
        Assert.Equal((status, reason), (answered, body.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task The_refusal_names_the_command_and_the_cost_is_told_all_the_same()
    {
        (int status, JsonElement cost) = await AskAsync("GET", $"{Path}/cost?process={Id}&seconds=30&window_seconds=0.5", ViewCaller.Anybody);
        Assert.Equal(200, status);
        Assert.False(cost.GetProperty("may_record").GetBoolean());
        Assert.Contains("memsnoop trace PID --pages FILE", cost.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal((60, 30.0), (cost.GetProperty("windows").GetInt32(), cost.GetProperty("seconds").GetDouble()));
        Assert.StartsWith("60 windows of 0.5 s: ", cost.GetProperty("words").GetString(), StringComparison.Ordinal);
        Assert.True((await AskAsync("GET", $"{Path}/cost?process={Id}", ViewCaller.Known)).Body.GetProperty("may_record").GetBoolean());
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "http://exporter:9465")]
    [InlineData("Origin", "https://exporter")]
    [InlineData("Origin", "null")]
    public async Task A_page_of_another_origin_cannot_begin_nor_end_a_recording(string header, string value)
    {
        foreach ((string method, string path) in new[] { ("POST", Path), ("DELETE", Path + "/1") })
        {
            (int status, JsonElement body) = await AskAsync(method, path, ViewCaller.Known, Body(Id), Json, (header, value));
            Assert.Equal((403, "cross_origin"), (status, body.GetProperty("reason").GetString()));
        }
    }

    [Theory]
    [InlineData("text/plain", "{\"process\":\"12-112\"}", 415, "content_type")]
    [InlineData("application/jsonp", "{\"process\":\"12-112\"}", 415, "content_type")]
    [InlineData(null, "{\"process\":\"12-112\"}", 415, "content_type")]
    [InlineData(Json, "", 400, "bad_request")]
    [InlineData(Json, "{", 400, "bad_request")]
    [InlineData(Json, "[]", 400, "bad_request")]
    [InlineData(Json, "null", 400, "bad_request")]
    [InlineData(Json, "{}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12\"}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":12}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-112\",\"seconds\":601}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-112\",\"seconds\":0}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-112\",\"seconds\":-5,\"window_seconds\":-5}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-112\",\"window_seconds\":0.4}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-112\",\"seconds\":301,\"window_seconds\":1}", 400, "bad_request")]
    [InlineData(Json, "{\"process\":\"12-113\"}", 404, "gone")]
    [InlineData(Json, "{\"process\":\"13-112\"}", 404, "gone")]
    public async Task What_is_not_understood_is_refused_with_a_reason(string? type, string text, int status, string reason)
    {
        (int answered, JsonElement body) = await AskAsync("POST", Path, ViewCaller.Known, text, type, ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal((status, reason), (answered, body.GetProperty("reason").GetString()));
        Assert.NotEmpty(body.GetProperty("error").GetString()!);
        Assert.Equal(0, (await AskAsync("GET", Path, ViewCaller.Known)).Body.GetProperty("recordings").GetArrayLength());
    }

    [Fact]
    public async Task A_body_has_an_end() =>
        Assert.Equal(400, (await AskAsync("POST", Path, ViewCaller.Local, Body(Id) + new string(' ', 2000))).Status);

    [Fact]
    public async Task One_recording_at_a_time_is_made_shown_and_ended()
    {
        (int status, JsonElement begun) = await AskAsync("POST", Path, ViewCaller.Known, Body(Id), Json, ("Origin", "http://exporter:9464"));
        Assert.Equal(201, status);
        Assert.Equal((Id, "<b>\u0001name", "recording", 60), (begun.GetProperty("process").GetString(), begun.GetProperty("name").GetString(), begun.GetProperty("state").GetString(), begun.GetProperty("windows").GetInt32()));
        string one = $"{Path}/{begun.GetProperty("id").GetInt64()}";

        (status, JsonElement second) = await AskAsync("POST", Path, ViewCaller.Local, Body(Id));
        Assert.Equal((409, "busy"), (status, second.GetProperty("reason").GetString()));

        // Windows go on as the clock does.
        await Eventually.HoldsAsync(() => AskAsync("GET", one, ViewCaller.Known).Result.Body.GetProperty("ended").GetInt32() >= 3, _clock.Advance);
        JsonElement shown = (await AskAsync("GET", one, ViewCaller.Known)).Body;
        Assert.True(shown.GetProperty("heat").GetProperty("columns").GetInt32() >= 3);
        Assert.Equal(1, (await AskAsync("GET", Path, ViewCaller.Known)).Body.GetProperty("recordings").GetArrayLength());

        Assert.Equal(200, (await AskAsync("DELETE", one, ViewCaller.Known)).Status);
        await Eventually.HoldsAsync(() => AskAsync("GET", one, ViewCaller.Known).Result.Body.GetProperty("state").GetString() == "stopped", _clock.Advance);

        // It is kept for a while, and then forgotten, or when somebody says so.
        Assert.Equal(200, (await AskAsync("DELETE", one, ViewCaller.Known)).Status);
        (status, JsonElement gone) = await AskAsync("GET", one, ViewCaller.Known);
        Assert.Equal((404, "no_recording"), (status, gone.GetProperty("reason").GetString()));
        begun = (await AskAsync("POST", Path, ViewCaller.Local, Body(Id))).Body;
        string two = $"{Path}/{begun.GetProperty("id").GetInt64()}";
        Assert.NotEqual(one, two);
        await Eventually.HoldsAsync(() => AskAsync("GET", two, ViewCaller.Known).Result.Body.GetProperty("state").GetString() == "complete", _clock.Advance);
        _clock.Advance(HeatMapRecorder.Kept + TimeSpan.FromSeconds(1));
        Assert.Equal(404, (await AskAsync("GET", two, ViewCaller.Known)).Status);
    }

    [Fact]
    public async Task A_process_that_ends_while_it_is_recorded_is_told_in_a_sentence()
    {
        JsonElement begun = (await AskAsync("POST", Path, ViewCaller.Local, Body(Id))).Body;
        string one = $"{Path}/{begun.GetProperty("id").GetInt64()}";
        await Eventually.HoldsAsync(() => AskAsync("GET", one, ViewCaller.Local).Result.Body.GetProperty("ended").GetInt32() >= 1, _clock.Advance);
        Directory.Delete(_tree["proc/12"], recursive: true);
        await Eventually.HoldsAsync(() => AskAsync("GET", one, ViewCaller.Local).Result.Body.GetProperty("state").GetString() == "failed", _clock.Advance);
        JsonElement failed = (await AskAsync("GET", one, ViewCaller.Local)).Body;
        Assert.Equal("gone", failed.GetProperty("reason").GetString());
        Assert.Equal("process 12 has ended, or executes another program now", failed.GetProperty("error").GetString());
        Assert.True(failed.GetProperty("heat").GetProperty("columns").GetInt32() >= 1);
    }

    [Fact]
    public async Task The_hour_is_in_the_answer_about_one_process()
    {
        for (int i = 0; i < 3; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(60));
            _sampler.SampleOnce();
            _view.EndRound();
        }

        JsonElement detail = (await AskAsync("GET", $"/api/v1/processes/{Id}")).Body;
        JsonElement history = detail.GetProperty("history");
        Assert.Equal(4, history.GetProperty("times").GetArrayLength());
        Assert.Equal(60, history.GetProperty("times")[3].GetDouble() - history.GetProperty("times")[2].GetDouble());
        Assert.Equal(0, history.GetProperty("upper_bytes")[3].GetInt64());
        Assert.Equal(0, history.GetProperty("minor_faults_per_second")[3].GetDouble());
        Assert.Equal(JsonValueKind.Null, history.GetProperty("minor_faults_per_second")[0].ValueKind);
        Assert.Equal(4, (await AskAsync("GET", "/api/v1/overview")).Body.GetProperty("processes").GetProperty("rows")[0].GetProperty("spark").GetProperty("used_bytes").GetArrayLength());
    }

    /// <summary>What an update costs the server, however many look: the last hour, the rows, and the event that all get.</summary>
    [Fact]
    public void An_update_of_2000_processes_takes_less_than_50_ms_of_processor_time()
    {
        // With the one that there is: as many as are watched, unless the options say otherwise.
        for (int pid = 1001; pid < 3000; pid++)
        {
            AddProcess(pid, residentPages: pid);
        }

        Assert.True(_view.Live.TryEnter());
        double least = double.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            _clock.Advance(TimeSpan.FromSeconds(60));
            _sampler.SampleOnce();
            TimeSpan before = CpuTime.OfThisThread;
            _view.EndRound();
            least = Math.Min(least, (CpuTime.OfThisThread - before).TotalMilliseconds);
        }

        Assert.Equal(2000, _view.Overview.Processes.Rows.Count);
        Assert.Equal(HistoryRings.MostProcesses, _view.Overview.Processes.Rows.Count(static row => row.Spark is not null));
        TestContext.Current.TestOutputHelper?.WriteLine($"{least} ms");
        Assert.InRange(least, 0, 50);
        Assert.InRange(_view.HistoryBytes, 1, 4_000_000);
    }

    [Fact]
    public void Who_looks_before_the_first_pass_sees_the_processes()
    {
        // The bitmap of the other one is locked.
        using SamplingPipeline pipeline = Pipeline("other/sys", "other/run");
        using ViewService early = new(pipeline, _clock, NullLoggerFactory.Instance);
        Overview overview = early.Overview;
        Assert.Equal("page_idle", overview.Method.Name);
        Assert.Equal(Id, overview.Processes.Rows.Single().Id);
        Assert.False(overview.Windows.HasEnded);
    }

    private static string Body(string process) => $$"""{"process":"{{process}}","seconds":60,"window_seconds":1}""";

    private SamplingPipeline Pipeline(string sys, string run)
    {
        _tree.Write($"{sys}/kernel/mm/page_idle/bitmap", new string('\0', 64));
        MeasuredHost host = new(new MemSnoopOptions(), new KernelPaths(_tree["proc"], _tree[sys], _tree[run]), new HandleBudget(0));
        host.Options.Processes.All = true;
        host.Options.Readings.DisableDefaults = true;
        host.Options.Readings.Of("working-set").Enabled = true;
        return new SamplingPipeline(host, new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, _clock);
    }

    private void AddProcess(int pid = 12, int residentPages = 100)
    {
        // 52 fields of stat, of which those that are read here are right.
        _tree.Write($"proc/{pid}/stat", $"{pid} (<b>\u0001name) S 0 1 1 1 1 1 {string.Join(' ', Enumerable.Repeat("1", 12))} {100 + pid} 4096000 {residentPages} {string.Join(' ', Enumerable.Repeat("1", 28))}\n");
        _tree.Write($"proc/{pid}/statm", "1000 100 50 10 0 200 0\n");
        _tree.Write($"proc/{pid}/cgroup", "0::/\n");
        _tree.Write($"proc/{pid}/maps", "00001000-00003000 rw-p 00000000 00:00 0                          [heap]\n");
        _tree.Write($"proc/{pid}/pagemap", new string('\0', 4 * 8));
    }

    private async Task<(int Status, JsonElement Body)> AskAsync(
        string method, string target, ViewCaller caller = ViewCaller.Anybody, string body = "", string? type = Json, params (string Name, string Value)[] headers)
    {
        string[] parts = target.Split('?');
        DefaultHttpContext context = new();
        context.Request.Method = method;
        context.Request.Scheme = "http";
        context.Request.Host = new HostString("exporter", 9464);
        context.Request.Path = parts[0];
        context.Request.QueryString = new QueryString(parts.Length > 1 ? "?" + parts[1] : "");
        context.Request.ContentType = type;
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        foreach ((string name, string value) in headers)
        {
            context.Request.Headers[name] = value;
        }

        using MemoryStream answer = new();
        context.Response.Body = answer;
        await _api.AnswerAsync(context, caller);
        using JsonDocument document = JsonDocument.Parse(answer.ToArray());
        return (context.Response.StatusCode, document.RootElement.Clone());
    }

    public void Dispose()
    {
        // As a container does that knows it as two services.
        _view.Dispose();
        _view.Dispose();
        _pipeline.Dispose();
        _lifetime.Dispose();
        _tree.Dispose();
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
