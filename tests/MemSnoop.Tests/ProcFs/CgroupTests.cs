using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class CgroupTests
{
    [Theory]
    [InlineData("0::/system.slice/batch.service\n", "/system.slice/batch.service", "/system.slice/batch.service", "")]
    [InlineData("4:memory:/docker/0123\n0::/\n", "/docker/0123", "/", "/docker/0123")]
    [InlineData("4:memory:/docker/0123\n0::/user.slice\n", "/user.slice", "/user.slice", "/docker/0123")]
    [InlineData("11:cpu,memory,pids:/a:b c\n1:name=systemd:/init\n", "/a:b c", "", "/a:b c")]
    [InlineData("5:memory:/\n0::/\n", "/", "/", "/")]
    [InlineData("0::/\n", "/", "/", "")]
    [InlineData("3:name=memory:/wrong\n2:memoryx:/wrong\n0::/\n", "/", "/", "")]
    [InlineData("10::/ten\n0::/zero (deleted)\nnonsense\n", "/zero (deleted)", "/zero (deleted)", "")]
    public void The_path_is_the_one_that_tells_workloads_apart(string text, string path, string unified, string memory)
    {
        Assert.True(Cgroup.TryParse(Encoding.UTF8.GetBytes(text), out Cgroup cgroup));

        Assert.Equal(path, Encoding.UTF8.GetString(cgroup.Path));
        Assert.Equal(unified, Encoding.UTF8.GetString(cgroup.UnifiedPath));
        Assert.Equal(memory, Encoding.UTF8.GetString(cgroup.MemoryPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1:cpu:/x\n")]
    [InlineData("0::/cut/sho")]
    [InlineData("0:\n")]
    public void Without_either_hierarchy_there_is_no_path(string text) => Assert.False(Cgroup.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
