using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.Counters;

/// <summary>Attaching, reading, being refused and letting go, against providers that do as they are told.</summary>
public sealed class CounterMeasurementTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly FakeCounterProvider _kernel = new("kernel", new CounterEvent("a", "", true), new CounterEvent("c", "", true));
    private readonly FakeCounterProvider _library = new("library", new CounterEvent("b", "", true));
    private readonly List<ReadOutcome> _partly = [];
    private readonly TrackedProcess _process = Track();
    private readonly CounterMeasurement _measurement;

    public CounterMeasurementTests() => _measurement = Make(reusesValues: true);

    [Fact]
    public void Values_stand_in_the_order_of_the_names_whoever_counts_them()
    {
        _kernel.Value = new(1, 1);
        _library.Value = new(2, 0.5);
        CounterSample sample = Measure(ReadOutcome.Success);
        Assert.Equal([new(1, 1), new(2, 0.5), new(1, 1)], Values(sample));
        Assert.Equal((1, 1), (_kernel.Attempts, _library.Attempts));
        Measure(ReadOutcome.Success);
        Assert.Equal((1, 1), (_kernel.Attempts, _library.Attempts));
        Assert.Empty(_partly);
        Assert.Equal((false, true), (_measurement.IsMultiplexed(_kernel), _measurement.IsMultiplexed(_library)));
    }

    [Theory]
    [InlineData(1.0, false)]
    [InlineData(0.99, true)]
    [InlineData(null, true)]
    public void An_event_that_took_turns_once_is_remembered(double? ratio, bool expected)
    {
        _kernel.Value = new(1, ratio);
        Measure(ReadOutcome.Success);
        _kernel.Value = new(2, 1);
        Measure(ReadOutcome.Success);
        Assert.Equal((expected, false), (_measurement.IsMultiplexed(_kernel), _measurement.IsMultiplexed(_library)));
    }

    [Fact]
    public void What_one_provider_cannot_do_is_absent_and_told_and_the_others_count()
    {
        _library.Opening = ReadOutcome.Denied;
        CounterSample sample = Measure(ReadOutcome.Success);
        Assert.Equal([new(0, 1), null, new(0, 1)], Values(sample));
        Assert.Equal([ReadOutcome.Denied], _partly);

        _kernel.Reading = ReadOutcome.ProcessGone;
        sample = Measure(ReadOutcome.ProcessGone);
        Assert.Equal([null, null, null], Values(sample));
    }

    [Theory]
    [InlineData(ReadOutcome.Denied, ReadOutcome.Denied)]
    [InlineData(ReadOutcome.TooLarge, ReadOutcome.NoDescriptors)]
    [InlineData(ReadOutcome.Failed, ReadOutcome.Failed)]
    [InlineData(ReadOutcome.NotSupported, ReadOutcome.NotSupported)]
    public void A_refusal_is_told_at_every_reading_and_tried_again_after_a_while(ReadOutcome refusal, ReadOutcome told)
    {
        _kernel.Opening = _library.Opening = refusal;
        for (int i = 0; i < 3; i++)
        {
            Measure(told);
            _measurement.EndRound();
            _clock.Advance(GroupAttachment.RetryAfter / 4);
        }

        Assert.Equal(1, _kernel.Attempts);
        _clock.Advance(GroupAttachment.RetryAfter / 4);
        Measure(told);
        Assert.Equal(2, _kernel.Attempts);
        _kernel.Opening = ReadOutcome.Success;
        Measure(told);
        _clock.Advance(GroupAttachment.RetryAfter);
        Measure(ReadOutcome.Success);
        Assert.Equal((3, 1), (_kernel.Attempts, _kernel.Attached));
    }

    [Fact]
    public void Descriptors_that_another_process_leaves_behind_are_tried_for_at_once()
    {
        using Workload child = Started();
        using (TrackedProcess other = Track(child.Pid))
        {
            Assert.Equal(ReadOutcome.Success, _measurement.Measure(other, out _));
        }

        _kernel.Opening = _library.Opening = ReadOutcome.TooLarge;
        Measure(ReadOutcome.NoDescriptors);
        _measurement.EndRound();
        _kernel.Opening = ReadOutcome.Success;
        Measure(ReadOutcome.NoDescriptors);
        _measurement.EndRound();   // the other process was not measured in this round
        Assert.Equal(0, _kernel.Attached);
        Measure(ReadOutcome.Success);
    }

    [Fact]
    public void One_that_was_gone_in_the_middle_of_an_exec_is_tried_again_at_once()
    {
        _kernel.Opening = _library.Opening = ReadOutcome.ProcessGone;
        Measure(ReadOutcome.ProcessGone);
        _kernel.Opening = _library.Opening = ReadOutcome.Success;
        Measure(ReadOutcome.Success);
    }

    [Fact]
    public void Processes_that_left_are_let_go_and_so_is_everything_in_the_end()
    {
        Measure(ReadOutcome.Success);
        _measurement.EndRound();
        Assert.Equal(1, _kernel.Attached);
        _measurement.EndRound();
        Assert.Equal((0, 0), (_kernel.Attached, _library.Attached));
        Measure(ReadOutcome.Success);
        _measurement.Dispose();
        Assert.Equal((0, 0), (_kernel.Attached, _library.Attached));

        _process.Dispose();
        Measure(ReadOutcome.ProcessGone);
        Assert.Equal(0, _kernel.Attached);
    }

    [Fact]
    public void Counting_begins_when_a_provider_attaches()
    {
        Assert.Null(_measurement.CountingSince(_process.Identity, 0));
        _library.Opening = ReadOutcome.TooLarge;
        DateTimeOffset first = _clock.GetUtcNow();
        Measure(ReadOutcome.Success);
        _library.Opening = ReadOutcome.Success;
        _clock.Advance(GroupAttachment.RetryAfter);
        Measure(ReadOutcome.Success);
        Assert.Equal(first, _measurement.CountingSince(_process.Identity, 0));
        Assert.Equal(first + GroupAttachment.RetryAfter, _measurement.CountingSince(_process.Identity, 1));
        Assert.Equal(first, _measurement.CountingSince(_process.Identity, 2));
    }

    [Fact]
    public void Samples_keep_their_values_unless_they_share_them()
    {
        using CounterMeasurement keeping = Make(reusesValues: false);
        _kernel.Value = new(1, 1);
        Assert.Equal(ReadOutcome.Success, keeping.Measure(_process, out CounterSample kept));
        CounterSample shared = Measure(ReadOutcome.Success);
        _kernel.Value = new(5, 1);
        keeping.Measure(_process, out _);
        Measure(ReadOutcome.Success);
        Assert.Equal((1ul, 5ul), (kept[0]!.Value.Count, shared[0]!.Value.Count));
    }

    [Fact]
    public void A_reading_allocates_nothing()
    {
        // The first readings attach, and the runtime compiles what it sees for the first time.
        Read();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Read();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);

        void Read()
        {
            bool succeeded = true;
            for (int i = 0; i < 1000; i++)
            {
                succeeded &= _measurement.Measure(_process, out _) == ReadOutcome.Success;
                _measurement.EndRound();
            }

            Assert.True(succeeded);
        }
    }

    private CounterMeasurement Make(bool reusesValues) =>
        new(CounterPlan.Create(["a", "b", "c"], [_kernel, _library]), _clock, reusesValues) { PartlyFailed = _partly.Add };

    private CounterSample Measure(ReadOutcome expected)
    {
        Assert.Equal(expected, _measurement.Measure(_process, out CounterSample sample));
        return sample;
    }

    private static CounterValue?[] Values(CounterSample sample) => [.. Enumerable.Range(0, sample.Count).Select(index => sample[index])];

    private static Workload Started() => Workload.StartAsync("puppet").GetAwaiter().GetResult();

    private static TrackedProcess Track(int? pid = null)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), pid ?? Environment.ProcessId, out TrackedProcess? process));
        return process!;
    }

    public void Dispose()
    {
        _measurement.Dispose();
        _process.Dispose();
    }
}
