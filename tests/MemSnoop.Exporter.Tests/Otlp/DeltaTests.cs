using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Deltas: what is counted reaches the receiver once, whatever happens in between.</summary>
public sealed class DeltaTests : IAsyncLifetime
{
    private TestReceiver _receiver = null!;
    private PushHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await TestReceiver.StartAsync();
        _host = new PushHost(_receiver.Url, static options => options.Temporality = OtlpTemporality.Delta);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _receiver.DisposeAsync();
    }

    private double[] Used => [.. _receiver.Points.Where(static point => point.Metric == "used").Select(static point => point.Value)];

    [Fact]
    public async Task What_was_counted_before_we_watched_is_no_news()
    {
        PushHost.Process old = _host.Living[1] = new PushHost.Process { Created = PushHost.Began - 500, Used = 3_000 };
        await _host.Push.PushAsync();
        old.Used += 7;
        await _host.Push.PushAsync();
        Assert.Equal([0, 7], Used);
    }

    [Fact]
    public async Task Whoever_began_while_we_watched_is_told_in_full()
    {
        await _host.Push.PushAsync();
        _host.Living[1] = new PushHost.Process { Created = PushHost.Began + 3, Used = 5 };
        await _host.Push.PushAsync();
        Assert.Equal([5], Used);
    }

    [Fact]
    public async Task What_did_not_arrive_is_part_of_the_next()
    {
        PushHost.Process process = _host.Living[1] = new PushHost.Process { Used = 1 };
        await _host.Push.PushAsync();
        _receiver.Answer = static context =>
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.FromResult(true);
        };
        for (int i = 0; i < 3; i++)
        {
            process.Used += 2;
            Assert.Equal("HTTP 400 Bad Request", (await _host.Push.PushAsync()).Failure);
        }

        _receiver.Answer = static _ => Task.FromResult(false);
        process.Used += 4;
        await _host.Push.PushAsync();
        await _host.Push.PushAsync();
        Assert.Equal([1, 10, 0], Used);
        OtlpPoint[] points = [.. _receiver.Points.Where(static point => point.Metric == "used")];
        Assert.Equal((points[0].Time, points[1].Time), (points[1].Start, points[2].Start));
    }

    [Fact]
    public async Task A_reading_that_fails_once_does_not_begin_anew()
    {
        PushHost.Process process = _host.Living[1] = new PushHost.Process { Used = 1 };
        await _host.Push.PushAsync();
        _host.Living.Clear();
        await _host.Push.PushAsync();
        process.Used += 2;
        _host.Living[1] = process;
        await _host.Push.PushAsync();
        Assert.Equal([1, 2], Used);
    }

    [Fact]
    public async Task Who_had_no_series_for_a_while_is_not_told_in_full_again()
    {
        PushHost.Process process = _host.Living[1] = new PushHost.Process { Used = 5 };
        await _host.Push.PushAsync();
        _host.Living.Clear();
        for (int i = 0; i < 10; i++)
        {
            await _host.Push.PushAsync();
        }

        (process.Used, process.HasReturned) = (8, true);
        _host.Living[1] = process;
        await _host.Push.PushAsync();
        process.Used = 12;
        await _host.Push.PushAsync();
        Assert.Equal([5, 0, 4], Used);
    }

    [Fact]
    public async Task A_callback_that_throws_once_does_not_begin_anew()
    {
        bool throws = false;
        long total = 10;
        _host.Meter.CreateObservableCounter("shaky", () => throws ? throw new InvalidOperationException("no reading") : total);
        await _host.Push.PushAsync();
        throws = true;
        await _host.Push.PushAsync();
        throws = false;
        total = 15;
        await _host.Push.PushAsync();
        total = 16;
        await _host.Push.PushAsync();
        Assert.Equal([10, 5, 1], _receiver.Points.Where(static point => point.Metric == "shaky").Select(static point => point.Value));
    }

    [Fact]
    public async Task A_successor_with_the_same_pid_and_name_is_another()
    {
        _host.Living[1] = new PushHost.Process { Used = 10 };
        await _host.Push.PushAsync();
        _host.Living[1] = new PushHost.Process { Used = 3 };
        await _host.Push.PushAsync();
        _host.Living[1] = new PushHost.Process { Created = PushHost.Began + 2, Used = 8 };
        await _host.Push.PushAsync();
        Assert.Equal([10, 3, 8], Used);
    }
}
