using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MemSnoop.Testing;

/// <summary>Waits for what is bound to come, and says what was there instead when it does not.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

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

    /// <summary>Looks until the condition holds.</summary>
    public static Task HoldsAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        ReachesAsync(condition, static holds => holds, what);
}
