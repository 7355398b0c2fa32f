using System.Text;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>Parses bytes, and throws if something that must hold of the result does not.</summary>
internal delegate void FuzzAction(ReadOnlySpan<byte> input);

/// <summary>A parser of bytes from outside, and what must hold of it for any bytes at all: a line in the table of targets.</summary>
/// <param name="name">Its name, and that of the folder with its seeds in <c>tests/fuzz-corpus</c>.</param>
/// <param name="run">Parses. An exception is a failure, so that what the parser may throw is caught in here.</param>
/// <param name="parsers">The types whose parsers it reaches. <see cref="FuzzTests"/> fails for a type that no target names.</param>
internal sealed class FuzzTarget(string name, FuzzAction run, params Type[] parsers)
{
    public string Name => name;

    public FuzzAction Run => run;

    public IReadOnlyList<Type> Parsers => parsers;

    /// <summary>How many bytes it may allocate for each byte of input. Default value: 0, since what runs for every process of every scrape allocates nothing.</summary>
    public int PerByte { get; init; }

    /// <summary>How many it may allocate besides. Default value: 0.</summary>
    public int Besides { get; init; }

    /// <summary>The same for a parser of text, which gets what is UTF-8 in the bytes.</summary>
    public static FuzzTarget OfText(string name, Action<string> run, params Type[] parsers) =>
        new(name, input => run(Encoding.UTF8.GetString(input)), parsers) { PerByte = 100, Besides = 20_000 };
}
