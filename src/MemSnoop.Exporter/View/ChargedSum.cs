using MemSnoop.Disturbances;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>The memory that is charged to a container, of all kinds together.</summary>
/// <param name="UsedBytes">What was used within the window; absent if the window was disturbed.</param>
/// <param name="ErrorBytes">Half the width of the 95 % interval around that, at most: the errors of the kinds together. Null where it is exact.</param>
/// <param name="LowerBytes">The least that can have been used.</param>
/// <param name="UpperBytes">The most that can have been used.</param>
/// <param name="IdleBytes">What was idle for the whole window, for certain.</param>
/// <param name="Disturbance">What disturbed the window.</param>
internal readonly record struct ChargedSum(ulong? UsedBytes, ulong? ErrorBytes, ulong LowerBytes, ulong UpperBytes, ulong IdleBytes, Disturbance Disturbance)
{
    internal static ChargedSum Of(in ContainerMemorySample memory)
    {
        ulong lower = 0;
        ulong doubtful = 0;
        ulong? error = null;
        Disturbance disturbance = Disturbance.None;
        foreach (ChargedKind kind in ChargedKinds.All)
        {
            ChargedMemory charged = memory[kind];
            lower += charged.UsedBytes;
            doubtful += charged.DoubtfulBytes;
            error = charged.ErrorBytes is { } bytes ? (error ?? 0) + bytes : error;
            disturbance = charged.Disturbance > disturbance ? charged.Disturbance : disturbance;
        }

        return new ChargedSum(
            disturbance == Disturbance.None ? lower : null, disturbance == Disturbance.None ? error : null, lower, lower + doubtful, memory.HeldBytes - Math.Min(memory.HeldBytes, lower + doubtful), disturbance);
    }
}
