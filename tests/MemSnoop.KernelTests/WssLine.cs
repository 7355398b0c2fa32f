using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>What <c>memsnoop wss</c> printed: a header and one line.</summary>
internal readonly record struct WssLine(double Seconds, double ResidentMb, double ProportionalMb, double UsedMb, string Method)
{
    private const string Header = "Est(s)  RSS(MiB)  PSS(MiB)  Ref(MiB)  Ref(%)  Method";

    public static WssLine Parse(string text)
    {
        string[] lines = text.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(Header, lines[0]);
        string[] columns = lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, columns.Length);
        return new WssLine(Number(columns[0]), Number(columns[1]), Number(columns[2]), Number(columns[3].TrimStart('~')), columns[5]);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
