using MemSnoop.Exporter.Terminal;

namespace MemSnoop.Exporter.Tests.Terminal;

/// <summary>Numbers and names as people see them.</summary>
public class TerminalTextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1535, "1.5 KiB")]
    [InlineData(101_990, "99.6 KiB")]
    [InlineData(102_400, "100 KiB")]
    [InlineData(1_048_575, "1.0 MiB")]
    [InlineData(42_000_000, "40.1 MiB")]
    [InlineData(1.8446744073709552e19, "16.0 EiB")]
    public void A_size_has_three_digits_or_so(double bytes, string expected)
    {
        Assert.Equal(expected, ShortNumber.Bytes(bytes));
        Assert.InRange(expected.Length, 1, ShortNumber.BytesWidth);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1.5, "1.5")]
    [InlineData(9_999_999, "9999999")]
    [InlineData(12_345_678, "12.3 M")]
    public void A_count_is_in_full_while_it_is_short(double number, string expected) => Assert.Equal(expected, ShortNumber.Count(number));

    [Theory]
    [InlineData("touch", "touch")]
    [InlineData("<script>alert(1)</script>", "<script>alert(1)</script>")]
    [InlineData("Grüße 日本", "Grüße 日本")]
    [InlineData("\e[31mred\e[0m\a", "?[31mred?[0m?")]
    [InlineData("a\nb\rc\td\u007f\u009b", "a?b?c?d??")]
    [InlineData("a\u202eb\u200bc\u2028", "a?b?c?")]
    [InlineData("bad\ufffd\ufffd", "bad??")]
    [InlineData("e\u0301\ue000", "e??")]
    public void A_name_can_do_no_harm(string name, string expected) => Assert.Equal(expected, SafeText.Of(name));

    /// <summary>Not as a case above: the runner's own files cannot hold it.</summary>
    [Fact]
    public void Half_a_letter_can_do_no_harm() => Assert.Equal("?x", SafeText.Of("\ud800x"));

    [Fact]
    public void Half_a_character_is_none() => Assert.Equal("?x", SafeText.Of("\ud800x"));

    [Fact]
    public void Variables_say_how_wide_and_whether_in_colour()
    {
        Screen screen = Make(("COLUMNS", "132"), ("LINES", "50"));
        Assert.Equal((132, 50, true), (screen.Width, screen.Height, screen.HasColor));
        Assert.False(Make(("NO_COLOR", "1")).HasColor);
        Assert.True(Make(("NO_COLOR", "")).HasColor);
        Assert.False(Make(("TERM", "dumb")).HasColor);
        Assert.False(Screen.None.HasColor);
        Assert.InRange(Make(("COLUMNS", "-1")).Width, 1, ushort.MaxValue);
    }

    private static Screen Make(params (string Name, string Value)[] variables) => new(true, true, variables.ToDictionary(static each => each.Name, static each => each.Value));
}
