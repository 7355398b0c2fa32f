using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A target for Prometheus that always answers the same: it stands in for exporters that a machine without a cluster does not have.</summary>
internal sealed class TextTarget : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TextTarget(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public static async Task<TextTarget> StartAsync(string text)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        TextTarget target = new(builder.Build());
        target._app.Run(context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4";
            return context.Response.WriteAsync(text);
        });
        await target._app.StartAsync(TestContext.Current.CancellationToken);
        return target;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
