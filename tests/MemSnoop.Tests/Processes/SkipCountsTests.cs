using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Processes;

public class SkipCountsTests
{
    [Fact]
    public void Reasons_are_counted_apart_from_any_thread()
    {
        SkipCounts counts = new();

        Parallel.For(0, 1000, index => counts.Add(index % 4 == 0 ? SkipReasons.Zombie : SkipReasons.Limit));

        Assert.Equal([("limit", 750L), ("zombie", 250L)], counts.ToArray().Select(static pair => (pair.Key, pair.Value)).Order());
    }

    [Theory]
    [InlineData(ReadOutcome.Success, "success", false)]
    [InlineData(ReadOutcome.ProcessGone, "gone", false)]
    [InlineData(ReadOutcome.Denied, "denied", false)]
    [InlineData(ReadOutcome.NotSupported, "not_supported", false)]
    [InlineData(ReadOutcome.Malformed, "malformed", true)]
    [InlineData(ReadOutcome.TooLarge, "too_large", false)]
    [InlineData(ReadOutcome.Failed, "failed", true)]
    public void Outcomes_have_one_word_each(ReadOutcome outcome, string reason, bool isError)
    {
        Assert.Equal(reason, outcome.ToReason());
        Assert.Equal(isError, outcome.IsError());
    }
}
