namespace MemSnoop.Metrics.Configuration;

/// <summary>Where the names of containers come from. The kernel knows only ids.</summary>
public sealed class ContainersOptions
{
    /// <summary>
    /// The directory in which the kubelet keeps links to the logs of containers, named after namespace, pod, container and id. Default value: /var/log/containers.
    /// </summary>
    public string LogDirectory { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = "/var/log/containers";

    /// <summary>The kubelet to ask for its pods, such as <c>https://10.0.0.7:10250</c>. Default value: null, none is asked.</summary>
    public Uri? Kubelet { get; set; }

    /// <summary>The file with the token that the kubelet gets. Default value: where Kubernetes puts the token of the pod's service account.</summary>
    public string KubeletTokenFile { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = ServiceAccount + "token";

    /// <summary>
    /// The file with the authorities that may have signed the kubelet's certificate, in PEM format. Default value: null, the file that Kubernetes gives to the pod's service
    /// account, and without that file the authorities of the system.
    /// </summary>
    public string? KubeletCertificate { get; set; }

    /// <summary>Take any certificate of the kubelet. Whoever can answer in its place gets the token. Default value: false.</summary>
    public bool KubeletInsecure { get; set; }

    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

    /// <summary>The file with the authorities to trust; null for those of the system.</summary>
    internal string? Authorities => KubeletCertificate ?? (File.Exists(ServiceAccount + "ca.crt") ? ServiceAccount + "ca.crt" : null);

    /// <summary>Checks what is selected against what can be known.</summary>
    /// <param name="processes">Which processes are watched.</param>
    /// <param name="nameOf">Names a setting as the user does.</param>
    /// <exception cref="UsageException">Nobody can tell what a selection asks for.</exception>
    internal void Check(ProcessesOptions processes, Func<Setting, string> nameOf)
    {
        if (processes.PodLabels.Count > 0 && Kubelet is null)
        {
            throw new UsageException(nameOf(ProcessesSettings.PodLabels), "no source tells the labels of pods", $"{nameOf(ContainersSettings.Kubelet)} too");
        }
    }
}

/// <summary>The settings of <see cref="ContainersOptions"/>.</summary>
internal static class ContainersSettings
{
    public static Setting Kubelet { get; } = new ScalarSetting<MemSnoopOptions, Uri>("Containers:Kubelet", Syntax.SecureUrl, o => o.Containers.Kubelet, (o, v) => o.Containers.Kubelet = v)
    {
        Options = ["--kubelet"],
        Help = "Take names of containers from this kubelet if the links do not tell them.",
    };

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, string>("Containers:LogDirectory", Syntax.FuturePath, o => o.Containers.LogDirectory, (o, v) => o.Containers.LogDirectory = v)
        {
            Options = ["--container-logs"],
            Help = "Take names of containers from the kubelet's links in this directory.",
        },
        Kubelet,
        new ScalarSetting<MemSnoopOptions, string>(
            "Containers:KubeletTokenFile", Syntax.FilePath, o => o.Containers.KubeletTokenFile, (o, v) => o.Containers.KubeletTokenFile = v)
        {
            Options = ["--kubelet.token-file"],
            Help = "File with the token for the kubelet.",
        },
        new ScalarSetting<MemSnoopOptions, string>(
            "Containers:KubeletCertificate", Syntax.FilePath, o => o.Containers.KubeletCertificate, (o, v) => o.Containers.KubeletCertificate = v)
        {
            Options = ["--kubelet.certificate"],
            Help = "Check the kubelet against the certificates in this file, not against those of the service account or the system.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Containers:KubeletInsecure", Syntax.Boolean, o => o.Containers.KubeletInsecure, (o, v) => o.Containers.KubeletInsecure = v)
        {
            Options = ["--kubelet.insecure"],
            Help = "Take any certificate of the kubelet: whoever answers in its place gets the token.",
        },
    ];
}
