using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Whoever lives is in every push, however many have come and gone.</summary>
public class NobodyLostTests
{
    [Theory]
    [InlineData("cumulative", "http/protobuf")]
    [InlineData("lowmemory", "http/protobuf")]
    [InlineData("delta", "http/protobuf")]
    [InlineData("cumulative", "grpc")]
    [InlineData("delta", "grpc")]
    public async Task Twelve_thousand_come_and_go(string temporality, string protocol)
    {
        const int Pushes = 60;
        const int Alive = 400;
        const int Replaced = 200;
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire);
        using PushHost host = new(receiver.Url, options =>
        {
            options.Protocol = wire;
            options.Temporality = OtlpSyntax.Temporality.Parse(new SettingText(temporality, ""));
        });
        string kind = temporality == "delta" ? "delta" : "cumulative";
        Dictionary<string, double> sums = [];
        HashSet<ulong> starts = [];
        for (int push = 0; push < Pushes; push++)
        {
            int first = push * Replaced;
            for (int pid = first; pid < first + Alive; pid++)
            {
                PushHost.Process process = host.Living.GetOrAdd(pid, static pid => new PushHost.Process { Held = 1000 + pid });
                process.Used += 0.25;
            }

            foreach (int pid in host.Living.Keys.Where(pid => pid < first))
            {
                host.Living.TryRemove(pid, out _);
            }

            receiver.Messages.Clear();
            PushResult result = await host.Push.PushAsync();
            Assert.Equal((null, 2 * Alive), (result.Failure, result.Accepted));

            string[] living = [.. Enumerable.Range(first, Alive).Select(static pid => $"comm=sleep,pid={pid}")];
            Assert.Equal(living.Order(), receiver.Points.Where(static point => point.Metric == "held").Select(static point => point.Text).Order());
            Assert.Equal(living.Order(), receiver.Points.Where(static point => point.Metric == "used").Select(static point => point.Text).Order());
            Assert.All(receiver.Points.Where(static point => point.Metric == "held"), static point => Assert.EndsWith($"={point.Value - 1000}", point.Text, StringComparison.Ordinal));
            foreach (OtlpPoint point in receiver.Points.Where(static point => point.Metric == "used"))
            {
                Assert.Equal(kind, point.Temporality.ToLowerInvariant());
                sums[point.Text] = kind == "delta" ? sums.GetValueOrDefault(point.Text) + point.Value : point.Value;
                starts.Add(point.Start);
            }
        }

        // Who was there at the start lived for one or two pushes, who came last the same, the others for two.
        Assert.Equal(Alive + ((Pushes - 1) * Replaced), sums.Count);
        Assert.Equal((Pushes * Alive * 0.25, 0.5), (sums.Values.Sum(), sums.Values.Max()));
        if (kind == "delta")
        {
            // The first streams do, since the SDK gives slots back; each delta begins where the one before it ended.
            Assert.Equal((0, Pushes), (host.Push.Renewals, starts.Count));
        }
        else
        {
            // Streams were replaced, and what they tell goes on as if they had not been.
            Assert.InRange(host.Push.Renewals, 2, Pushes);
            Assert.Single(starts);
        }
    }

    [Theory]
    [InlineData("cumulative")]
    [InlineData("delta")]
    public async Task Ten_thousand_at_once(string temporality)
    {
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        using PushHost host = new(receiver.Url, options => options.Temporality = OtlpSyntax.Temporality.Parse(new SettingText(temporality, "")));
        foreach (int alive in (int[])[10, 10_500, 3, 5_000])
        {
            host.Living.Clear();
            for (int pid = 1; pid <= alive; pid++)
            {
                host.Living[pid] = new PushHost.Process { Held = pid, Used = pid };
            }

            receiver.Messages.Clear();
            PushResult result = await host.Push.PushAsync();
            Assert.Equal((null, 2 * alive), (result.Failure, result.Accepted));
            Assert.Equal(alive, receiver.Points.Where(static point => point.Metric == "held").DistinctBy(static point => point.Text).Count());
            Assert.DoesNotContain(receiver.Points, static point => point.Text.Contains("overflow", StringComparison.Ordinal));

            // A message holds some 10,000 points, unless one instrument alone has more: a gRPC server refuses more than 4 MiB.
            Assert.All(receiver.Messages, message => Assert.InRange(message.Points.Count, 1, Math.Max(10_000, alive)));
        }
    }
}
