using MemSnoop.Exporter.Diagnostics;

namespace MemSnoop.Exporter.Tests.Diagnostics;

/// <summary>The id of the host that others may see.</summary>
public class HostIdentityTests
{
    /// <summary>As <c>systemd-id128 machine-id --app-specific</c> prints it: the first 16 bytes, with the bits of a random UUID.</summary>
    [Fact]
    public void It_is_a_hash_of_the_machine_id()
    {
        Assert.Equal("284b844fc9394fff89e13688e4ebb93d", HostIdentity.FromMachineId("0123456789abcdef0123456789abcdef"));
        Assert.NotEqual(HostIdentity.FromMachineId("0123456789abcdef0123456789abcdef"), HostIdentity.FromMachineId("0123456789abcdef0123456789abcdee"));
    }

    /// <summary>Such as <c>uninitialized</c>, at the first boot.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("uninitialized")]
    [InlineData("0123456789abcdef0123456789abcdeg")]
    public void What_is_no_machine_id_has_none(string? text) => Assert.Null(HostIdentity.FromMachineId(text));
}
