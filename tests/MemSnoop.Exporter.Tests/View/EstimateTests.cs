using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.View;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>Where only a share of memory is measured, people see that a number is an estimate.</summary>
public sealed class EstimateTests
{
    private static readonly WorkingSetSample Estimated = new()
    {
        Window = TimeSpan.FromSeconds(60),
        ResidentBytes = 100 << 20,
        AnonBytes = 40 << 20,
        FileBytes = 0,
        ShmemBytes = 0,
        Idle = default,
        KnownAges = 0,
        Error = new EstimateError(5 << 20, 1 << 20, 0, 5 << 20),
    };

    [Fact]
    public void A_line_of_wss_has_a_tilde_and_its_answer_the_error()
    {
        WindowAnswer answer = WindowAnswer.Of(1, "exporter", "page_idle", Estimated);
        Assert.Equal(5UL << 20, answer.ErrorBytes);
        Assert.Contains("  ~40.00 ", WssTable.Line(answer), StringComparison.Ordinal);
        Assert.Contains("  40.00 ", WssTable.Line(WindowAnswer.Of(1, "exporter", "page_idle", Estimated with { Error = null })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_that_was_disturbed_has_bounds_and_no_error() =>
        Assert.Null(WindowAnswer.Of(1, "exporter", "page_idle", Estimated with { Disturbance = MemSnoop.Disturbances.Disturbance.Damon }).ErrorBytes);

    [Fact]
    public void A_container_has_the_errors_of_its_kinds_together()
    {
        ChargedMemoryByKind kinds = default;
        kinds[(int)ChargedKind.Anon] = Charged(30, 10, 4);
        kinds[(int)ChargedKind.Cache] = Charged(20, 5, 1);
        ContainerAnswer answer = ContainerAnswer.Of("abc", MemSnoop.Containers.ContainerNames.None, new ContainerMemorySample { Kinds = kinds });
        Assert.Equal((15UL << 20, 5UL << 20), (answer.UsedBytes, answer.ErrorBytes));
        Assert.Contains("~15.00", ContainersCommand.Table([answer]), StringComparison.Ordinal);
        Assert.DoesNotContain("~", ContainersCommand.Table([answer with { ErrorBytes = null }]), StringComparison.Ordinal);
    }

    private static ChargedMemory Charged(ulong held, ulong used, ulong error) => new()
    {
        HeldBytes = held << 20,
        UsedBytes = used << 20,
        DoubtfulBytes = 0,
        Disturbance = MemSnoop.Disturbances.Disturbance.None,
        Idle = default,
        KnownAges = 0,
        ErrorBytes = error << 20,
    };
}
