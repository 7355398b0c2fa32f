using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Waits for what must happen, but not for ever.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task HoldsAsync(Func<bool> condition) => HoldsAsync(() => Task.FromResult(condition()));

    public static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource deadline = new(Deadline);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), deadline.Token);
        }
    }

    /// <summary>Lets a fake clock run until something holds: whoever arms a timer does so at an unknown moment, so one step may come too early.</summary>
    public static Task HoldsAsync(Func<bool> condition, FakeTimeProvider clock)
    {
        return HoldsAsync(() =>
        {
            bool holds = condition();
            if (!holds)
            {
                clock.Advance(TimeSpan.FromSeconds(0.5));
            }

            return holds;
        });
    }

    public static void Released(ManualResetEventSlim gate) => Assert.True(gate.Wait(Deadline));
}
