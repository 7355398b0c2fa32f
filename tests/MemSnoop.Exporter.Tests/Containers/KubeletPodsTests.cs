using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MemSnoop.Containers;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>A kubelet's answer over TLS: what is taken from it, and what becomes of one that refuses, stalls or lies.</summary>
public sealed class KubeletPodsTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string C = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string D = "2222222222222222222222222222222222222222222222222222222222222222";
    private const string Uid = "11112222-3333-4444-5555-666677778888";
    private const string Hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    /// <summary>As a kubelet writes it: with much that is of no use here, an init container, one for debugging, a static pod as the API server shows it, and one that waits.</summary>
    private const string List = $$$$"""
        {"kind":"PodList","apiVersion":"v1","metadata":{},"items":[
          {"metadata":{"name":"web-5d4f","namespace":"shop","uid":"{{{{Uid}}}}","labels":{"app":"web"},"annotations":{"note":"{\"a\":[1]}"},"managedFields":[{"x":{"f:a":{}}}]},
           "spec":{"containers":[{"name":"nginx","image":"nginx","env":[{"name":"A","value":"1"}]}]},
           "status":{"phase":"Running",
             "initContainerStatuses":[{"name":"prepare","containerID":"containerd://{{{{B}}}}","state":{"terminated":{"exitCode":0}}}],
             "containerStatuses":[{"name":"nginx","containerID":"containerd://{{{{A}}}}","ready":true},{"name":"waits","containerID":"","state":{"waiting":{}}},{"name":"new"}],
             "ephemeralContainerStatuses":[{"name":"debugger-x","containerID":"cri-o://{{{{C}}}}"}]}},
          {"metadata":{"name":"etcd-node","namespace":"kube-system","uid":"99992222-3333-4444-5555-666677778888",
             "annotations":{"kubernetes.io/config.hash":"{{{{Hash}}}}","kubernetes.io/config.mirror":"{{{{Hash}}}}"}},
           "status":{"containerStatuses":[{"name":"etcd","containerID":"docker://{{{{D}}}}"}]}},
          {"metadata":{"name":"waits","namespace":"shop","uid":"88882222-3333-4444-5555-666677778888"},"status":{"phase":"Pending"}}]}
        """;

    private readonly TestAuthority _authority = new("cluster");
    private readonly TemporaryDirectory _directory = new();
    private readonly X509Certificate2 _certificate;

    public KubeletPodsTests()
    {
        _certificate = _authority.IssueForServer("127.0.0.1");
        _directory.Write("token", "first-token\n");
        _directory.Write("ca.crt", _authority.Pem);
    }

    [Fact]
    public async Task Every_kind_of_container_has_its_names()
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        kubelet.Pods = List;

        NameAnswer answer = await ReadAsync(kubelet);

        Assert.Equal(("ok", "3 pods by the kubelet"), (answer.Reason, answer.Explanation));
        NameCatalogue names = answer.Catalogue!;
        Assert.Equal(new ContainerNames("shop", "web-5d4f", "nginx"), names.Find(A));
        Assert.Equal(new ContainerNames("shop", "web-5d4f", "prepare"), names.Find(B));
        Assert.Equal(new ContainerNames("shop", "web-5d4f", "debugger-x"), names.Find(C));
        Assert.Equal(new ContainerNames("kube-system", "etcd-node", "etcd"), names.Find(D));
        Assert.Equal(4, names.Count);
        Assert.Equal(PodNames.Of("shop", "web-5d4f"), names.FindPod(Uid));
        Assert.Equal(PodNames.Of("kube-system", "etcd-node"), names.FindPod(Hash));
    }

    [Fact]
    public async Task A_token_that_was_replaced_is_read_anew()
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        KubeletPods pods = Pods(kubelet);
        Assert.Equal("ok", (await pods.ReadAsync(Cancellation)).Reason);

        // It has expired, and the new one is not there yet.
        kubelet.Token = "second.token_with-all~kinds+of/characters=";
        NameAnswer refused = await pods.ReadAsync(Cancellation);
        Assert.Equal("unauthorized", refused.Reason);
        Assert.Contains("(401)", refused.Explanation, StringComparison.Ordinal);

        _directory.Write("token", kubelet.Token);
        Assert.Equal("ok", (await pods.ReadAsync(Cancellation)).Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n")]
    [InlineData("two\nlines")]
    [InlineData("töken")]
    [InlineData(null)]
    public async Task Without_a_token_nobody_is_asked(string? token)
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        if (token is null)
        {
            File.Delete(_directory["token"]);
        }
        else
        {
            _directory.Write("token", token);
        }

        Assert.Equal("no_token", (await ReadAsync(kubelet)).Reason);
        Assert.Equal(0, kubelet.Requests);
    }

    [Fact]
    public async Task The_kubelet_is_trusted_by_the_given_authority_alone_and_by_its_name()
    {
        using TestAuthority other = new("another");
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        _directory.Write("other.crt", other.Pem);
        Assert.Equal("tls", (await Pods(kubelet, certificate: _directory["other.crt"]).ReadAsync(Cancellation)).Reason);
        Assert.Equal("tls", (await Pods(kubelet, certificate: "").ReadAsync(Cancellation)).Reason);
        Assert.Equal("no_certificate", (await Pods(kubelet, certificate: _directory["token"]).ReadAsync(Cancellation)).Reason);
        Assert.Equal("no_certificate", (await Pods(kubelet, certificate: _directory["nowhere"]).ReadAsync(Cancellation)).Reason);

        using X509Certificate2 elsewhere = _authority.IssueForServer("elsewhere.example");
        await using TestKubelet stranger = await TestKubelet.StartAsync(elsewhere);
        Assert.Equal("tls", (await ReadAsync(stranger)).Reason);
        Assert.Equal((0, 0), (kubelet.Requests, stranger.Requests));

        // Only who asks for it trusts anybody.
        Assert.Equal("ok", (await Pods(stranger, isUnchecked: true).ReadAsync(Cancellation)).Reason);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "forbidden")]
    [InlineData(HttpStatusCode.NotFound, "refused")]
    [InlineData(HttpStatusCode.InternalServerError, "refused")]
    [InlineData(HttpStatusCode.Found, "refused")]
    public async Task A_refusal_has_its_reason(HttpStatusCode status, string reason)
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        kubelet.Answer = context =>
        {
            context.Response.StatusCode = (int)status;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        };

        NameAnswer answer = await ReadAsync(kubelet);

        Assert.Equal((reason, (NameCatalogue?)null), (answer.Reason, answer.Catalogue));
        Assert.Equal(1, kubelet.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("""{"items":7}""")]
    [InlineData("""{"items":[{"metadata":{"name":7}}]}""")]
    [InlineData("""{"items":[{"metadata":{"name":"web","namespace":"shop"}""")]
    public async Task What_is_no_list_of_pods_is_malformed(string answer)
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        kubelet.Pods = answer;

        Assert.Equal("malformed", (await ReadAsync(kubelet)).Reason);
    }

    /// <summary>Names of a wrong form would become labels; what is missing may be missing.</summary>
    [Fact]
    public async Task A_kubelet_that_lies_names_nothing()
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        string endless = new('a', 10_000);
        string[] names = ["", "Web", "we\\\"b", "we\\nb", "we{b}", endless, "\\u0000", "wéb"];
        kubelet.Pods = $$$$"""
            {"items":[null,{},{"metadata":null},{"metadata":{},"status":{}},{"metadata":{"name":"web","namespace":"shop","uid":"x"},"status":{"containerStatuses":null}},
              {{{{string.Join(',', names.Select(name => Pod(name, "shop", "nginx")))}}}},
              {{{{string.Join(',', names.Select(name => Pod("web", name, "nginx")))}}}},
              {{{{string.Join(',', names.Select(name => Pod("web", "shop", name)))}}}},
              {"metadata":{"name":"web","namespace":"shop","uid":"{{{{Uid}}}}x"},"status":{"containerStatuses":[null,{"name":"nginx","containerID":"containerd://{{{{A[1..]}}}}"},
                {"name":"nginx","containerID":"{{{{A}}}}://"},{"name":"nginx","containerID":"://{{{{B}}}}"}]}}]}
            """;

        NameAnswer answer = await ReadAsync(kubelet);

        Assert.Equal("ok", answer.Reason);
        Assert.Equal((0, (PodNames?)null), (answer.Catalogue!.Count, answer.Catalogue.FindPod(Uid)));

        static string Pod(string pod, string space, string container) =>
            $$$$"""{"metadata":{"name":"{{{{pod}}}}","namespace":"{{{{space}}}}"},"status":{"containerStatuses":[{"name":"{{{{container}}}}","containerID":"containerd://{{{{A}}}}"}]}}""";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fifty_megabytes_are_not_taken_in(bool hasLength)
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        kubelet.Answer = async context =>
        {
            if (hasLength)
            {
                context.Response.ContentLength = 50 << 20;
            }

            // Who wants more than the limit, or more than the headers if they tell the length, waits for ever.
            byte[] block = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
            for (int left = hasLength ? 1 : (ClusterClient.MostBytes >> 20) + 1; left > 0; left--)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };

        NameAnswer answer = await Pods(kubelet, patience: TimeSpan.FromMinutes(1)).ReadAsync(Cancellation);

        Assert.Equal("too_large", answer.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_does_not_end_is_given_up(bool hasBegun)
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        kubelet.Answer = async context =>
        {
            if (hasBegun)
            {
                await context.Response.WriteAsync("""{"items":[""", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };

        NameAnswer answer = await Pods(kubelet, patience: TimeSpan.FromSeconds(0.5)).ReadAsync(Cancellation);

        Assert.Equal("timeout", answer.Reason);
    }

    [Fact]
    public async Task A_connection_that_breaks_or_is_not_made_is_unreachable()
    {
        TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        await using (kubelet)
        {
            kubelet.Answer = async context =>
            {
                await context.Response.WriteAsync("""{"items":[""", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                context.Abort();
            };
            Assert.Equal("unreachable", (await ReadAsync(kubelet)).Reason);
        }

        Assert.Equal("unreachable", (await Pods(new Uri($"https://127.0.0.1:{FreePort.Next()}")).ReadAsync(Cancellation)).Reason);
    }

    [Fact]
    public async Task Who_stops_does_not_wait_for_an_answer()
    {
        await using TestKubelet kubelet = await TestKubelet.StartAsync(_certificate);
        using CancellationTokenSource stop = new();
        kubelet.Answer = async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Pods(kubelet, patience: TimeSpan.FromHours(1)).ReadAsync(stop.Token));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<NameAnswer> ReadAsync(TestKubelet kubelet) => Pods(kubelet).ReadAsync(Cancellation);

    private KubeletPods Pods(TestKubelet kubelet, string? certificate = null, bool isUnchecked = false, TimeSpan? patience = null) =>
        new(new ClusterAccess(kubelet.Url, _directory["token"], certificate == "" ? null : certificate ?? _directory["ca.crt"], isUnchecked))
        {
            Patience = patience ?? TimeSpan.FromMinutes(1),
        };

    private KubeletPods Pods(Uri url) => new(new ClusterAccess(url, _directory["token"], _directory["ca.crt"], IsUnchecked: false));

    public void Dispose()
    {
        _directory.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }
}
