using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>What pushing holds. Alone in this process, whose memory is measured.</summary>
[Collection(EndToEndCollection.Name)]
public class PushMemoryTests
{
    [Theory]
    [InlineData("cumulative")]
    [InlineData("delta")]
    public async Task Those_who_have_gone_leave_nothing_behind(string temporality)
    {
        const int Alive = 1_000;
        await using TestReceiver receiver = await TestReceiver.StartAsync();
        using PushHost host = new(receiver.Url, options => options.Temporality = OtlpSyntax.Temporality.Parse(new SettingText(temporality, "")));
        await PushAsync(first: 0, pushes: 20);
        long early = GC.GetTotalMemory(forceFullCollection: true);
        await PushAsync(first: 20 * Alive, pushes: 80);
        long late = GC.GetTotalMemory(forceFullCollection: true);

        // 80,000 series of two instruments would take some 30 MB.
        Assert.InRange(late - early, long.MinValue, 8_000_000);

        async Task PushAsync(int first, int pushes)
        {
            for (int push = 0; push < pushes; push++)
            {
                host.Living.Clear();
                for (int i = 0; i < Alive; i++)
                {
                    host.Living[first + (push * Alive) + i] = new PushHost.Process { Held = i, Used = i };
                }

                Assert.Equal(2 * Alive, (await host.Push.PushAsync()).Accepted);
                receiver.Messages.Clear();
                receiver.Requests.Clear();
            }
        }
    }
}
