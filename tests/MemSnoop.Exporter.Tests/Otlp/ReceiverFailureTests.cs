using MemSnoop.Metrics.Configuration;
using System.Diagnostics;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Receivers that are slow, down, refuse, or come back.</summary>
public class ReceiverFailureTests
{
    public static TheoryData<string, int, string, string> Refusals => new()
    {
        { "http/protobuf", 401, "", "HTTP 401 Unauthorized" },
        { "http/protobuf", 404, "", "HTTP 404 Not Found" },
        { "grpc", 200, "16|no such token", "gRPC UNAUTHENTICATED: 'no such token'" },
        { "grpc", 200, "12", "gRPC UNIMPLEMENTED" },
        { "grpc", 200, "8", "gRPC RESOURCE_EXHAUSTED" },
        { "grpc", 200, "99", "gRPC '99'" },
        { "grpc", 403, "", "HTTP 403 Forbidden" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_told_as_it_was_given(string protocol, int status, string grpc, string expected)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        receiver.Answer = async context =>
        {
            context.Response.StatusCode = status;
            if (grpc.Length > 0)
            {
                string[] parts = grpc.Split('|');
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = parts[0];
                context.Response.Headers["grpc-message"] = parts.Length > 1 ? Uri.EscapeDataString(parts[1]) : "";
                await context.Response.StartAsync();
            }

            return true;
        };
        using PushHost host = new(receiver.Url, options => options.Protocol = wire);
        host.Living[1] = new PushHost.Process();
        PushResult result = await host.Push.PushAsync();
        Assert.Equal((expected, 2L, 0L), (result.Failure, result.Failed, result.Accepted));
        Assert.Single(receiver.Requests);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task What_may_pass_is_tried_again(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        int attempts = 0;
        receiver.Answer = async context =>
        {
            if (++attempts > 2)
            {
                return false;
            }

            context.Response.StatusCode = wire == OtlpProtocol.Grpc ? 200 : StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = wire == OtlpProtocol.Grpc ? "application/grpc" : "text/plain";
            context.Response.Headers["grpc-status"] = "14";
            await context.Response.StartAsync();
            return true;
        };
        using PushHost host = new(receiver.Url, options => options.Protocol = wire);
        host.Living[1] = new PushHost.Process();
        PushResult result = await host.Push.PushAsync();
        Assert.Equal((null, 3), (result.Failure, receiver.Requests.Count));
        Assert.Empty(host.Log.Lines);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task A_receiver_that_asks_to_be_left_alone_is(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        List<long> attempts = [];
        receiver.Answer = async context =>
        {
            attempts.Add(Stopwatch.GetTimestamp());
            if (attempts.Count > 1)
            {
                return false;
            }

            // google.rpc.Status { details: Any { type_url: "type.googleapis.com/google.rpc.RetryInfo" value: RetryInfo { retry_delay { seconds: 2 } } } }
            byte[] type = [.. "type.googleapis.com/google.rpc.RetryInfo"u8];
            byte[] any = [0x0a, (byte)type.Length, .. type, 0x12, 4, 0x0a, 2, 0x08, 2];
            byte[] details = [0x08, 8, 0x1a, (byte)any.Length, .. any];
            context.Response.StatusCode = wire == OtlpProtocol.Grpc ? 200 : StatusCodes.Status429TooManyRequests;
            context.Response.ContentType = wire == OtlpProtocol.Grpc ? "application/grpc" : "text/plain";
            context.Response.Headers.RetryAfter = wire == OtlpProtocol.Grpc ? default : "2";
            context.Response.Headers["grpc-status"] = "8";
            context.Response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(details).TrimEnd('=');
            await context.Response.StartAsync();
            return true;
        };
        using PushHost host = new(receiver.Url, options => (options.Protocol, options.Timeout) = (wire, Duration.FromSeconds(30)));
        host.Living[1] = new PushHost.Process();
        Assert.Null((await host.Push.PushAsync()).Failure);
        Assert.Equal(2, attempts.Count);

        // Unless asked, the first pause is one second at most.
        Assert.InRange(Stopwatch.GetElapsedTime(attempts[0], attempts[1]).TotalSeconds, 1.9, 30);
    }

    [Fact]
    public async Task The_end_cuts_a_pause_short()
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        int refused = 0;
        receiver.Answer = context =>
        {
            bool isFirst = Interlocked.Increment(ref refused) == 1;
            if (isFirst)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = "60";
            }

            return Task.FromResult(isFirst);
        };
        using PushHost host = new(receiver.Url, static options => (options.Interval, options.Timeout) = (Duration.FromSeconds(3_600), Duration.FromSeconds(100)));
        host.Living[1] = new PushHost.Process();
        await host.Push.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => Volatile.Read(ref refused) == 1);
        await host.Push.StopAsync(TestContext.Current.CancellationToken);

        // The last push, and before it the message that waited, unless the end came before its pause.
        Assert.InRange(receiver.Messages.Count, 1, 2);
    }

