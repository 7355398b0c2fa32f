using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Sandbox;

namespace MemSnoop.Exporter.Tests.Sandbox;

using Architecture = System.Runtime.InteropServices.Architecture;

/// <summary>The filter of system calls, before a program that tries what it forbids. These tests need root: others may not make most of these calls anyway.</summary>
public partial class SystemCallFilterTests
{
    private const int NotPermitted = 1;
    private const int NoSystemCall = 38;
    private const int NoAddressFamily = 97;
    private const int BadSystemCall = 31;   // SIGSYS
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [GeneratedRegex(@"(?m)^#define __NR(?:3264)?_(\w+) (\d+)\s*$")]
    private static partial Regex Number { get; }

    /// <summary>Each call would fail in another way, or not at all: so it is the filter that forbids it.</summary>
    [Fact]
    public async Task What_an_exporter_never_needs_is_forbidden()
    {
        Dictionary<string, (int Free, int Filtered)> outcomes = await TryAsync(signalsOthers: false, []);
        Assert.True(outcomes.Count > 60);
        foreach ((string call, (int free, int filtered)) in outcomes)
        {
            int expected = call switch
            {
                "thread" or "signal to itself" or "socket" or "file" => 0,
                "call of a 32-bit program" => BadSystemCall,
                "clone3" or "newer than any" or "call of an x32 program" => NoSystemCall,
                "socket AF_PACKET" => NoAddressFamily,
                _ => NotPermitted,
            };
            Assert.True(filtered == expected, $"{call}: {filtered} instead of {expected}");
            Assert.True(free != NotPermitted, $"{call} is not permitted without the filter either");
        }
    }

    [Fact]
    public async Task What_is_needed_for_a_measurement_or_a_command_is_allowed()
    {
        Dictionary<string, (int Free, int Filtered)> outcomes = await TryAsync(signalsOthers: true, [.. SystemCalls.Measuring, .. SystemCalls.Mounting]);
        foreach (string call in (ReadOnlySpan<string>)["perf_event_open", "fsopen", "kill of another"])
        {
            Assert.Equal(outcomes[call].Free, outcomes[call].Filtered);
            Assert.NotEqual(NotPermitted, outcomes[call].Filtered);
        }

        Assert.Equal(NotPermitted, outcomes["tgkill of another"].Filtered);
    }

    [Theory]
    [InlineData(Architecture.X64, "x86_64")]
    [InlineData(Architecture.Arm64, "aarch64")]
    public async Task Numbers_are_those_of_the_kernel(Architecture architecture, string name)
    {
        // The headers of one architecture have the generic numbers of all others beside its own.
        string header = architecture == Architecture.X64 ? "asm/unistd_64.h" : "asm-generic/unistd.h";
        string text = await Command.RunAsync("sh", ["-c", $"echo '#include <{header}>' | gcc -E -dM -D__BITS_PER_LONG=64 -D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SET_GET_RLIMIT -D__ARCH_WANT_SYS_CLONE3 -"], Deadline);
        Dictionary<string, int> known = [];
        foreach (Match match in Number.Matches(text))
        {
            known[match.Groups[1].Value] = int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        // Under these names the generic header has them.
        known.TryAdd("newfstatat", known.GetValueOrDefault("fstatat", -1));

        SystemCall[] all = Listed();
        Assert.Equal(all.Length, all.DistinctBy(static call => call.Name).Count());
        Assert.All(all.Where(call => known.ContainsKey(call.Name)), call => Assert.Equal((call.Name, known[call.Name]), (call.Name, call.On(architecture))));

        // The oldest headers that the tests are built with lack only the newest calls.
        string[] missing = [.. all.Where(call => call.On(architecture) >= 0 && !known.ContainsKey(call.Name) && call.On(architecture) < 449).Select(static call => call.Name)];
        Assert.True(missing.Length == 0, $"{name}: {string.Join(", ", missing)}");
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void It_is_short_enough_for_the_kernel(Architecture architecture) =>
        Assert.InRange(SystemCallFilter.Build(architecture, 1, signalsOthers: false, [.. SystemCalls.Measuring, .. SystemCalls.Mounting]).Length, 100, 4096);

    [Fact]
    public async Task The_list_is_in_the_documents()
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "security.md"), TestContext.Current.CancellationToken);
        string section = text[text.IndexOf("## System calls", StringComparison.Ordinal)..];
        string list = section[(section.IndexOf("```text\n", StringComparison.Ordinal) + "```text\n".Length)..section.IndexOf("\n```\n", StringComparison.Ordinal)];
        Assert.Equal(Listed().Select(static call => call.Name).Order(StringComparer.Ordinal), list.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static SystemCall[] Listed() =>
    [
        .. SystemCalls.Always, SystemCalls.Clone, SystemCalls.Socket, SystemCalls.IoControl, SystemCalls.SetScheduler, SystemCalls.Kill, SystemCalls.KillThread, .. SystemCalls.Mounting, .. SystemCalls.Measuring,
    ];

    private static async Task<Dictionary<string, (int Free, int Filtered)>> TryAsync(bool signalsOthers, SystemCall[] more)
    {
        ProcessStartInfo start = new(await Workloads.PathAsync("walls")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string? said = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        ulong[] program = SystemCallFilter.Build(RuntimeInformation.ProcessArchitecture, JsonElement.Parse(said!).GetProperty("pid").GetInt32(), signalsOthers, more);
        byte[] bytes = new byte[program.Length * sizeof(ulong)];
        for (int i = 0; i < program.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), program[i]);
        }

        await process.StandardInput.BaseStream.WriteAsync(bytes, TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        Dictionary<string, (int, int)> outcomes = [];
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            JsonElement outcome = JsonElement.Parse(line);
            outcomes.Add(outcome.GetProperty("call").GetString()!, (outcome.GetProperty("free").GetInt32(), outcome.GetProperty("filtered").GetInt32()));
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return outcomes;
    }
}
