using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MemSnoop.Testing;

/// <summary>Waits for what is bound to come, and says what was there instead when it does not.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    // What a fake clock goes on by between two looks.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.5);

    // Short beside what is waited for (a scheduler's slice, a program's exit), long beside one look.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Looks until the state is as wanted. The last state seen is the result, or is told by the failure.</summary>
    public static async Task<T> ReachesAsync<T>(
        Func<T> look, Func<T, bool> isReached, [CallerArgumentExpression(nameof(isReached))] string what = "")
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            T state = look();
            if (isReached(state))
            {
                return state;
            }

            if (Stopwatch.GetElapsedTime(started) > Deadline)
            {
                Assert.Fail($"Not within {Deadline.TotalSeconds} s: {what}. Last seen: {state}");
            }

            await Task.Delay(Pause);
        }
    }

    /// <summary>Asks until the answer is yes.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Deadline, $"Not within {Deadline.TotalSeconds} s: {what}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>Lets a fake clock run until something holds: whoever arms a timer does so at an unknown moment, so one step may come too early.</summary>
    public static Task HoldsAsync(Func<bool> condition, Action<TimeSpan> advance, [CallerArgumentExpression(nameof(condition))] string what = "") => HoldsAsync(
        () =>
        {
            bool holds = condition();
            if (!holds)
            {
                advance(Step);
            }

            return holds;
        },
        what);

    /// <summary>Waits until somebody opens the gate.</summary>
    public static void Released(ManualResetEventSlim gate) => Assert.True(gate.Wait(Deadline), "The gate stayed closed.");

    /// <summary>Looks until the condition holds.</summary>
    public static Task HoldsAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        ReachesAsync(condition, static holds => holds, what);
}
