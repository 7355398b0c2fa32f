namespace MemSnoop.Testing.Fuzzing;

/// <summary>An input for which something does not hold that must hold for all. The message has the input, and how to try it again.</summary>
public sealed class FuzzException : Exception
{
    private FuzzException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    internal static FuzzException Of(FuzzTarget target, ReadOnlySpan<byte> input, string problem, Exception? inner = null)
    {
        string name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..16];
        return new FuzzException(
            $"""
            {target.Name}: {problem}
            To try it again, and ever after:
              base64 -d >tests/fuzz-corpus/{target.Name}/{name} <<<'{Convert.ToBase64String(input)}'
            and run the tests *FuzzTests.
            """,
            inner);
    }
}
