using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Containers;

namespace MemSnoop.Tests.Containers;

public class KubernetesQuantityTests
{
    [Theory]
    [InlineData("0", 0ul)]
    [InlineData("128974848", 128974848ul)]
    [InlineData("129e6", 129000000ul)]
    [InlineData("129E6", 129000000ul)]
    [InlineData("1e+3", 1000ul)]
    [InlineData("1500e-3", 2ul)]
    [InlineData("129M", 129000000ul)]
    [InlineData("123Mi", 128974848ul)]
    [InlineData("128974848000m", 128974848ul)]
    [InlineData("1.5Gi", 1610612736ul)]
    [InlineData(".5Ki", 512ul)]
    [InlineData("5.Ki", 5120ul)]
    [InlineData("1m", 1ul)]
    [InlineData("1E", 1000000000000000000ul)]
    [InlineData("15Ei", 17293822569102704640ul)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void Amounts_are_read_as_Kubernetes_writes_them(string text, ulong bytes)
    {
        Assert.True(KubernetesQuantity.TryParse(text, out ulong read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1 Mi")]
    [InlineData("1mi")]
    [InlineData("1MiB")]
    [InlineData("1e")]
    [InlineData("1e400")]
    [InlineData("1e1000")]
    [InlineData("1.2.3")]
    [InlineData("16Ei")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999999999999Ei")]
    public void What_is_no_amount_of_memory_is_refused(string text) => Assert.False(KubernetesQuantity.TryParse(text, out _));

    [Fact]
    public void Whole_bytes_come_back_and_nothing_throws()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), static bytes => KubernetesQuantity.TryParse($"{bytes}", out ulong read) && read == bytes));
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), static text => KubernetesQuantity.TryParse(text ?? "", out _) || true));
    }
}
