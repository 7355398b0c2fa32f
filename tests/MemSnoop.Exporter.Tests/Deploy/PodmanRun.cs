using System.Globalization;
using k8s.Models;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A container of a pod, as arguments of <c>podman run</c>.</summary>
internal static class PodmanRun
{
    /// <summary>
    /// What a kubelet would have a runtime do. Two things differ: the network is the host's, so that the port is a free one, and directories that the kubelet makes are the
    /// test's own.
    /// </summary>
    /// <param name="podman">Where it runs.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="profiles">Where profiles are that nodes have; by default as they are shipped.</param>
    public static string[] Of(Podman podman, V1PodSpec pod, V1Container container, string? profiles = null)
    {
        V1SecurityContext context = container.SecurityContext;
        List<string> options = ["run", "--rm", "--network=host"];
        if (pod.HostPID == true)
        {
            options.Add("--pid=host");
        }

        if (context.Privileged == true)
        {
            options.Add("--privileged");
        }

        options.AddRange((context.Capabilities?.Drop ?? []).Select(static name => $"--cap-drop={name}"));
        options.AddRange((context.Capabilities?.Add ?? []).Select(static name => $"--cap-add={name}"));
        if (context.AllowPrivilegeEscalation == false)
        {
            options.Add("--security-opt=no-new-privileges");
        }

        if (context.SeccompProfile is { Type: "Localhost" } seccomp)
        {
            options.Add($"--security-opt=seccomp={Path.Combine(profiles ?? Path.Combine(Checkout.Root, "deploy", "kubernetes", "profiles"), seccomp.LocalhostProfile)}");
        }

        if (context.AppArmorProfile?.Type == "Unconfined" && File.Exists("/sys/kernel/security/apparmor/profiles"))
        {
            options.Add("--security-opt=apparmor=unconfined");
        }

        if (context.SeLinuxOptions?.Type is { } type)
        {
            options.Add($"--security-opt=label=type:{type}");
        }

        if (context.ReadOnlyRootFilesystem == true)
        {
            options.AddRange(["--read-only", "--read-only-tmpfs=false"]);
        }

        if ((context.RunAsUser ?? pod.SecurityContext?.RunAsUser) is { } user)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"--user={user}:{context.RunAsGroup ?? pod.SecurityContext?.RunAsGroup ?? 0}"));
        }

        options.AddRange(PodVariables.Of(container).Select(static variable => $"--env={variable}"));

        // On a machine that is busy, whoever holds a lock may lose the processor for longer than the default allows.
        options.Add("--env=MemSnoop__WorkingSet__MaxStall=1m");
        foreach (V1VolumeMount mount in container.VolumeMounts)
        {
            options.AddRange(Mount(podman, pod.Volumes.Single(volume => volume.Name == mount.Name), mount));
        }

        return [.. options];
    }

    private static string[] Mount(Podman podman, V1Volume volume, V1VolumeMount mount)
    {
        if (volume.EmptyDir is { } empty)
        {
            Assert.Equal("Memory", empty.Medium);
            return ["--mount", $"type=tmpfs,destination={mount.MountPath},tmpfs-size={empty.SizeLimit.ToInt64()},tmpfs-mode=0777"];
        }

        string path = volume.HostPath.Type == "DirectoryOrCreate"
            ? Directory.CreateDirectory(podman[volume.Name]).FullName
            : volume.HostPath.Path;
        return ["--volume", $"{path}:{mount.MountPath}:{(mount.ReadOnlyProperty == true ? "ro" : "rw")}"];
    }
}
