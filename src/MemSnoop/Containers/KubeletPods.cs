using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace MemSnoop.Containers;

/// <summary>How to ask the kubelet.</summary>
/// <param name="Endpoint">Where it listens: <c>https://10.0.0.7:10250</c>.</param>
/// <param name="TokenFile">The file with the token of the service account. It is read anew for each request, since it is replaced before the token expires.</param>
/// <param name="CertificateFile">The authorities to trust, in PEM format; null for those of the system.</param>
/// <param name="IsUnchecked">Whether any certificate will do: whoever answers gets the token.</param>
internal sealed record KubeletAccess(Uri Endpoint, string TokenFile, string? CertificateFile, bool IsUnchecked);

/// <summary>
/// Names of containers from the kubelet's <c>/pods</c>: the pods of this node alone, static ones included. It needs the right to <c>get</c> <c>nodes/pods</c>, or before
/// Kubernetes 1.33 <c>nodes/proxy</c>.
/// </summary>
internal sealed class KubeletPods(KubeletAccess access) : IContainerNameSource
{
    internal const string SourceName = "kubelet";

    /// <summary>A pod takes some 10 kB. A node has a few hundred of them.</summary>
    internal const int MostBytes = 32 << 20;

    private const int MostTokenBytes = 64 << 10;

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the whole answer may take.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    private string Address => access.Endpoint.GetLeftPart(UriPartial.Authority);

    /// <inheritdoc/>
    public async Task<NameAnswer> ReadAsync(CancellationToken cancellation)
    {
        // A connection for each reading, of which there are few: authorities and token are those of now.
        using SocketsHttpHandler sockets = new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        if (ReadToken(out string token) is { } noToken)
        {
            return noToken;
        }

        if (Trust(sockets) is { } noCertificate)
        {
            return noCertificate;
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using HttpClient client = new(sockets) { Timeout = Timeout.InfiniteTimeSpan };
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(access.Endpoint, "/pods"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK ? await ReadAsync(response, patience.Token).ConfigureAwait(false) : Refused(response.StatusCode);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return NameAnswer.Nothing("timeout", $"{Address} has not answered within {Patience.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            return Explain(error);
        }
    }

    private static async Task<NameAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > MostBytes)
        {
            throw new AnswerTooLargeException();
        }

        Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            using BoundedStream bounded = new(body, MostBytes);
            PodList? pods = await JsonSerializer.DeserializeAsync(bounded, PodListContext.Default.PodList, cancellation).ConfigureAwait(false);
            return pods?.Items is null
                ? NameAnswer.Nothing("malformed", "the answer of the kubelet is no list of pods")
                : NameAnswer.Of(pods.ToCatalogue(), $"{pods.Items.Length} pods by the kubelet");
        }
    }

    /// <summary>Sets whom to trust; what is wrong if that cannot be read.</summary>
    private NameAnswer? Trust(SocketsHttpHandler sockets)
    {
        if (access.IsUnchecked)
        {
#pragma warning disable CA5359 // An option asks for just this; the certificate of many a kubelet is signed by nobody.
            sockets.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
            return null;
        }

        if (access.CertificateFile is not { } file)
        {
            return null;
        }

        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,

            // A cluster's authority publishes no revocation list.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return NameAnswer.Nothing("no_certificate", $"{file} cannot be read: {OneLine(error)}");
        }

        sockets.SslOptions.CertificateChainPolicy = policy;
        return policy.CustomTrustStore.Count > 0 ? null : NameAnswer.Nothing("no_certificate", $"{file} has no certificate");
    }

    /// <summary>Reads the token; what is wrong if there is none.</summary>
    private NameAnswer? ReadToken(out string token)
    {
        token = "";
        try
        {
            using FileStream file = File.OpenRead(access.TokenFile);
            using StreamReader reader = new(new BoundedStream(file, MostTokenBytes));
            token = reader.ReadToEnd().Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return NameAnswer.Nothing("no_token", $"{access.TokenFile} cannot be read: {OneLine(error)}");
        }

        // A header takes no other characters, and a token has none (RFC 6750).
        bool isToken = token.Length > 0 && token.All(static character => char.IsAsciiLetterOrDigit(character) || "-._~+/=".Contains(character, StringComparison.Ordinal));
        return isToken ? null : NameAnswer.Nothing("no_token", $"{access.TokenFile} has no token");
    }

    private NameAnswer Refused(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => NameAnswer.Nothing("unauthorized", $"{Address} does not take the token of {access.TokenFile} (401)"),
        HttpStatusCode.Forbidden => NameAnswer.Nothing("forbidden", $"{Address} says that the service account may not get nodes/pods (403)"),
        _ => NameAnswer.Nothing("refused", $"{Address} answered with status {(int)status}"),
    };

    private NameAnswer Explain(Exception error) => error switch
    {
        AnswerTooLargeException => NameAnswer.Nothing("too_large", $"the answer of {Address} has more than {MostBytes >> 20} MB"),
        HttpRequestException { InnerException: AuthenticationException tls } => NameAnswer.Nothing("tls", $"{Address} is not trusted: {OneLine(tls)}"),
        JsonException => NameAnswer.Nothing("malformed", $"the answer of {Address} is no list of pods: {OneLine(error)}"),
        _ => NameAnswer.Nothing("unreachable", $"{Address}: {OneLine(error)}"),
    };

    private static string OneLine(Exception error) => error.Message.ReplaceLineEndings(" ");
}
