using MemSnoop.Containers;

namespace MemSnoop.Tests.Containers;

/// <summary>The kubelet's links to the logs of containers.</summary>
public sealed class LogLinksTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData($"web-5d4f_shop_nginx-{A}.log", "shop", "web-5d4f", "nginx")]
    [InlineData($"web.v2_shop_side-car-2-{A}.log", "shop", "web.v2", "side-car-2")]
    [InlineData($"kube-proxy-x_kube-system_kube-proxy-{A}.log", "kube-system", "kube-proxy-x", "kube-proxy")]
    [InlineData($"web_shop_nginx-{A}.txt", null, null, null)]
    [InlineData($"web_shop_nginx_{A}.log", null, null, null)]
    [InlineData($"web_nginx-{A}.log", null, null, null)]
    [InlineData($"a_web_shop_nginx-{A}.log", null, null, null)]
    [InlineData($"web_shop_-{A}.log", null, null, null)]
    [InlineData($"_shop_nginx-{A}.log", null, null, null)]
    [InlineData($"web_SHOP_nginx-{A}.log", null, null, null)]
    [InlineData($"web_sh\nop_nginx-{A}.log", null, null, null)]
    [InlineData($"web_sh\"op_nginx-{A}.log", null, null, null)]
    [InlineData(A + ".log", null, null, null)]
    [InlineData("-" + A + ".log", null, null, null)]
    [InlineData(".log", null, null, null)]
    public void A_link_names_its_container(string link, string? space, string? pod, string? container)
    {
        NameCatalogue catalogue = new();
        LogLinks.AddLink(link, catalogue);

        ContainerNames? found = catalogue.Find(A);
        Assert.Equal((space, pod, container), (found?.Namespace, found?.Pod, found?.Container));
    }

    [Theory]
    [InlineData($"/var/log/pods/shop_web_{Uid}/nginx/0.log", true)]
    [InlineData($"../pods/shop_web_{Uid}/nginx/12.log", true)]
    [InlineData($"/var/log/pods/shop_web/nginx/0.log", false)]
    [InlineData($"/var/log/pods/shop_we\"b_{Uid}/nginx/0.log", false)]
    [InlineData("/var/log/pods/shop_web_not-a-uid/nginx/0.log", false)]
    [InlineData("/", false)]
    [InlineData("", false)]
    public void Where_a_link_leads_names_its_pod(string target, bool isKnown)
    {
        NameCatalogue catalogue = new();
        LogLinks.AddTarget(target, catalogue);

        Assert.Equal(isKnown ? PodNames.Of("shop", "web") : null, catalogue.FindPod(Uid));
    }

    [Fact]
    public void The_links_of_a_directory_are_read_whether_or_not_they_lead_somewhere()
    {
        string pod = $"shop_web_{Uid}";
        _directory.Write($"pods/{pod}/nginx/0.log", "");
        Directory.CreateDirectory(_directory["containers"]);
        File.CreateSymbolicLink(_directory[$"containers/web_shop_nginx-{A}.log"], _directory[$"pods/{pod}/nginx/0.log"]);
        File.CreateSymbolicLink(_directory[$"containers/api_shop_main-{A[..63]}0.log"], "/gone/shop_api_0a1b2c3d4e5f60718293a4b5c6d7e8f9/main/0.log");
        _directory.Write("containers/readme", "");

        NameAnswer answer = new LogLinks(_directory["containers"]).Read();

        Assert.Equal(("ok", 2), (answer.Reason, answer.Catalogue!.Count));
        Assert.Equal(new ContainerNames("shop", "web", "nginx"), answer.Catalogue.Find(A));
        Assert.Equal(PodNames.Of("shop", "web"), answer.Catalogue.FindPod(Uid));
        Assert.Equal(PodNames.Of("shop", "api"), answer.Catalogue.FindPod("0a1b2c3d4e5f60718293a4b5c6d7e8f9"));
        Assert.Null(answer.Catalogue.FindPod("0a1b2c3d4e5f60718293a4b5c6d7e8f8"));
    }

    [Fact]
    public void A_name_that_the_kubelet_cut_tells_the_pod_alone()
    {
        string pod = new('a', 200);
        string link = $"{pod}_shop_nginx-{A}"[..251] + ".log";
        Directory.CreateDirectory(_directory["containers"]);
        File.CreateSymbolicLink(_directory[$"containers/{link}"], $"/var/log/pods/shop_{pod}_{Uid}/nginx/0.log");

        NameCatalogue catalogue = new LogLinks(_directory["containers"]).Read().Catalogue!;

        Assert.Equal(0, catalogue.Count);
        Assert.Equal(PodNames.Of("shop", pod), catalogue.FindPod(Uid));
    }

    [Fact]
    public void What_is_no_directory_of_links_says_so()
    {
        Assert.Equal("not_found", new LogLinks(_directory["nowhere"]).Read().Reason);
        Assert.Equal("not_found", new LogLinks(_directory.Write("file", "")).Read().Reason);
    }

    public void Dispose() => _directory.Dispose();
}
