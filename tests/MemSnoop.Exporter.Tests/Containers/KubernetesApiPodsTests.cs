using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Containers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>The pods of a node as an API server tells of them over TLS, and what becomes of a server that refuses, stalls, forgets or lies.</summary>
public sealed class KubernetesApiPodsTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string Uid = "11112222-3333-4444-5555-666677778888";
    private const string OtherUid = "99992222-3333-4444-5555-666677778888";

    private readonly TestAuthority _authority = new("cluster");
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly X509Certificate2 _certificate;

    public KubernetesApiPodsTests()
    {
        _certificate = _authority.IssueForServer("127.0.0.1");
        _directory.Write("token", "first-token\n");
        _directory.Write("ca.crt", _authority.Pem);
    }

    [Fact]
    public async Task Pods_are_listed_once_and_heard_of_from_then_on()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.Put(Uid, Pod(Uid, "web", A, """{"app":"web"}"""));
        await using Watch watch = Watch.Start(Source(server));
        await watch.UntilAsync(names => names.Find(A) == new ContainerNames("shop", "web", "nginx"));
        Assert.Equal("1 pods of node-1 by the API server", watch.Last.Explanation);

        server.Put(OtherUid, Pod(OtherUid, "api", B, "{}"));
        await watch.UntilAsync(names => names.Find(B) == new ContainerNames("shop", "api", "nginx"));
        Assert.Equal(PodNames.Of("shop", "api"), watch.Names.FindPod(OtherUid));

        server.Put(Uid, Pod(Uid, "web", A, """{"app":"other"}"""));
        await watch.UntilAsync(names => names.FindLabels(A)?["app"] == "other" && names.FindLabels(Uid)?["app"] == "other");

        server.Delete(Uid);
        await watch.UntilAsync(names => names.Find(A) is null && names.FindPod(Uid) is null && names.FindLabels(A) is null);
        Assert.Equal(1, watch.Names.Count);

        Assert.Equal(
            [
                "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1&resourceVersion=0",
                "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1&watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=101",
            ],
            server.Requests);
        Assert.All(watch.Answers, static answer => Assert.Equal("ok", answer.Reason));
    }

    [Fact]
    public async Task A_watch_that_ends_is_followed_by_one_from_where_it_was()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        await using Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => server.Watching == 1);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        server.Bookmark();
        await watch.UntilAsync(names => names.Find(A) is not null);

        // A bookmark changes nothing that could be waited for. What ends the watch comes behind it.
        server.EndWatches();
        await Eventually.HoldsAsync(() => server.Watches == 2, _clock.Advance);
        server.Delete(Uid);

        await watch.UntilAsync(names => names.Find(A) is null);
        Assert.Equal(1, server.Lists);
        Assert.EndsWith("&resourceVersion=102", server.Requests.Last(), StringComparison.Ordinal);
        Assert.All(watch.Answers, static answer => Assert.Equal("ok", answer.Reason));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_version_that_is_too_old_has_the_pods_listed_anew(bool byStatus)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        await using Watch watch = Watch.Start(Source(server));
        await watch.UntilAsync(names => names.Find(A) is not null);
        await Eventually.HoldsAsync(() => server.Watching == 1);

        // While nobody watched, one pod went and another one came, and the server has forgotten that.
        int refused = 0;
        server.Watch = context =>
        {
            if (!byStatus || refused++ > 0)
            {
                return server.WatchAsync(context);
            }

            context.Response.StatusCode = (int)HttpStatusCode.Gone;
            return Task.CompletedTask;
        };
        server.EndWatches();
        await Eventually.HoldsAsync(() => server.Watching == 0 || server.Watches > 1);
        server.Delete(Uid);
        server.Put(OtherUid, Pod(OtherUid, "api", B, "{}"));
        server.Compact();

        await Eventually.HoldsAsync(() => watch.Names.Find(A) is null && watch.Names.Find(B) is not null, _clock.Advance);
        await Eventually.HoldsAsync(() => server.Lists >= 2, _clock.Advance);

        // The first list may be that of the cache, which would be as old.
        Assert.EndsWith("node-1", server.Requests.Last(static request => !request.Contains("watch", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.All(watch.Answers, static answer => Assert.Equal("ok", answer.Reason));
    }

    [Fact]
    public async Task A_token_that_was_replaced_is_read_anew()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        await using Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => server.Watching == 1);

        server.Token = "second-token";
        server.EndWatches();
        await Eventually.HoldsAsync(() => watch.Last.Reason == "unauthorized", _clock.Advance);

        _directory.Write("token", server.Token);
        await Eventually.HoldsAsync(() => watch.Last.Reason == "ok", _clock.Advance);
        server.Put(OtherUid, Pod(OtherUid, "api", B, "{}"));
        await watch.UntilAsync(names => names.Find(A) is not null && names.Find(B) is not null);
        Assert.Equal(1, server.Lists);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "forbidden")]
    [InlineData(HttpStatusCode.InternalServerError, "refused")]
    [InlineData(HttpStatusCode.TooManyRequests, "refused")]
    public async Task A_refusal_has_its_reason_and_ends_when_the_server_does_not_refuse_any_more(HttpStatusCode status, string reason)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.List = context =>
        {
            context.Response.StatusCode = (int)status;
            return Task.CompletedTask;
        };
        await using Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => watch.Answers.Any(answer => answer.Reason == reason));

        server.List = null;
        await Eventually.HoldsAsync(() => watch.Last.Reason == "ok", _clock.Advance);
    }

    [Fact]
    public async Task Only_who_is_trusted_gets_the_token()
    {
        using TestAuthority other = new("another");
        _directory.Write("ca.crt", other.Pem);
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        await using Watch watch = Watch.Start(Source(server));

        await Eventually.HoldsAsync(() => watch.Answers.Any(static answer => answer.Reason == "tls"));
        Assert.Empty(server.Requests);

        File.Delete(_directory["token"]);
        await Eventually.HoldsAsync(() => watch.Last.Reason == "no_token", _clock.Advance);
    }

    [Fact]
    public async Task Who_is_not_there_yet_is_found_when_he_is()
    {
        int port = FreePort.Next();
        await using Watch watch = Watch.Start(Source(new Uri($"https://127.0.0.1:{port}")));
        await Eventually.HoldsAsync(() => watch.Answers.Any(static answer => answer.Reason == "unreachable"));

        await using TestApiServer server = await TestApiServer.StartAsync(_certificate, port);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        await Eventually.HoldsAsync(() => watch.Last.Reason == "ok" && watch.Names.Find(A) is not null, _clock.Advance);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("<html>")]
    [InlineData("""{"items":[]}""")]
    [InlineData("""{"metadata":{"resourceVersion":""},"items":[]}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"web" """)]
    public async Task What_is_no_list_of_pods_is_malformed(string list)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.List = context => context.Response.WriteAsync(list);
        await using Watch watch = Watch.Start(Source(server));

        await Eventually.HoldsAsync(() => watch.Answers.Any(static answer => answer.Reason == "malformed"));
        Assert.Equal(0, server.Watches);
    }

    [Theory]
    [InlineData("\n", "malformed")]
    [InlineData("null\n", "malformed")]
    [InlineData("{}\n", "malformed")]
    [InlineData("<html>\n", "malformed")]
    [InlineData("""{"type":"ADDED"}""" + "\n", "malformed")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"web"}}}""" + "\n", "malformed")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"},"status":"x"}}""" + "\n", "malformed")]
    [InlineData("""{"type":"ADDED","object":{"metadata""" + "\n", "malformed")]
    [InlineData("""{"type":"ERROR","object":{"code":"x"}}""" + "\n", "malformed")]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":500}}""" + "\n", "refused")]
    public async Task What_is_no_event_ends_the_watch_and_keeps_the_names(string line, string reason)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        server.Watch = async context =>
        {
            server.Watch = null;
            await context.Response.WriteAsync(line);
        };
        await using Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => watch.Answers.Any(answer => answer.Reason == reason));
        Assert.NotNull(watch.Names.Find(A));

        server.Put(OtherUid, Pod(OtherUid, "api", B, "{}"));
        await Eventually.HoldsAsync(() => watch.Last.Reason == "ok" && watch.Names.Find(B) is not null, _clock.Advance);
        Assert.Equal(reason == "malformed" ? 2 : 1, server.Lists);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_line_that_is_cut_short_is_told_again(bool breaks)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        TaskCompletionSource cut = new();
        server.Watch = async context =>
        {
            server.Watch = null;
            await context.Response.WriteAsync("""{"type":"ADDED","object":{"metadata":{"name":"we""");
            await context.Response.Body.FlushAsync();
            await cut.Task;
            if (breaks)
            {
                context.Abort();
            }
        };
        await using Watch watch = Watch.Start(Source(server));
        await watch.UntilAsync(static names => names.Count == 0);
        server.Put(Uid, Pod(Uid, "web", A, "{}"));
        cut.SetResult();

        await Eventually.HoldsAsync(() => watch.Last.Reason == "ok" && watch.Names.Find(A) is not null, _clock.Advance);
        Assert.Equal(1, server.Lists);
        Assert.Equal(breaks, watch.Answers.Any(static answer => answer.Reason == "unreachable"));
    }

    [Fact]
    public async Task A_gigabyte_is_taken_in_neither_as_a_list_nor_as_a_line()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        server.List = SendAsync;
        await using Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => watch.Answers.Any(static answer => answer.Reason == "too_large"));

        server.List = null;
        server.Watch = SendAsync;
        await Eventually.HoldsAsync(() => AfterOk().Any(), _clock.Advance);
        await Eventually.HoldsAsync(() => AfterOk().Any(static answer => answer.Reason == "too_large"));

        IEnumerable<NameAnswer> AfterOk() => watch.Answers.SkipWhile(static answer => answer.Reason != "ok");

        // How much of it left the server tells nothing: what is written to a connection that is gone is written as if it were there, until that is noticed.
        static async Task SendAsync(HttpContext context)
        {
            byte[] block = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
            for (int sent = 0; sent < 1000; sent++)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_is_silent_for_too_long_is_given_up(bool inList)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        Func<HttpContext, Task> silent = async context =>
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        server.List = inList ? silent : null;
        server.Watch = inList ? null : silent;
        KubernetesApiPods source = new(Access(server.Url), "node-1", _clock) { Patience = TimeSpan.FromSeconds(1), WatchTime = TimeSpan.FromSeconds(0.5) };
        await using Watch watch = Watch.Start(source);

        await Eventually.HoldsAsync(() => watch.Answers.Any(static answer => answer.Reason == "timeout"));
    }

    [Fact]
    public async Task Who_stops_does_not_wait_for_a_watch()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_certificate);
        Watch watch = Watch.Start(Source(server));
        await Eventually.HoldsAsync(() => server.Watching == 1);

        await watch.DisposeAsync();

        await Eventually.HoldsAsync(() => server.Watching == 0);
    }

    [Theory]
    [InlineData(1, 0, 0.5)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(5, 1, 16)]
    [InlineData(7, 1, 60)]
    [InlineData(1000, 0, 30)]
    [InlineData(1000, 1, 60)]
    public void The_more_often_it_fails_the_longer_it_waits(int failures, double chance, double seconds) =>
        Assert.Equal(seconds, KubernetesApiPods.WaitAfter(failures, chance).TotalSeconds);

    /// <summary>Pods that come and go leave nothing behind, and no more are remembered than any node has.</summary>
    [Fact]
    public void Pods_without_end_are_not_all_remembered()
    {
        WatchedPods pods = new();
        bool isChanged = false;
        for (int i = 0; i < 12_000; i++)
        {
            Assert.Null(pods.Take(Encoding.UTF8.GetBytes(Event("ADDED", Guid.NewGuid().ToString(), $"{i + 1}")), ref isChanged));
        }

        Assert.Equal((10_000, "12000"), (pods.Count, pods.Version));
        pods = new WatchedPods();
        for (int i = 0; i < 1_000; i++)
        {
            string uid = Guid.NewGuid().ToString();
            pods.Take(Encoding.UTF8.GetBytes(Event("ADDED", uid, "1")), ref isChanged);
            pods.Take(Encoding.UTF8.GetBytes(Event("DELETED", uid, "2")), ref isChanged);
        }

        Assert.Equal((0, 2_000), (pods.Count, pods.Events));
    }

    [Fact]
    public void Any_line_is_an_event_or_is_not() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000), Prop.ForAll(
        Gen.Choose(0, 400).Zip(Gen.Choose(0, 255)).ListOf().ToArbitrary(),
        static changes =>
        {
            byte[] line = Encoding.UTF8.GetBytes(Event("MODIFIED", Uid, "7"));
            foreach ((int at, int value) in changes.Take(3))
            {
                line[at % line.Length] = (byte)value;
            }

            WatchedPods pods = new();
            bool isChanged = false;
            try
            {
                _ = pods.Take(line, ref isChanged);
                Assert.Equal(isChanged ? 1 : 0, pods.Count);
            }
            catch (JsonException)
            {
                Assert.Equal((0, ""), (pods.Count, pods.Version));
            }
        }));

    private static string Event(string type, string uid, string version) =>
        $$$"""{"type":"{{{type}}}","object":{{{Pod(uid, "web", A, "{}").Replace("VERSION", version, StringComparison.Ordinal)}}}}""";

    /// <summary>As the API server writes one, with much that is of no use here.</summary>
    private static string Pod(string uid, string name, string container, string labels) => $$$$"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{{name}}}}","namespace":"shop","uid":"{{{{uid}}}}","resourceVersion":"VERSION","labels":{{{{labels}}}},"managedFields":[{"x":{"f:a":{}}}]},"spec":{"nodeName":"node-1","containers":[{"name":"nginx"}]},"status":{"phase":"Running","containerStatuses":[{"name":"nginx","containerID":"containerd://{{{{container}}}}","ready":true}]}}
        """;

    private ClusterAccess Access(Uri url) => new(url, _directory["token"], _directory["ca.crt"], IsUnchecked: false);

    private KubernetesApiPods Source(TestApiServer server) => Source(server.Url);

    private KubernetesApiPods Source(Uri url) => new(Access(url), "node-1", _clock) { Patience = TimeSpan.FromMinutes(1), WatchTime = TimeSpan.FromMinutes(5) };

    public void Dispose()
    {
        _directory.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    /// <summary>A source that is listened to.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<NameAnswer> _answers = [];
        private readonly Task _watching;
        private volatile NameCatalogue _names = NameCatalogue.Empty;

        private Watch(KubernetesApiPods source) => _watching = source.WatchAsync(Hear, _stop.Token);

        public IReadOnlyCollection<NameAnswer> Answers => _answers;

        public NameAnswer Last => _answers.LastOrDefault();

        public NameCatalogue Names => _names;

        public static Watch Start(KubernetesApiPods source) => new(source);

        public Task UntilAsync(Func<NameCatalogue, bool> isReached) => Eventually.HoldsAsync(() => !_answers.IsEmpty && isReached(_names));

        private void Hear(NameAnswer answer)
        {
            _names = answer.Catalogue ?? _names;
            _answers.Enqueue(answer);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching.WaitAsync(TimeSpan.FromSeconds(30));
            _stop.Dispose();
        }
    }
}
