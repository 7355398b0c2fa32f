using MemSnoop.Processes;
using MemSnoop.Testing.Fuzzing;

namespace MemSnoop.Tests.Fuzzing;

/// <summary>Targets for files of the kernel that become one record.</summary>
internal static class KernelRecord
{
    /// <summary>What is refused leaves nothing, and what is taken is the same twice.</summary>
    public static FuzzTarget Target<T>(string name, KernelParser<T> parse, Action<T>? check = null)
        where T : struct, IEquatable<T> => new(name, input => Parse(input, parse, check), parse.Method.DeclaringType!);

    /// <summary>Besides, a text that was cut short is refused, or means what the whole means.</summary>
    public static FuzzTarget TargetOfWholes<T>(string name, KernelParser<T> parse, Action<T>? check = null)
        where T : struct, IEquatable<T> => new(
        name,
        input =>
        {
            if (Parse(input, parse, check) is { } whole)
            {
                for (int parts = 1; parts < 4; parts++)
                {
                    Hold.That(!parse(input[..(input.Length * parts / 4)], out T cut) || cut.Equals(whole), "a text that was cut short is refused or means the same");
                }

                Hold.That(!parse(input[..^1], out T last) || last.Equals(whole), "without its last byte it is refused or means the same");
            }
        },
        parse.Method.DeclaringType!);

    private static T? Parse<T>(ReadOnlySpan<byte> input, KernelParser<T> parse, Action<T>? check)
        where T : struct, IEquatable<T>
    {
        bool isParsed = parse(input, out T value);
        Hold.That(isParsed || value.Equals(default), "what is refused leaves nothing");
        Hold.That(parse(input, out T again) == isParsed && again.Equals(value), "it is the same twice");
        if (isParsed)
        {
            check?.Invoke(value);
        }

        return isParsed ? value : null;
    }
}
