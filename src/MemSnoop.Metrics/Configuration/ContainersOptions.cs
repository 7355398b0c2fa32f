using MemSnoop.Containers;

namespace MemSnoop.Metrics.Configuration;

/// <summary>Where the names of containers come from. The kernel knows only ids.</summary>
public sealed class ContainersOptions
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";
    private const string Automatic = "auto";
    private const string NodeVariable = "NODE_NAME";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>
    /// The directory in which the kubelet keeps links to the logs of containers, named after namespace, pod, container and id. Default value: /var/log/containers.
    /// </summary>
    public string LogDirectory { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = "/var/log/containers";

    /// <summary>
    /// The socket of the container runtime to ask for its containers, such as <c>unix:///run/containerd/containerd.sock</c>. Default value: null, none is asked.
    /// </summary>
    public string? Cri { get; set; }

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

    /// <summary>
    /// The API server whose pods of this node are watched: a URL, or <c>auto</c> for the one that Kubernetes names in the variables of a container. Default value: null, none is asked.
    /// </summary>
    public string? KubernetesApi { get; set; }

    /// <summary>The file with the token that the API server gets. Default value: where Kubernetes puts the token of the pod's service account.</summary>
    public string KubernetesApiTokenFile { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = ServiceAccount + "token";

    /// <summary>
    /// The file with the authorities that may have signed the API server's certificate, in PEM format. Default value: null, the file that Kubernetes gives to the pod's service
    /// account, and without that file the authorities of the system.
    /// </summary>
    public string? KubernetesApiCertificate { get; set; }

    /// <summary>The name of this node in Kubernetes, for the API server. Default value: null, the variable <c>NODE_NAME</c> has it.</summary>
    public string? NodeName { get; set; }

    /// <summary>The variables of the environment.</summary>
    internal Func<string, string?> Variable { get; set; } = Environment.GetEnvironmentVariable;

    /// <summary>The path of the runtime's socket; null if none is asked.</summary>
    internal string? CriSocket => Cri?[Syntax.UnixScheme.Length..];

    /// <summary>The file with the authorities to trust for the kubelet; null for those of the system.</summary>
    internal string? KubeletAuthorities => KubeletCertificate ?? Authorities;

    /// <summary>The file with the authorities to trust for the API server; null for those of the system.</summary>
    internal string? KubernetesApiAuthorities => KubernetesApiCertificate ?? Authorities;

    /// <summary>Where the API server listens; null if none is asked, or none can be found.</summary>
    internal Uri? KubernetesApiEndpoint => KubernetesApi == Automatic ? FromVariables() : KubernetesApi is { } url ? new Uri(url) : null;

    /// <summary>The name of this node; null if nobody tells.</summary>
    internal string? Node => NodeName ?? Text(NodeVariable);

    private static string? Authorities => File.Exists(ServiceAccount + "ca.crt") ? ServiceAccount + "ca.crt" : null;

    /// <summary>Checks the settings against each other, and what is selected against what can be known.</summary>
    /// <param name="processes">Which processes are watched.</param>
    /// <param name="nameOf">Names a setting as the user does.</param>
    /// <exception cref="UsageException">Something is missing.</exception>
    internal void Check(ProcessesOptions processes, Func<Setting, string> nameOf)
    {
        if (processes.PodLabels.Count > 0 && Cri is null && Kubelet is null && KubernetesApi is null)
        {
            throw new UsageException(
                nameOf(ProcessesSettings.PodLabels), "no source tells the labels of pods",
                $"{nameOf(ContainersSettings.Cri)}, {nameOf(ContainersSettings.Kubelet)} or {nameOf(ContainersSettings.KubernetesApi)} too");
        }

        if (KubernetesApi is null)
        {
            return;
        }

        if (KubernetesApiEndpoint is null)
        {
            throw new UsageException(
                nameOf(ContainersSettings.KubernetesApi), $"{HostVariable} and {PortVariable} do not name an API server", "a URL, or auto in a container of Kubernetes");
        }

        if (Node is not { } node)
        {
            throw new UsageException(nameOf(ContainersSettings.KubernetesApi), "it is not known which node this is", $"{nameOf(ContainersSettings.NodeName)} too, or the variable {NodeVariable}");
        }

        Syntax.NodeName.Parse(new SettingText(node, NodeName is null ? NodeVariable : nameOf(ContainersSettings.NodeName)));
    }

    private Uri? FromVariables()
    {
        string? host = Text(HostVariable);
        string address = host?.Contains(':', StringComparison.Ordinal) == true ? $"[{host}]" : host ?? "";
        return Syntax.SecureUrl.TryParse($"https://{address}:{Text(PortVariable) ?? "443"}", out Uri? url) ? url : null;
    }

    private string? Text(string variable) => Variable(variable) is { Length: > 0 } text ? text : null;
}

/// <summary>The settings of <see cref="ContainersOptions"/>.</summary>
internal static class ContainersSettings
{
    public static Setting Cri { get; } = new ScalarSetting<MemSnoopOptions, string>("Containers:Cri", Syntax.UnixSocket, o => o.Containers.Cri, (o, v) => o.Containers.Cri = v)
    {
        Options = ["--cri"],
        Help = "Take names of containers from the runtime behind this socket if the links do not tell them.",
    };

    public static Setting Kubelet { get; } = new ScalarSetting<MemSnoopOptions, Uri>("Containers:Kubelet", Syntax.SecureUrl, o => o.Containers.Kubelet, (o, v) => o.Containers.Kubelet = v)
    {
        Options = ["--kubelet"],
        Help = "Take names of containers from this kubelet if the links do not tell them.",
    };

    public static Setting KubernetesApi { get; } = new ScalarSetting<MemSnoopOptions, string>(
        "Containers:KubernetesApi", Syntax.ApiServer, o => o.Containers.KubernetesApi, (o, v) => o.Containers.KubernetesApi = v)
    {
        Options = ["--kubernetes-api"],
        Help = "Watch the pods of this node at this API server for the names of containers.",
    };

    public static Setting NodeName { get; } = new ScalarSetting<MemSnoopOptions, string>("Containers:NodeName", Syntax.NodeName, o => o.Containers.NodeName, (o, v) => o.Containers.NodeName = v)
    {
        Options = ["--node-name"],
        Help = "Name of this node in Kubernetes, if not that in the variable NODE_NAME.",
    };

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, string>("Containers:LogDirectory", Syntax.FuturePath, o => o.Containers.LogDirectory, (o, v) => o.Containers.LogDirectory = v)
        {
            Options = ["--container-logs"],
            Help = "Take names of containers from the kubelet's links in this directory.",
        },
        Cri,
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
        KubernetesApi,
        new ScalarSetting<MemSnoopOptions, string>(
            "Containers:KubernetesApiTokenFile", Syntax.FilePath, o => o.Containers.KubernetesApiTokenFile, (o, v) => o.Containers.KubernetesApiTokenFile = v)
        {
            Options = ["--kubernetes-api.token-file"],
            Help = "File with the token for the API server.",
        },
        new ScalarSetting<MemSnoopOptions, string>(
            "Containers:KubernetesApiCertificate", Syntax.FilePath, o => o.Containers.KubernetesApiCertificate, (o, v) => o.Containers.KubernetesApiCertificate = v)
        {
            Options = ["--kubernetes-api.certificate"],
            Help = "Check the API server against the certificates in this file, not against those of the service account or the system.",
        },
        NodeName,
    ];
}
