using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.Tests.Paging;

public sealed class TransparentHugePagesTests : IDisposable
{
    private readonly ProcTree _tree = new();

    [Theory]
    [InlineData("[always] madvise never\n", "always", ReadOutcome.Success)]
    [InlineData("always [madvise] never\n", "madvise", ReadOutcome.Success)]
    [InlineData("always madvise [never]\n", "never", ReadOutcome.Success)]
    [InlineData("always madvise never\n", "", ReadOutcome.Malformed)]
    [InlineData("]always[\n", "", ReadOutcome.Malformed)]
    [InlineData("", "", ReadOutcome.Malformed)]
    [InlineData(null, "", ReadOutcome.NotSupported)]
    public void The_mode_is_the_word_in_brackets(string? text, string expected, ReadOutcome outcome)
    {
        if (text is not null)
        {
            _tree.Write("sys/kernel/mm/transparent_hugepage/enabled", text);
        }

        Assert.Equal(outcome, TransparentHugePages.TryReadMode(_tree.Paths, out string mode));
        Assert.Equal(expected, mode);
    }

    public void Dispose() => _tree.Dispose();
}
