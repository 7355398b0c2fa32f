using System.Text;
using MemSnoop.Containers;

namespace MemSnoop.Tests.Containers;

/// <summary>The names that kubelets, runtimes and systemd give to control groups, and what they mean.</summary>
public class MembershipTests
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string U = "11112222-3333-4444-5555-666677778888";
    private const string Escaped = "11112222_3333_4444_5555_666677778888";
    private const string V = "99992222-3333-4444-5555-666677778888";
    private const string H = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    private const string K = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod";
    private const string Burstable = $"{K}{Escaped}.slice";
    private const string User = "/user.slice/user-1000.slice/user@1000.service";
    private const string PodSlice = $"kubepods-burstable-pod{Escaped}.slice";

    [Theory]

    // Kubernetes with containerd.
    [InlineData($"0::{Burstable}/cri-containerd-{A}.scope", A, U, "containerd", "", PodSlice)]
    [InlineData($"0::/kubepods.slice/kubepods-pod{Escaped}.slice/cri-containerd-{A}.scope", A, U, "containerd", "", $"kubepods-pod{Escaped}.slice")]
    [InlineData($"0::/kubepods/besteffort/pod{U}/{A}", A, U, "", "", "")]
    [InlineData($"0::/kubepods/pod{U}/{A}", A, U, "", "", "")]
    [InlineData($"12:memory:/kubepods/burstable/pod{U}/{A}\n1:name=systemd:/kubepods/burstable/pod{U}/{A}", A, U, "", "", "")]
    [InlineData($"11:memory:{Burstable}/docker-{A}.scope", A, U, "docker", "", "")]
    [InlineData(
        $"3:cpu,cpuacct:/system.slice/containerd.service/kubepods-besteffort-pod{Escaped}.slice:cri-containerd:{A}", A, U, "containerd", "", "")]
    [InlineData(
        $"0::/system.slice/containerd.service/kubepods-besteffort-pod{Escaped}.slice:cri-containerd:{A}", A, U, "containerd", "containerd.service",
        $"kubepods-besteffort-pod{Escaped}.slice")]

    // CRI-O.
    [InlineData($"0::{Burstable}/crio-{A}.scope", A, U, "cri-o", "", PodSlice)]
    [InlineData($"0::{Burstable}/crio-{A}.scope/container", A, U, "cri-o", "", PodSlice)]
    [InlineData($"0::{Burstable}/crio-{A}", A, U, "cri-o", "", PodSlice)]
    [InlineData($"0::{Burstable}/crio-conmon-{A}.scope", "", U, "", $"crio-conmon-{A}.scope", PodSlice)]

    // Static pods, and nodes that are containers themselves.
    [InlineData($"0::{K}{H}.slice/cri-containerd-{A}.scope", A, H, "containerd", "", $"kubepods-burstable-pod{H}.slice")]
    [InlineData(
        $"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod{Escaped}.slice/cri-containerd-{A}.scope",
        A, U, "containerd", "", $"kubelet-kubepods-besteffort-pod{Escaped}.slice")]
    [InlineData(
        $"0::/system.slice/docker-{B}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{Escaped}.slice/cri-containerd-{A}.scope",
        A, U, "containerd", "", $"kubelet-kubepods-burstable-pod{Escaped}.slice")]
    [InlineData($"9:memory:/docker/{B}/kubelet/kubepods/burstable/pod{U}/{A}", A, U, "", "", "")]
    [InlineData($"0::/system.slice/docker-{B}.scope/system.slice/containerd.service", B, "", "docker", "containerd.service", "system.slice")]
    [InlineData($"0::/kubepods/burstable/pod{U}/{A}/docker/{B}", A, U, "", "", "")]
    [InlineData($"9:memory:/docker/{B}/docker/{A}", A, "", "docker", "", "")]
    [InlineData($"0::/kubepods/burstable/pod{U}/{A}/kubelet/kubepods/besteffort/pod{V}/{B}", B, V, "", "", "")]

    // Paths as a private cgroup namespace shows them.
    [InlineData(
        $"0::/../../kubepods-besteffort.slice/kubepods-besteffort-pod{Escaped}.slice/cri-containerd-{A}.scope", A, U, "containerd", "", $"kubepods-besteffort-pod{Escaped}.slice")]
    [InlineData($"0::/../../pod{H}/{A}", A, H, "", "", "")]
    [InlineData($"0::/../cri-containerd-{A}.scope", A, "", "containerd", "", "")]

    // Docker, podman, nerdctl, ECS.
    [InlineData($"0::/system.slice/docker-{A}.scope", A, "", "docker", "", "system.slice")]
    [InlineData($"0::{User}/user.slice/docker-{A}.scope", A, "", "docker", "user@1000.service", "user.slice")]
    [InlineData($"0::/docker/{A}/init.scope", A, "", "docker", "init.scope", "")]
    [InlineData($"0::/machine.slice/libpod-{A}.scope/container", A, "", "podman", "", "machine.slice")]
    [InlineData($"0::{User}/user.slice/libpod-{A}.scope/container", A, "", "podman", "user@1000.service", "user.slice")]
    [InlineData($"0::/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope", A, "", "podman", "", $"machine-libpod_pod_{B}.slice")]
    [InlineData($"0::/machine.slice/libpod-conmon-{A}.scope", "", "", "", $"libpod-conmon-{A}.scope", "machine.slice")]
    [InlineData($"0::/libpod_parent/{B}/libpod-{A}", A, "", "podman", "", "")]
    [InlineData($"0::/libpod_parent/{B}", "", "", "", "", "")]
    [InlineData($"0::/system.slice/nerdctl-{A}.scope", A, "", "containerd", "", "system.slice")]
    [InlineData($"0::/default/{A}", A, "", "", "", "")]
    [InlineData($"4:memory:/ecs/{H}/{H}-1234567890", $"{H}-1234567890", "", "ecs", "", "")]
    [InlineData($"4:memory:/ecs/{H}/{A}", A, "", "", "", "")]

    // What is left of a pod, and what is none.
    [InlineData($"0::{Burstable}/cri-containerd-{A}.scope (deleted)", A, U, "containerd", "", PodSlice)]
    [InlineData($"0::{Burstable}", "", U, "", "", PodSlice)]
    [InlineData($"0::/kubepods/burstable/pod{U}/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", "", U, "", "", "")]

    // Units of systemd.
    [InlineData("0::/system.slice/ssh.service", "", "", "", "ssh.service", "system.slice")]
    [InlineData("0::/system.slice/ssh.service (deleted)", "", "", "", "ssh.service", "system.slice")]
    [InlineData("0::/system.slice/containerd.service", "", "", "", "containerd.service", "system.slice")]
    [InlineData(
        $"0::{User}/app.slice/app-x.slice/vte-spawn-868f9513-eee8-457d-8e36-1b37ae8ae622.scope", "", "", "",
        "vte-spawn-868f9513-eee8-457d-8e36-1b37ae8ae622.scope", "app-x.slice")]
    [InlineData(@"0::/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt/emulator", "", "", "", @"machine-qemu\x2d1\x2dvm.scope", "machine.slice")]
    [InlineData("0::/lxc.payload.web01/system.slice/cron.service", "", "", "", "cron.service", "system.slice")]
    [InlineData("0::/init.scope", "", "", "", "init.scope", "")]
    [InlineData($"0::/system.slice/docker-{A}-.scope", "", "", "", $"docker-{A}-.scope", "system.slice")]
    [InlineData($"0::/system.slice/var-lib-docker-{A}.mount", "", "", "", "", "system.slice")]
    [InlineData($"0::/system.slice/docker.service/buildkit/{A}", "", "", "", "docker.service", "system.slice")]

    // Hybrid: the unit is in the hierarchy of systemd, the container wherever it is told.
    [InlineData($"9:memory:/docker/{A}\n1:name=systemd:/system.slice/ssh.service\n0::/", A, "", "docker", "ssh.service", "system.slice")]
    [InlineData("9:memory:/foo\n1:name=systemd:/system.slice/ssh.service\n0::/system.slice/ssh.service", "", "", "", "ssh.service", "system.slice")]
    [InlineData($"9:memory:/docker/{A}\n0::/system.slice/docker-{B}.scope", B, "", "docker", "", "system.slice")]
    [InlineData($"9:memory:/docker/{A}\n0::/kubepods/pod{U}/{B}", B, U, "", "", "")]

    // Nothing.
    [InlineData("0::/", "", "", "", "", "")]
    [InlineData("", "", "", "", "", "")]
    [InlineData("garbage", "", "", "", "", "")]
    [InlineData("0::/system.slice/bad name.service", "", "", "", "", "system.slice")]
    [InlineData("0::/.service/.slice/.scope", "", "", "", "", "")]
    public void What_a_process_belongs_to(string lines, string container, string pod, string runtime, string unit, string slice)
    {
        Membership found = Membership.Parse(Encoding.UTF8.GetBytes(lines + "\n"));

        Assert.Equal(
            (container, pod, runtime, unit, slice),
            (found.Container.Id, found.Container.PodUid, found.Container.Runtime, found.Unit, found.Slice));
    }

    [Theory]
    [InlineData($"0::/kubepods/burstable/pod{U}/{A}/kubelet/kubepods/besteffort/pod{V}/{B}", A, U)]
    [InlineData($"9:memory:/docker/{B}/kubelet/kubepods/burstable/pod{U}/{A}", B, "")]
    [InlineData($"9:memory:/docker/{B}/docker/{A}", B, "")]
    [InlineData($"0::/kubepods/burstable/pod{U}/{A}/docker/{B}", null, null)]
    [InlineData($"0::/system.slice/docker-{A}.scope", null, null)]
    public void The_container_around_a_container_is_known(string line, string? container, string? pod)
    {
        ContainerIdentity? outer = Membership.Parse(Encoding.UTF8.GetBytes(line + "\n")).Container.Outer;

        Assert.Equal((container, pod), (outer?.Id, outer?.PodUid));
    }

    [Fact]
    public void A_process_of_the_host_costs_no_memory()
    {
        byte[] root = Encoding.UTF8.GetBytes("12:memory:/\n1:name=systemd:/\n0::/\n");
        Membership.Parse(root);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Membership.Parse(root);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_line_without_its_newline_does_not_count()
    {
        Assert.Same(Membership.None, Membership.Parse(Encoding.UTF8.GetBytes($"0::/docker/{A}")));
    }
}
