using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

public class Utf8CursorTests
{
    [Theory]
    [InlineData("18446744073709551615", true, ulong.MaxValue)]
    [InlineData("  42rest", true, 42ul)]
    [InlineData("18446744073709551616", false, 0ul)]
    [InlineData("99999999999999999999999", false, 0ul)]
    [InlineData("-1", false, 0ul)]
    [InlineData("+1", false, 0ul)]
    [InlineData("\n1", false, 0ul)]
    [InlineData("", false, 0ul)]
    public void A_number_fits_64_bits_or_fails(string text, bool isRead, ulong expected)
    {
        byte[] bytes = Bytes(text);
        Utf8Cursor cursor = new(bytes);

        Assert.Equal(isRead, cursor.TryReadUInt64(out ulong value));
        Assert.Equal(expected, value);
        Assert.True(isRead || cursor.Rest.SequenceEqual(bytes));
    }

    [Theory]
    [InlineData("ffffffffff601000", true, 0xffff_ffff_ff60_1000)]
    [InlineData("00400000-", true, 0x40_0000ul)]
    [InlineData(" \t00DeadBEEF:", true, 0xdeadbeef)]
    [InlineData("0000000000000000000001", true, 1ul)]
    [InlineData("10000000000000000", false, 0ul)]
    [InlineData("xyz", false, 0ul)]
    [InlineData("`1", false, 0ul)]
    [InlineData("@1", false, 0ul)]
    [InlineData("g", false, 0ul)]
    [InlineData("", false, 0ul)]
    public void A_hexadecimal_number_fits_64_bits_or_fails(string text, bool isRead, ulong expected)
    {
        byte[] bytes = Bytes(text);
        Utf8Cursor cursor = new(bytes);

        Assert.Equal(isRead, cursor.TryReadHex(out ulong value));
        Assert.Equal(expected, value);
        Assert.True(isRead || cursor.Rest.SequenceEqual(bytes));
    }

    [Theory]
    [InlineData("7 ", true)]
    [InlineData("7\t", true)]
    [InlineData("7\n", true)]
    [InlineData("7", false)]
    [InlineData("7x", false)]
    public void A_field_needs_its_end(string text, bool isRead)
    {
        byte[] bytes = Bytes(text);
        Utf8Cursor cursor = new(bytes);

        Assert.Equal(isRead, cursor.TryReadField(out ulong value));
        Assert.Equal(isRead ? 7ul : 0, value);
        Assert.Equal(isRead, cursor.IsAtEnd);
    }

    [Theory]
    [InlineData("4294967295 ", true, true, false)]
    [InlineData("4294967296 ", true, false, false)]
    [InlineData("2147483647 ", true, true, true)]
    [InlineData("-2147483648 ", false, false, true)]
    [InlineData("-2147483649 ", false, false, false)]
    public void A_field_fits_its_type_or_fails(string text, bool isUInt64, bool isUInt32, bool isInt32)
    {
        byte[] bytes = Bytes(text);

        Assert.Equal(isUInt64, new Utf8Cursor(bytes).TryReadField(out ulong _));
        Assert.Equal(isUInt32, new Utf8Cursor(bytes).TryReadField(out uint _));
        Assert.Equal(isInt32, new Utf8Cursor(bytes).TryReadField(out int _));
        Assert.True(new Utf8Cursor(bytes).TryReadField(out long _));
    }

    [Fact]
    public void Fields_skip_together_or_not_at_all()
    {
        Utf8Cursor cursor = new("-1 x  y\nz"u8);

        Assert.False(cursor.TrySkipFields(4));
        Assert.True(cursor.TrySkipFields(3));
        Assert.True(cursor.TrySkip("z"u8));
        Assert.True(cursor.IsAtEnd);
    }

    [Fact]
    public void A_line_without_its_newline_is_not_read()
    {
        Utf8Cursor cursor = new("one\n\ntw"u8);

        Assert.True(cursor.TryReadLine(out ReadOnlySpan<byte> line));
        Assert.True(line.SequenceEqual("one"u8));
        Assert.True(cursor.TryReadLine(out line));
        Assert.True(line.IsEmpty);
        Assert.False(cursor.TryReadLine(out _));
        Assert.True(cursor.Rest.SequenceEqual("tw"u8));
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
