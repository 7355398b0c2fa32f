using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace MemSnoop.Containers;

/// <summary>How to ask a server of the cluster: the kubelet, or the API server.</summary>
/// <param name="Endpoint">Where it listens: <c>https://10.0.0.7:10250</c>.</param>
/// <param name="TokenFile">The file with the token of the service account. It is read anew for each request, since it is replaced before the token expires.</param>
/// <param name="CertificateFile">The authorities to trust, in PEM format; null for those of the system.</param>
/// <param name="IsUnchecked">Whether any certificate will do: whoever answers gets the token.</param>
internal sealed record ClusterAccess(Uri Endpoint, string TokenFile, string? CertificateFile, bool IsUnchecked);

/// <summary>Asks a server of the cluster with the token of the service account, and says in one word what is wrong if there is no answer.</summary>
/// <param name="access">Where it is, and how both prove who they are.</param>
/// <param name="right">The right that it needs, for who lacks it: <c>get nodes/pods</c>.</param>
internal sealed class ClusterClient(ClusterAccess access, string right)
{
    /// <summary>A pod takes some 10 kB. A node has a few hundred of them.</summary>
    internal const int MostBytes = 32 << 20;

    /// <summary>The reason if what was asked for is too old to be known (status 410).</summary>
    internal const string Gone = "gone";

    private const int MostTokenBytes = 64 << 10;

    // A connection that is lost without a word is noticed by these.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(15);

    private string Address => access.Endpoint.GetLeftPart(UriPartial.Authority);

    /// <summary>Sends a request and reads the answer. Does not throw but when it is cancelled.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="patience">How long the whole answer may take.</param>
    /// <param name="isLong">Whether the answer takes its time. HTTP/2 alone has something to tell that the other side is still there.</param>
    /// <param name="read">Makes something of the body. It may throw what reading and parsing throw.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task<NameAnswer> GetAsync(string path, TimeSpan patience, bool isLong, Func<Stream, CancellationToken, Task<NameAnswer>> read, CancellationToken cancellation)
    {
        // A connection for each request, of which there are few: authorities and token are those of now.
        using SocketsHttpHandler sockets = new()
        {
            AllowAutoRedirect = false, UseCookies = false, UseProxy = false, KeepAlivePingDelay = PingDelay, KeepAlivePingTimeout = PingTimeout,
        };
        if (ReadToken(out string token) is { } noToken)
        {
            return noToken;
        }

        if (Trust(sockets) is { } noCertificate)
        {
            return noCertificate;
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            using HttpClient client = new(sockets) { Timeout = Timeout.InfiniteTimeSpan };
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(access.Endpoint, path)) { Version = isLong ? HttpVersion.Version20 : HttpVersion.Version11 };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Refused(response.StatusCode);
            }

            if (response.Content.Headers.ContentLength > MostBytes)
            {
                throw new AnswerTooLargeException(MostBytes);
            }

            Stream body = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                return await read(body, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return NameAnswer.Nothing("timeout", $"{Address} has not answered within {patience.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            return Explain(error);
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
        HttpStatusCode.Forbidden => NameAnswer.Nothing("forbidden", $"{Address} says that the service account may not {right} (403)"),
        HttpStatusCode.Gone => NameAnswer.Nothing(Gone, $"{Address} does not know that version any more (410)"),
        _ => NameAnswer.Nothing("refused", $"{Address} answered with status {(int)status}"),
    };

    private NameAnswer Explain(Exception error) => error switch
    {
        AnswerTooLargeException => NameAnswer.Nothing("too_large", $"the answer of {Address} {error.Message}"),
        HttpRequestException { InnerException: AuthenticationException tls } => NameAnswer.Nothing("tls", $"{Address} is not trusted: {OneLine(tls)}"),
        JsonException => NameAnswer.Nothing("malformed", $"the answer of {Address} is no list of pods: {OneLine(error)}"),
        _ => NameAnswer.Nothing("unreachable", $"{Address}: {OneLine(error)}"),
    };

    private static string OneLine(Exception error) => error.Message.ReplaceLineEndings(" ");
}
