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

    /// <summary>Lets a fake clock run until the task has ended: whoever arms a timer does so at an unknown moment, so one step may come too early.</summary>
    public static async Task<T> EndsAsync<T>(Task<T> task, FakeTimeProvider clock)
    {
        using CancellationTokenSource deadline = new(Deadline);
        while (!task.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(TimeSpan.FromMilliseconds(5), deadline.Token);
        }

        return await task;
    }

    public static void Released(ManualResetEventSlim gate) => Assert.True(gate.Wait(Deadline));
}
