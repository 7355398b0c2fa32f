using MemSnoop.Metrics.Configuration;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>A receiver in this process, over real connections: it decodes what arrives and answers as it is told.</summary>
internal sealed class TestReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestReceiver(WebApplication app)
    {
        _app = app;
    }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Messages that were answered well.</summary>
    public ConcurrentQueue<OtlpMessage> Messages { get; } = [];

    /// <summary>All requests: their path, and their headers.</summary>
    public ConcurrentQueue<(string Path, IHeaderDictionary Headers)> Requests { get; } = [];

    /// <summary>Gives an answer in place of a good one; false when it gives none.</summary>
    public Func<HttpContext, Task<bool>> Answer { get; set; } = static _ => Task.FromResult(false);

    /// <summary>What a good answer says of points that were rejected: an <c>ExportMetricsServiceResponse</c>.</summary>
    public byte[] Response { get; set; } = [];

    public static async Task<TestReceiver> StartAsync(
        OtlpProtocol protocol = OtlpProtocol.HttpProtobuf, X509Certificate2? certificate = null, X509Certificate2? clientAuthority = null, int port = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = protocol == OtlpProtocol.Grpc ? HttpProtocols.Http2 : HttpProtocols.Http1;
                if (certificate is not null)
                {
                    listen.UseHttps(https =>
                    {
                        https.ServerCertificate = certificate;
                        https.SslProtocols = SslProtocols.None;
                        if (clientAuthority is not null)
                        {
                            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                            https.ClientCertificateValidation = (shown, _, _) => shown.IssuerName.RawData.AsSpan().SequenceEqual(clientAuthority.SubjectName.RawData);
                        }
                    });
                }
            });
        });
        TestReceiver receiver = new(builder.Build());
        receiver._app.Run(receiver.ReceiveAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The points of all messages so far.</summary>
    public IEnumerable<OtlpPoint> Points => Messages.SelectMany(static message => message.Points);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        Requests.Enqueue((context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary())));
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        if (await Answer(context))
        {
            return;
        }

        bool isGrpc = context.Request.ContentType == "application/grpc";
        Messages.Enqueue(OtlpDecoder.Decode(isGrpc ? Unframe(body.ToArray()) : context.Request.Headers.ContentEncoding == "gzip" ? Unzip(body.ToArray()) : body.ToArray()));
        context.Response.ContentType = isGrpc ? "application/grpc" : "application/x-protobuf";
        if (isGrpc)
        {
            byte[] frame = [0, 0, 0, 0, (byte)Response.Length, .. Response];
            await context.Response.Body.WriteAsync(frame);
            context.Response.AppendTrailer("grpc-status", "0");
        }
        else
        {
            await context.Response.Body.WriteAsync(Response);
        }
    }

    private static byte[] Unframe(byte[] frame) => frame[0] == 0 ? frame[5..] : Unzip(frame[5..]);

    private static byte[] Unzip(byte[] zipped)
    {
        using GZipStream stream = new(new MemoryStream(zipped), CompressionMode.Decompress);
        using MemoryStream plain = new();
        stream.CopyTo(plain);
        return plain.ToArray();
    }
}
