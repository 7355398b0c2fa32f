using MemSnoop.Disturbances;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>The memory that is charged to a container, of all kinds together.</summary>
/// <param name="UsedBytes">What was used within the window; absent if the window was disturbed.</param>
/// <param name="LowerBytes">The least that can have been used.</param>
/// <param name="UpperBytes">The most that can have been used.</param>
/// <param name="IdleBytes">What was idle for the whole window, for certain.</param>
/// <param name="Disturbance">What disturbed the window.</param>
internal readonly record struct ChargedSum(ulong? UsedBytes, ulong LowerBytes, ulong UpperBytes, ulong IdleBytes, Disturbance Disturbance)
{
    internal static ChargedSum Of(in ContainerMemorySample memory)
    {
        ulong lower = 0;
        ulong doubtful = 0;
        Disturbance disturbance = Disturbance.None;
        foreach (ChargedKind kind in ChargedKinds.All)
        {
            ChargedMemory charged = memory[kind];
            lower += charged.UsedBytes;
            doubtful += charged.DoubtfulBytes;
            disturbance = charged.Disturbance > disturbance ? charged.Disturbance : disturbance;
        }

        return new ChargedSum(
            disturbance == Disturbance.None ? lower : null, lower, lower + doubtful, memory.HeldBytes - Math.Min(memory.HeldBytes, lower + doubtful), disturbance);
    }
}