    [Fact]
    public async Task One_line_when_it_begins_to_fail_and_one_when_it_works_again()
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        FakeTimeProvider clock = new();
        using PushHost host = new(receiver.Url, clock: clock);
        host.Living[1] = new PushHost.Process();
        await host.Push.PushAsync();
        receiver.Answer = static context =>
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.FromResult(true);
        };
        for (int i = 0; i < 5; i++)
        {
            await host.Push.PushAsync();
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        receiver.Answer = static _ => Task.FromResult(false);
        await host.Push.PushAsync();
        await host.Push.PushAsync();
        Assert.Equal(
            [
                $"push to {receiver.Url}v1/metrics fails: HTTP 400 Bad Request; still trying every 1m, and logged again when it works",
                $"push to {receiver.Url}v1/metrics works again after 5m and 5 failed pushes",
            ],
            host.Log.Lines);
        Assert.Equal((3, 5, 6, 10), (host.Ledger.Totals.Succeeded, host.Ledger.Totals.Failed, host.Ledger.Totals.AcceptedPoints, host.Ledger.Totals.FailedPoints));
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Rejected_points_are_counted_and_told_once(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        using PushHost host = new(receiver.Url, options => options.Protocol = wire);
        host.Living[1] = new PushHost.Process();

        // partial_success { rejected_data_points: 1 error_message: "old" }
        receiver.Response = [0x0a, 0x07, 0x08, 0x01, 0x12, 0x03, (byte)'o', (byte)'l', (byte)'d'];
        await host.Push.PushAsync();
        await host.Push.PushAsync();
        receiver.Response = [];
        await host.Push.PushAsync();
        Assert.Equal(
            [
                $"{receiver.Url}{(wire == OtlpProtocol.Grpc ? "" : "v1/metrics")} accepts a push but rejects 1 of its points: 'old'; logged again when it accepts all",
                $"{receiver.Url}{(wire == OtlpProtocol.Grpc ? "" : "v1/metrics")} accepts all points again",
            ],
            host.Log.Lines);
        Assert.Equal((3, 2, 4), (host.Ledger.Totals.Succeeded, host.Ledger.Totals.RejectedPoints, host.Ledger.Totals.AcceptedPoints));
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task A_receiver_that_is_not_there(string protocol)
    {
        using PushHost host = new(new Uri($"http://127.0.0.1:{FreePort.Next()}"), options =>
        {
            options.Protocol = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
            options.Timeout = new Duration(2000);
        });
        host.Living[1] = new PushHost.Process();
        Assert.StartsWith("Connection refused (127.0.0.1:", (await host.Push.PushAsync()).Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task A_receiver_that_never_answers(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        receiver.Answer = static async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        using PushHost host = new(receiver.Url, options => (options.Protocol, options.Timeout) = (wire, new Duration(500)));
        host.Living[1] = new PushHost.Process();
        Assert.Equal("no answer within 500ms", (await host.Push.PushAsync()).Failure);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task All_attempts_at_a_message_share_one_timeout(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        bool isFirst = true;
        receiver.Answer = async context =>
        {
            if (!isFirst)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return true;
            }

            isFirst = false;
            context.Response.StatusCode = wire == OtlpProtocol.Grpc ? 200 : StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = wire == OtlpProtocol.Grpc ? "application/grpc" : "text/plain";
            context.Response.Headers["grpc-status"] = "14";
            await context.Response.StartAsync();
            return true;
        };
        using PushHost host = new(receiver.Url, options => (options.Protocol, options.Timeout) = (wire, Duration.FromSeconds(4)));
        host.Living[1] = new PushHost.Process();
        long started = Stopwatch.GetTimestamp();
        Assert.Equal("no answer within 4s", (await host.Push.PushAsync()).Failure);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 3.9, 15);
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task The_last_interval_is_flushed()
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        using PushHost host = new(receiver.Url, static options => options.Interval = Duration.FromSeconds(3_600));
        PushHost.Process process = host.Living[1] = new PushHost.Process { Used = 1 };
        await host.Push.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => !receiver.Messages.IsEmpty);
        process.Used = 2;
        await host.Push.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal([1, 2], receiver.Points.Where(static point => point.Metric == "used").Select(static point => point.Value));
    }

    [Theory]
    [InlineData("http/protobuf", false)]
    [InlineData("grpc", false)]
    [InlineData("http/protobuf", true)]
    [InlineData("grpc", true)]
    public async Task The_end_does_not_wait_for_a_receiver_that_is_gone_or_hangs(string protocol, bool hangs)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        receiver.Answer = static async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        using PushHost host = new(hangs ? receiver.Url : new Uri($"http://127.0.0.1:{FreePort.Next()}"), options => (options.Protocol, options.Interval) = (wire, new Duration(100)));
        host.Living[1] = new PushHost.Process();
        await host.Push.StartAsync(TestContext.Current.CancellationToken);
        if (hangs)
        {
            await Eventually.HoldsAsync(() => !receiver.Requests.IsEmpty);
        }

        long started = Stopwatch.GetTimestamp();
        await host.Push.StopAsync(TestContext.Current.CancellationToken);

        // 5 s for the last push, one for what cannot be cut short, and the rest for a machine that is busy.
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task Headers_may_hold_anything_printable()
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        using PushHost host = new(receiver.Url, static options => options.Headers = [new("Authorization", "Bearer a,b=c d"), new("X-Tenant", "7")]);
        host.Living[1] = new PushHost.Process();
        Assert.Null((await host.Push.PushAsync()).Failure);
        Assert.True(receiver.Requests.TryDequeue(out (string Path, IHeaderDictionary Headers) request));
        Assert.Equal(("/v1/metrics", "Bearer a,b=c d", "7"), (request.Path, (string?)request.Headers.Authorization, (string?)request.Headers["X-Tenant"]));
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Messages_can_be_compressed(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        using PushHost host = new(receiver.Url, options => (options.Protocol, options.Compression) = (wire, OtlpCompression.Gzip));
        host.Living[1] = new PushHost.Process { Held = 5 };
        Assert.Null((await host.Push.PushAsync()).Failure);
        Assert.Equal([5, 0], receiver.Points.Select(static point => point.Value));
        Assert.Equal("test", Assert.Single(receiver.Messages).Resource["service.name"]);
    }

    [Fact]
    public async Task A_callback_that_throws_costs_its_own_instrument_alone()
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        List<string> failed = [];
        using PushHost host = new(receiver.Url, failed: instrument => failed.Add(instrument.Name));
        host.Meter.CreateObservableGauge("broken", long () => throw new InvalidOperationException("no reading"));
        host.Living[1] = new PushHost.Process();
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal((null, 2), ((await host.Push.PushAsync()) is var result ? result.Failure : "", result.Accepted));
        }

        Assert.Equal(["broken is left out: no reading; logged once per cause"], host.Log.Lines);
        Assert.Equal(["broken", "broken"], failed);
    }
}
