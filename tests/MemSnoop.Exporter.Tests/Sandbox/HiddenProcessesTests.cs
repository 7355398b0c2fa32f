using MemSnoop.Exporter.Sandbox;

namespace MemSnoop.Exporter.Tests.Sandbox;

public class HiddenProcessesTests
{
    private const string Rest = "21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n";

    [Theory]
    [InlineData(false, "22 21 0:20 / /proc rw,nosuid - proc proc rw\n")]
    [InlineData(false, "22 21 0:20 / /proc rw,nosuid - proc proc rw,hidepid=off\n")]
    [InlineData(false, "22 21 0:20 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=0\n")]
    [InlineData(true, "22 21 0:20 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=invisible\n")]
    [InlineData(true, "22 21 0:20 / /proc rw,nosuid - proc proc rw,gid=4,hidepid=2\n")]
    [InlineData(false, "22 21 0:20 / /host/proc rw - proc proc rw,hidepid=2\n")]
    [InlineData(false, "22 21 0:20 / /proc rw - proc proc rw,hidepid=2\n30 22 0:21 / /proc rw - proc proc rw\n")]   // mounted over
    [InlineData(false, "garbage\n\n")]
    public void The_mount_says_so(bool expected, string mounts) => Assert.Equal(expected, HiddenProcesses.AreIn(Rest + mounts, "/proc"));
}
