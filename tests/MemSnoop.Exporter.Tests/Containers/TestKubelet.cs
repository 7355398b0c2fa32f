using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>A kubelet's server in this process, over real TLS: it checks the token and answers <c>/pods</c>.</summary>
internal sealed class TestKubelet : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestKubelet(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>The token that it takes; another one is refused with 401.</summary>
    public string Token { get; set; } = "first-token";

    /// <summary>What it answers.</summary>
    public string Pods { get; set; } = """{"kind":"PodList","apiVersion":"v1","items":[]}""";

    /// <summary>Answers in place of the list.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    /// <summary>How many requests came, those that were refused included.</summary>
    public int Requests { get; private set; }

    public static async Task<TestKubelet> StartAsync(X509Certificate2 certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        TestKubelet kubelet = new(builder.Build());
        kubelet._app.Run(kubelet.ServeAsync);
        await kubelet._app.StartAsync(TestContext.Current.CancellationToken);
        return kubelet;
    }

    private async Task ServeAsync(HttpContext context)
    {
        Requests++;
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (context.Request.Path != "/pods" || context.Request.Method != "GET")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (Answer is not null)
        {
            await Answer(context);
        }
        else
        {
            await context.Response.WriteAsync(Pods);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
