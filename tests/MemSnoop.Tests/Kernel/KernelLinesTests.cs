using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

public sealed class KernelLinesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("", "", ReadOutcome.Success)]
    [InlineData("\n", "", ReadOutcome.Success)]
    [InlineData("one\n", "one", ReadOutcome.Success)]
    [InlineData("one\n\ntwo\n", "one||two", ReadOutcome.Success)]
    [InlineData("a line longer than the buffer\nshort\n", "a line longer than the buffer|short", ReadOutcome.Success)]
    [InlineData("short\na line longer than the buffer, twice its length and more\n", "short|a line longer than the buffer, twice its length and more", ReadOutcome.Success)]
    [InlineData("one\ntw", "one", ReadOutcome.Malformed)]
    [InlineData("a line longer than the buffer without its end", "", ReadOutcome.Malformed)]
    public void Lines_come_whole_and_in_order(string text, string expected, ReadOutcome outcome)
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(_directory.Write("lines", text), out KernelHandle handle));
        using (handle)
        {
            KernelLines lines = new(handle, new KernelBuffer(8));
            List<string> read = [];
            while (lines.MoveNext())
            {
                read.Add(Encoding.UTF8.GetString(lines.Current));
            }

            Assert.Equal(expected, string.Join('|', read));
            Assert.Equal(outcome, lines.Outcome);
            Assert.False(lines.MoveNext());
            Assert.Equal(outcome, lines.Outcome);
        }
    }

    [Fact]
    public void A_read_that_fails_ends_the_lines()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(_directory.Root, out KernelHandle handle));
        using (handle)
        {
            KernelLines lines = new(handle, new KernelBuffer(8));

            Assert.False(lines.MoveNext());
            Assert.Equal(ReadOutcome.Failed, lines.Outcome);
        }
    }

    public void Dispose() => _directory.Dispose();
}
