using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Tests.Collector;
using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>A web application with the endpoint in it and a meter of its own to fill.</summary>
internal sealed class ScrapeHost : IAsyncDisposable
{
    public const string OpenMetrics = "application/openmetrics-text;version=1.0.0";
    public const string Protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    private static int _meters;

    private ScrapeHost(WebApplication app, Meter meter, LogLines log, RequestCounts requests)
    {
        App = app;
        Meter = meter;
        Log = log;
        Requests = requests;
        Client = app.Services.GetService<IServer>() is TestServer ? app.GetTestClient() : new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public WebApplication App { get; }

    public Meter Meter { get; }

    public LogLines Log { get; }

    public HttpClient Client { get; }

    /// <summary>Requests that have arrived, and those among them that have been answered or given up.</summary>
    public RequestCounts Requests { get; }

    /// <summary>Starts the application. Meters whose name begins with that of <see cref="Meter"/> are published; nothing is cached.</summary>
    public static async Task<ScrapeHost> StartAsync(
        Action<ScrapeSetup>? configure = null, TimeProvider? clock = null, bool kestrel = false, Action<WebApplication>? middleware = null)
    {
        Meter meter = new($"test{Interlocked.Increment(ref _meters)}:");
        LogLines log = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        if (kestrel)
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        builder.Logging.ClearProviders().AddProvider(log);
        ScrapeSetup setup = new() { Owns = candidate => candidate.Scope is null && candidate.Name.StartsWith(meter.Name, StringComparison.Ordinal) };
        configure?.Invoke(setup);
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        builder.Services.AddSingleton(services => new MetricCollector(
            setup, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<MetricCollector>>())
        {
            CallbackBudget = setup.CallbackBudget,
            CollectionBudget = setup.CollectionBudget,
        });
        builder.Services.AddPrometheusEndpoint(new PrometheusOptions
        {
            ResourceAttributes = setup.ResourceAttributes,
            ScopeLabels = setup.ScopeLabels,
            CreatedSeries = setup.CreatedSeries,
            Names = setup.Names,
            OpenMetrics2 = setup.OpenMetrics2,
            CacheDuration = setup.CacheDuration,
            MaxBodyBytes = setup.MaxBodyBytes,
            MaxRequests = setup.MaxRequests,
        });
        WebApplication app = builder.Build();
        RequestCounts requests = new();
        app.Use(requests.CountAsync);
        middleware?.Invoke(app);
        app.MapExactly("/metrics", app.Services.GetRequiredService<PrometheusEndpoint>().ServeAsync);
        app.MapPage("/metrics");
        app.MapHealth(() => app.Lifetime.ApplicationStarted.IsCancellationRequested);
        await app.StartAsync();
        return new ScrapeHost(app, meter, log, requests);
    }

    /// <summary>The text, which the checker has found nothing wrong with.</summary>
    public async Task<string> ScrapeAsync(bool openMetrics = false, string path = "/metrics")
    {
        using HttpResponseMessage response = await GetAsync(path, openMetrics ? OpenMetrics : null);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        Assert.Empty(ExpositionChecker.Check(text, openMetrics));
        return text;
    }

    /// <summary>The families of an answer in protobuf, which the checker has found nothing wrong with.</summary>
    public async Task<IReadOnlyList<ClientModel.MetricFamily>> ScrapeProtobufAsync(string path = "/metrics")
    {
        using HttpResponseMessage response = await GetAsync(path, Protobuf);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        IReadOnlyList<ClientModel.MetricFamily> families = ProtobufExposition.Parse(body);
        Assert.Empty(ProtobufExposition.Check(families));
        return families;
    }

    public Task<HttpResponseMessage> GetAsync(string path = "/metrics", string? accept = null, Action<HttpRequestHeaders>? headers = null)
    {
        return SendAsync(HttpMethod.Get, path, accept, headers);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? accept = null, Action<HttpRequestHeaders>? headers = null)
    {
        using HttpRequestMessage request = new(method, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        headers?.Invoke(request.Headers);
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
        Meter.Dispose();
    }
}

/// <summary>What a test may set: the source, the collector's budgets, and the endpoint's options.</summary>
internal sealed class ScrapeSetup : TestSource
{
    public TimeSpan CallbackBudget { get; set; } = TimeSpan.FromSeconds(5);

    public TimeSpan CollectionBudget { get; set; } = TimeSpan.FromSeconds(8);

    public IReadOnlyList<KeyValuePair<string, object>> ResourceAttributes { get; set; } = [];

    public bool ScopeLabels { get; set; }

    public bool CreatedSeries { get; set; }

    public NameStyle Names { get; set; }

    public bool OpenMetrics2 { get; set; }

    public TimeSpan CacheDuration { get; set; }

    public long MaxBodyBytes { get; set; } = new PrometheusOptions().MaxBodyBytes;

    public int MaxRequests { get; set; } = new PrometheusOptions().MaxRequests;
}
