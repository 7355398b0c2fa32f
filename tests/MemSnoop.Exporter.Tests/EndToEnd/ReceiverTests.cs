using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The receivers themselves, with the exporter of OpenTelemetry's SDK alone: what the other tests of push take for granted.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class ReceiverTests
{
    [Theory]
    [InlineData(OtlpExportProtocol.Grpc, false)]
    [InlineData(OtlpExportProtocol.Grpc, true)]
    [InlineData(OtlpExportProtocol.HttpProtobuf, false)]
    [InlineData(OtlpExportProtocol.HttpProtobuf, true)]
    public async Task Every_message_is_decoded_whole(OtlpExportProtocol protocol, bool secure)
    {
        using Certificates certificates = new();
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(secure ? certificates : null, requiresClientCertificate: secure);
        using Meter meter = MakeMeter();
        Uri endpoint = protocol == OtlpExportProtocol.Grpc ? receiver.Grpc : new Uri(receiver.Http, "/v1/metrics");
        using MeterProvider provider = Provide(meter, endpoint, protocol, secure ? certificates : null);

        Assert.True(provider.ForceFlush());
        OtlpMessage message = await receiver.MessageAsync(static _ => true);
        Assert.Equal(protocol == OtlpExportProtocol.Grpc ? "grpc" : "http", message.Protocol);
        Assert.Equal("a test", message.Resource["service.name"]);
        OtlpPoint level = Assert.Single(message.Points, static point => point.Metric == "sample.level");
        Assert.Equal(("By", "", 12345678901234567d, "a\"b"), (level.Unit, level.Temporality, level.Value, level.Attributes["comm"]));
        Assert.True(level.IsOf(42));
        OtlpPoint time = Assert.Single(message.Points, static point => point.Metric == "sample.time");
        Assert.Equal(("s", "CUMULATIVE", 0.125), (time.Unit, time.Temporality, time.Value));
        Assert.True(time.Start > 0 && time.Time > time.Start);
    }

    [Theory]
    [InlineData(OtlpExportProtocol.Grpc, OtlpReceiver.Unauthenticated)]
    [InlineData(OtlpExportProtocol.HttpProtobuf, 401)]
    public async Task A_receiver_refuses_hangs_dies_and_comes_back_as_told(OtlpExportProtocol protocol, int status)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        using Meter meter = MakeMeter();
        Uri endpoint = protocol == OtlpExportProtocol.Grpc ? receiver.Grpc : new Uri(receiver.Http, "/v1/metrics");
        using MeterProvider provider = Provide(meter, endpoint, protocol, certificates: null);

        await receiver.AnswerAsync(status: status);
        provider.ForceFlush();
        await Eventually.HoldsAsync(() => receiver.Requests.Any());
        Assert.Equal(status, receiver.Requests.Single().Status);

        await receiver.AnswerAsync(delay: TimeSpan.FromSeconds(2));
        provider.ForceFlush();                       // gives up after a second, and the receiver notices
        await Eventually.HoldsAsync(() => receiver.Requests.Count() == 2);
        Assert.Equal(-1, receiver.Requests.Last().Status);

        await receiver.StopAsync();
        provider.ForceFlush();
        await receiver.StartAgainAsync();
        provider.ForceFlush();
        await receiver.MessageAsync(static message => message.Points.Count == 2);
        Assert.Equal(1, receiver.Taken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task VictoriaMetrics_takes_it_under_the_names_of_Prometheus_and_keeps_it_over_a_stop(bool secure)
    {
        using Certificates certificates = new();
        await using VictoriaMetrics server = await VictoriaMetrics.StartAsync(secure ? certificates : null);
        using Meter meter = MakeMeter();
        Uri endpoint = new((secure ? server.SecureEndpoint : server.Endpoint) + "/v1/metrics");
        using MeterProvider provider = Provide(meter, endpoint, OtlpExportProtocol.HttpProtobuf, secure ? certificates : null);

        Assert.True(provider.ForceFlush());
        Assert.Equal(2, await server.RowsAsync());
        await server.FlushAsync();
        Assert.Equal(0.125, await server.NumberAsync("sample_time_seconds_total"));
        Assert.Equal(12345678901234567d, await server.NumberAsync("sample_level_bytes{pid=\"42\",comm=\"a\\\"b\"}"), 1e-10 * 12345678901234567d);

        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.Equal(0, await server.RowsAsync());
        Assert.Equal(0.125, await server.NumberAsync("sample_time_seconds_total"));
    }

    private static Meter MakeMeter()
    {
        Meter meter = new("Receivers." + Guid.NewGuid());
        meter.CreateObservableGauge("sample.level", () => new Measurement<long>(12345678901234567, new("pid", 42), new("comm", "a\"b")), "By", "Level.");
        meter.CreateObservableCounter("sample.time", () => 0.125, "s", "Time.");
        return meter;
    }

    private static MeterProvider Provide(Meter meter, Uri endpoint, OtlpExportProtocol protocol, Certificates? certificates) =>
        Sdk.CreateMeterProviderBuilder()
            .AddMeter(meter.Name)
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("a test"))
            .AddOtlpExporter((options, reader) =>
            {
                options.Endpoint = endpoint;
                options.Protocol = protocol;
                options.TimeoutMilliseconds = 1000;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = int.MaxValue;
                if (certificates is not null)
                {
                    options.HttpClientFactory = () => new HttpClient(Trusting(certificates));
                }
            })
            .Build();

    private static SocketsHttpHandler Trusting(Certificates certificates)
    {
        SocketsHttpHandler handler = new();
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificates.Client.Certificate, certificates.Client.Key)];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(certificates.Authority);
        return handler;
    }
}
