using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MemSnoop.Containers;
using MemSnoop.Exporter.Tests.Otlp;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>What is known of containers, what is looked for, and how often.</summary>
public sealed class ContainerNamingTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    private readonly TemporaryDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly StateLog _log = new();

    public ContainerNamingTests() => Directory.CreateDirectory(_directory["containers"]);

    [Fact]
    public async Task A_name_that_is_not_known_yet_is_found_in_the_background()
    {
        using ContainerNaming naming = Naming();
        ContainerIdentity container = OfPod(A);
        Assert.Equal(new NamedContainer(A, ContainerNames.None, IsFinal: false), naming.Find(container, "nginx"));
        Assert.Equal(TimeSpan.Zero, naming.Due());

        Link(A, "nginx");
        await naming.ReadOnceAsync(Cancellation);

        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", "nginx"), IsFinal: true), naming.Find(container, "nginx"));
        Assert.Equal(0, naming.MissCount);
    }

    [Fact]
    public async Task The_process_that_holds_the_namespaces_is_known_once_the_names_of_its_pod_are()
    {
        Link(B, "nginx");
        using ContainerNaming naming = Naming();
        naming.Begin();

        // A container whose link is not there yet is not taken for it, whatever its program is called.
        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", ""), IsFinal: false), naming.Find(OfPod(A), "pause"));
        await naming.ReadOnceAsync(Cancellation);

        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", ""), IsFinal: false), naming.Find(OfPod(A), "nginx"));
        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", "POD"), IsFinal: true), naming.Find(OfPod(A), "pause"));
        Assert.Equal(0, naming.MissCount);
    }

    [Fact]
    public void A_monitor_in_the_group_of_a_pod_has_the_names_of_the_pod()
    {
        Link(B, "nginx");
        using ContainerNaming naming = Naming();
        naming.Begin();

        Assert.Equal(new NamedContainer("", new ContainerNames("shop", "web", ""), IsFinal: true), naming.Find(OfPod(""), "conmon"));
    }

    [Fact]
    public void Of_nested_containers_the_one_with_a_name_counts()
    {
        Link(A, "node");
        ContainerIdentity inner = Membership.Parse(Encoding.UTF8.GetBytes(
            $"0::/kubepods/pod{Uid}/{A}/kubelet/kubepods/pod99992222-3333-4444-5555-666677778888/{B}\n")).Container;
        using ContainerNaming naming = Naming();
        Assert.Equal((B, B), (naming.Find(inner, "nginx").Id, naming.IdOf(inner)));

        naming.Begin();

        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", "node"), IsFinal: true), naming.Find(inner, "nginx"));
        Assert.Equal(A, naming.IdOf(inner));
    }

    [Fact]
    public void A_process_of_the_host_asks_nobody()
    {
        using ContainerNaming naming = Naming();
        Assert.Equal(NamedContainer.None, naming.Find(ContainerIdentity.None, "sshd"));
        Assert.Equal(0, naming.MissCount);
    }

    [Fact]
    public async Task What_no_source_knows_is_looked_for_less_and_less_often_and_forgotten_when_nobody_asks()
    {
        using ContainerNaming naming = Naming();
        naming.Find(OfPod(A), "nginx");
        List<double> waits = [];
        for (int i = 0; i < 9; i++)
        {
            await naming.ReadOnceAsync(Cancellation);
            waits.Add(naming.Due().TotalSeconds);
            _clock.Advance(naming.Due());
            naming.Find(OfPod(A), "nginx");
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], waits);

        // Another one is looked for as soon as the source may be read.
        naming.Find(OfPod(B), "nginx");
        Assert.Equal(TimeSpan.Zero, naming.Due());

        _clock.Advance(TimeSpan.FromMinutes(6));
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal(0, naming.MissCount);
    }

    [Fact]
    public async Task However_many_containers_begin_the_directory_is_read_once_a_second()
    {
        using ContainerNaming naming = Naming();
        naming.Find(OfPod(A), "nginx");
        await naming.ReadOnceAsync(Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(0.25));

        naming.Find(OfPod(B), "nginx");

        Assert.Equal(0.75, naming.Due().TotalSeconds);
    }

    /// <summary>Twenty containers a second for a minute, each with a link for as long as it lives.</summary>
    [Fact]
    public async Task Containers_that_come_and_go_get_right_names_and_leave_nothing_behind()
    {
        using ContainerNaming naming = Naming();
        naming.Begin();
        for (int second = 0; second < 60; second++)
        {
            string[] ids = [.. Enumerable.Range(second * 20, 20).Select(static number => number.ToString("x64", CultureInfo.InvariantCulture))];
            foreach (string id in ids)
            {
                Link(id, $"c{id[^4..]}");
                Assert.False(naming.Find(OfPod(id), "sleep").IsFinal);
            }

            await naming.ReadOnceAsync(Cancellation);
            foreach (string id in ids)
            {
                Assert.Equal(new ContainerNames("shop", "web", $"c{id[^4..]}"), naming.Find(OfPod(id), "sleep").Names);
                File.Delete(LinkPath(id, $"c{id[^4..]}"));
            }

            // Some end before anybody saw a link of theirs.
            naming.Find(OfPod(ids[0][..63] + "f"), "sleep");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        _clock.Advance(TimeSpan.FromMinutes(5));
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal(0, naming.MissCount);
        Assert.False(naming.Find(OfPod(0.ToString("x64", CultureInfo.InvariantCulture)), "sleep").IsFinal);
    }

    [Fact]
    public void Ids_without_end_are_not_all_remembered()
    {
        using ContainerNaming naming = Naming();
        for (int i = 0; i < 12_000; i++)
        {
            naming.Find(OfPod(i.ToString("x64", CultureInfo.InvariantCulture)), "sleep");
        }

        Assert.Equal(10_000, naming.MissCount);
    }

    [Fact]
    public async Task The_kubelet_is_asked_for_what_links_do_not_tell_and_says_once_how_it_fares()
    {
        using TestAuthority authority = new("cluster");
        using X509Certificate2 certificate = authority.IssueForServer("127.0.0.1");
        await using TestKubelet kubelet = await TestKubelet.StartAsync(certificate);
        kubelet.Pods = Pod(A);
        Link(B, "sidecar");
        ClusterAccess access = new(kubelet.Url, _directory.Write("token", "first-token"), _directory.Write("ca.crt", authority.Pem), IsUnchecked: false);
        using ContainerNaming naming = new([new LogLinks(_directory["containers"]), new KubeletPods(access) { Patience = TimeSpan.FromMinutes(1) }], _clock, _log);
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal([new("log_links", "on", "ok"), new("kubelet", "on", "ok")], naming.States);
        Assert.Equal(1, kubelet.Requests);

        // The link is enough.
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("sidecar", naming.Find(OfPod(B), "x").Names.Container);
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal(1, kubelet.Requests);
        Assert.Equal("nginx", naming.Find(OfPod(A), "x").Names.Container);

        // It refuses: what it has said stays true, and one line tells.
        kubelet.Token = "other";
        string[] unknown = [.. Enumerable.Range(0, 3).Select(static number => number.ToString("x64", CultureInfo.InvariantCulture))];
        foreach (string id in unknown)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            Assert.False(naming.Find(OfPod(id), "x").IsFinal);
            await naming.ReadOnceAsync(Cancellation);
        }

        Assert.Equal(4, kubelet.Requests);
        Assert.Equal(new MethodState("kubelet", "unavailable", "unauthorized"), naming.States[1]);
        Assert.Equal("nginx", naming.Find(OfPod(A), "x").Names.Container);

        // Right after that it is left alone, and nothing is concluded from that.
        naming.Find(OfPod(3.ToString("x64", CultureInfo.InvariantCulture)), "pause");
        _clock.Advance(TimeSpan.FromSeconds(2));
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal(4, kubelet.Requests);
        Assert.False(naming.Find(OfPod(3.ToString("x64", CultureInfo.InvariantCulture)), "pause").IsFinal);

        kubelet.Token = "first-token";
        kubelet.Pods = Pod(unknown[0]);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await naming.ReadOnceAsync(Cancellation);
        Assert.Equal("nginx", naming.Find(OfPod(unknown[0]), "x").Names.Container);
        Assert.Equal(
            [
                $"names of containers from log_links: 1 containers in {_directory["containers"]}", "names of containers from kubelet: 1 pods by the kubelet",
                $"no names of containers from kubelet, so labels can stay empty: {kubelet.Url.GetLeftPart(UriPartial.Authority)} does not take the token of {_directory["token"]} (401)",
                "names of containers from kubelet: 1 pods by the kubelet",
            ],
            _log.Lines);
    }

    /// <summary>By the clock of the machine and the thread of the service: what the API server tells answers who asked before.</summary>
    [Fact]
    public async Task The_API_server_tells_by_itself()
    {
        using TestAuthority authority = new("cluster");
        using X509Certificate2 certificate = authority.IssueForServer("127.0.0.1");
        await using TestApiServer server = await TestApiServer.StartAsync(certificate);
        ClusterAccess access = new(server.Url, _directory.Write("token", "first-token"), _directory.Write("ca.crt", authority.Pem), IsUnchecked: false);
        using ContainerNaming naming = new([new LogLinks(_directory["containers"]), new KubernetesApiPods(access, "node-1", TimeProvider.System)], TimeProvider.System, _log);
        Assert.Equal(new MethodState("kubernetes_api", "off", "not_read"), naming.States[1]);
        await naming.StartAsync(Cancellation);
        await Eventually.HoldsAsync(() => server.Watching == 1);
        Assert.False(naming.Find(OfPod(A), "nginx").IsFinal);
        Assert.Equal(1, naming.MissCount);

        server.Put(Uid, $$$$"""{"metadata":{"name":"web","namespace":"shop","uid":"{{{{Uid}}}}","resourceVersion":"VERSION"},"status":{"containerStatuses":[{"name":"nginx","containerID":"containerd://{{{{A}}}}"}]}}""");

        await Eventually.HoldsAsync(() => naming.MissCount == 0);
        Assert.Equal(new NamedContainer(A, new ContainerNames("shop", "web", "nginx"), IsFinal: true), naming.Find(OfPod(A), "nginx"));
        Assert.Equal([new("log_links", "on", "ok"), new("kubernetes_api", "on", "ok")], naming.States);

        await naming.StopAsync(Cancellation);
        Assert.True(naming.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(
            [$"names of containers from log_links: 0 containers in {_directory["containers"]}", "names of containers from kubernetes_api: 0 pods of node-1 by the API server"],
            _log.Lines.Order(StringComparer.Ordinal).Reverse());
    }

    /// <summary>By the clock of the machine and the thread of the service.</summary>
    [Fact]
    public async Task A_question_wakes_the_search()
    {
        using ContainerNaming naming = new([new LogLinks(_directory["containers"])], TimeProvider.System, _log);
        await naming.StartAsync(Cancellation);
        Link(A, "nginx");

        await Eventually.ReachesAsync(() => naming.Find(OfPod(A), "nginx"), static found => found.IsFinal);

        await naming.StopAsync(Cancellation);
        Assert.True(naming.ExecuteTask!.IsCompletedSuccessfully);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static ContainerIdentity OfPod(string id) => Membership.Parse(Encoding.UTF8.GetBytes($"0::/kubepods/burstable/pod{Uid}/{id}\n")).Container;

    private ContainerNaming Naming() => new([new LogLinks(_directory["containers"])], _clock, _log);

    private string LinkPath(string id, string container) => _directory[$"containers/web_shop_{container}-{id}.log"];

    private void Link(string id, string container) => File.CreateSymbolicLink(LinkPath(id, container), $"/var/log/pods/shop_web_{Uid}/{container}/0.log");

    private static string Pod(string id) =>
        $$$$"""{"items":[{"metadata":{"name":"web","namespace":"shop","uid":"{{{{Uid}}}}"},"status":{"containerStatuses":[{"name":"nginx","containerID":"containerd://{{{{id}}}}"}]}}]}""";

    public void Dispose() => _directory.Dispose();
}
