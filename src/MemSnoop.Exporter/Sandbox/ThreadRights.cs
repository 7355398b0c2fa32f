using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>
/// The capabilities of the calling thread (<c>capabilities(7)</c>). There is no call for those of a process: a thread has its own, and hands them to the threads that it starts.
/// </summary>
internal static class ThreadRights
{
    private const int MostCapabilities = 64;

    /// <summary>What the thread may have; none where the kernel does not say.</summary>
    internal static Capabilities Permitted => Read(out Libc.CapabilitySets sets) ? new Capabilities(Join(sets.PermittedLow, sets.PermittedHigh)) : default;

    /// <summary>
    /// Gives up all other capabilities, for this thread and for every program that it executes: <c>execve(2)</c> gives nothing back after PR_SET_NO_NEW_PRIVS. Root's come
    /// from the bounding set then, and another user's from the ambient set.
    /// </summary>
    /// <returns>Whether they are given up.</returns>
    internal static bool TryKeepOnly(Capabilities kept)
    {
        // Without CAP_SETPCAP the bounding set stays, and what it has beyond the permitted set cannot be had again.
        for (int number = 0; number < MostCapabilities; number++)
        {
            if ((kept.Mask & (1UL << number)) == 0)
            {
                _ = Libc.ProcessControl(Libc.ProcessDropFromBoundingSet, (nuint)number, 0, 0, 0);
            }
        }

        bool isRoot = Libc.EffectiveUserId() == 0;
        _ = Libc.ProcessControl(Libc.ProcessAmbient, Libc.AmbientClearAll, 0, 0, 0);
        if (!DenyNew() || !Write(kept, kept, isRoot ? default : kept))
        {
            return false;
        }

        for (int number = 0; number < MostCapabilities && !isRoot; number++)
        {
            if ((kept.Mask & (1UL << number)) != 0)
            {
                _ = Libc.ProcessControl(Libc.ProcessAmbient, Libc.AmbientRaise, (nuint)number, 0, 0);
            }
        }

        return true;
    }

    /// <summary>From now on no program that this thread executes has more rights than the thread (PR_SET_NO_NEW_PRIVS).</summary>
    internal static bool DenyNew() => Libc.ProcessControl(Libc.ProcessNoNewPrivileges, 1, 0, 0, 0) == 0;

    /// <summary>Asks something with fewer capabilities in effect, and takes them into effect again.</summary>
    internal static bool AskWith(Capabilities fewer, Func<bool> question)
    {
        Capabilities permitted = Permitted;
        if (!Read(out Libc.CapabilitySets before) || !Write(permitted, new Capabilities(fewer.Mask & permitted.Mask), Inheritable(before)))
        {
            return false;
        }

        bool answer = question();
        _ = Write(permitted, new Capabilities(Join(before.EffectiveLow, before.EffectiveHigh)), Inheritable(before));
        return answer;
    }

    private static Capabilities Inheritable(in Libc.CapabilitySets sets) => new(Join(sets.InheritableLow, sets.InheritableHigh));

    private static bool Read(out Libc.CapabilitySets sets)
    {
        Libc.CapabilityHeader header = new() { Version = Libc.CapabilityVersion };
        return Libc.GetCapabilities(ref header, out sets) == 0;
    }

    private static bool Write(Capabilities permitted, Capabilities effective, Capabilities inheritable)
    {
        Libc.CapabilityHeader header = new() { Version = Libc.CapabilityVersion };
        Libc.CapabilitySets sets = new()
        {
            EffectiveLow = (uint)effective.Mask,
            EffectiveHigh = (uint)(effective.Mask >> 32),
            PermittedLow = (uint)permitted.Mask,
            PermittedHigh = (uint)(permitted.Mask >> 32),
            InheritableLow = (uint)inheritable.Mask,
            InheritableHigh = (uint)(inheritable.Mask >> 32),
        };
        return Libc.SetCapabilities(ref header, sets) == 0;
    }

    private static ulong Join(uint low, uint high) => low | ((ulong)high << 32);
}
