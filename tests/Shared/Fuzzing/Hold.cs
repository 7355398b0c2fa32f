namespace MemSnoop.Testing.Fuzzing;

/// <summary>What must hold of the result of a parser. Nothing is allocated while it does.</summary>
internal static class Hold
{
    public static void That(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Does not hold: {what}.");
        }
    }
}
