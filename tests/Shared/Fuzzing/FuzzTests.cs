using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace MemSnoop.Testing.Fuzzing;

/// <summary>The table of targets of a test project, and what is done with it.</summary>
public abstract class FuzzTests
{
    // A few seconds for all targets.
    private const int Few = 1_500;

    private const int Many = 1_000_000;

    /// <summary>The table: one line a parser.</summary>
    private protected abstract IReadOnlyList<FuzzTarget> Targets { get; }

    /// <summary>What looks like a parser, and why it needs no target.</summary>
    private protected abstract IReadOnlyDictionary<Type, string> NoParsers { get; }

    /// <summary>The assemblies whose parsers the table has.</summary>
    private protected abstract IReadOnlyList<Assembly> Assemblies { get; }

    [Fact]
    public void Every_input_of_the_corpus_and_some_made_of_it_are_taken_or_refused()
    {
        if (!InstrumentedCopy.IsThis)
        {
            RunAll(Few, static _ => { });
        }
    }

    [Fact]
    public void Every_parser_has_a_target()
    {
        HashSet<Type> known = [.. Targets.SelectMany(static target => target.Parsers), .. NoParsers.Keys];
        IEnumerable<string> missing = Parsers().Where(type => !known.Contains(type)).Select(static type => type.FullName!).Order(StringComparer.Ordinal);
        Assert.True(!missing.Any(), $"No target, in the table of {GetType().Name}, names {string.Join(", ", missing)}");
        Assert.All(NoParsers.Values, static reason => Assert.EndsWith(".", reason, StringComparison.Ordinal));
        Assert.Equal(Targets.Count, Targets.DistinctBy(static target => target.Name).Count());
    }

    [Fact]
    [LongTier("fuzz")]
    public async Task A_million_inputs_each_are_taken_or_refused()
    {
        if (!InstrumentedCopy.IsThis)
        {
            string program = InstrumentedCopy.Make(Assemblies.Select(static assembly => Path.GetFileName(assembly.Location)));
            await Command.RunAsync(program, ["-noColor", "-noLogo", "-class", GetType().FullName!, "-trait", "scenario=fuzz"], TimeSpan.FromMinutes(80));
            return;
        }

        List<FuzzResult> results = [];
        string name = GetType().Name;
        RunAll(
            Many,
            result =>
            {
                results.Add(result);
                WriteTable(name.StartsWith("Library", StringComparison.Ordinal) ? "fuzz-library.md" : "fuzz-program.md", results);
            });
        Assert.All(results, static result => Assert.True(result.Steps > 1, $"{result.Target} takes no way through the assemblies under test."));
        Measured.Note("fuzz", string.Create(
            CultureInfo.InvariantCulture,
            $"{results.Count} targets of {name}, {Many:N0} inputs each, guided by {results.Sum(static result => result.Steps):N0} steps from block to block: taken or refused; {results.Sum(static result => result.Time.TotalSeconds):N0} s of a processor"));
    }

    /// <summary>Runs every target, also those behind one that fails.</summary>
    private void RunAll(int cases, Action<FuzzResult> note)
    {
        List<FuzzException> failures = [];
        foreach (FuzzTarget target in Targets)
        {
            try
            {
                note(Fuzzer.Run(target, cases));
            }
            catch (FuzzException failure)
            {
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    private static void WriteTable(string file, List<FuzzResult> results) => File.WriteAllLines(
        Path.Combine(Checkout.Root, "artifacts", file),
        [
            "| target | inputs | seconds of a processor | took a new way | steps |",
            "|---|---|---|---|---|",
            .. results.Select(static result => string.Create(
                CultureInfo.InvariantCulture, $"| `{result.Target}` | {result.Cases:N0} | {result.Time.TotalSeconds:0} | {result.Kept:N0} | {result.Steps:N0} |")),
        ]);

    /// <summary>
    /// Types with a parser: a method that anybody may call, whose name begins like one and whose first parameter is text or bytes, or a constructor of bytes that makes something to
    /// walk through.
    /// </summary>
    private IEnumerable<Type> Parsers() => Assemblies.SelectMany(static assembly => assembly.GetTypes())
        .Where(static type => !type.IsDefined(typeof(CompilerGeneratedAttribute)))
        .Where(static type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly).Any(IsParser)
            || (type.IsByRefLike && type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Any(static constructor => constructor.GetParameters() is [{ } only] && only.ParameterType == typeof(ReadOnlySpan<byte>))));

    private static bool IsParser(MethodInfo method) =>
        !method.IsPrivate
        && (method.Name.StartsWith("TryParse", StringComparison.Ordinal) || method.Name.StartsWith("Parse", StringComparison.Ordinal)
            || method.Name.StartsWith("TryRead", StringComparison.Ordinal) || method.Name.StartsWith("Read", StringComparison.Ordinal))
        && method.GetParameters() is [{ } first, ..]
        && (first.ParameterType == typeof(ReadOnlySpan<byte>) || first.ParameterType == typeof(ReadOnlySpan<char>) || first.ParameterType == typeof(string));
}
