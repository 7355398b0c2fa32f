using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace MemSnoop.Testing;

/// <summary>
/// Runs code as the user nobody, without capabilities. Credentials belong to a thread in Linux; the C library's wrappers hide
/// that by changing all threads, so the system call is made directly, on a thread of its own that ends afterwards.
/// </summary>
internal static partial class Unprivileged
{
    private const uint Nobody = 65534;
    private const uint Unchanged = uint.MaxValue;

    /// <summary>Runs the action on a thread that is nobody. Who runs the tests as another user than root is unprivileged already.</summary>
    public static void Run(Action action)
    {
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            bool isRoot = EffectiveUserId() == 0;
            try
            {
                // Leaving user 0 drops the effective capabilities; the saved one stays, so that the thread can end as it began.
                Become(isRoot ? Nobody : Unchanged);
                action();
            }
            catch (Exception error)
            {
                thrown = ExceptionDispatchInfo.Capture(error);
            }
            finally
            {
                Become(isRoot ? 0 : Unchanged);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
    }

    private static void Become(uint user)
    {
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
        if (SetEffectiveUser(number, Unchanged, user, Unchanged) != 0)
        {
            throw new InvalidOperationException($"setresuid: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SetEffectiveUser(nint number, uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
