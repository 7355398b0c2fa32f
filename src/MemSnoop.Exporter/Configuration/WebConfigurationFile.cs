using System.Buffers;
using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using MemSnoop.Metrics.Configuration;
using YamlDotNet.Core.Events;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The web configuration file of Prometheus' exporters: TLS, users, headers, a limit of requests.</summary>
/// <remarks>No error quotes a value that can be a secret: neither hashes nor keys.</remarks>
internal sealed class WebConfigurationFile
{
    private const string Sections = "tls_server_config, http_server_config, basic_auth_users, rate_limit";
    private const string TlsKeys =
        "cert_file, key_file, cert, key, client_auth_type, client_ca_file, client_ca, client_allowed_sans, min_version, max_version, cipher_suites, prefer_server_cipher_suites, curve_preferences";

    private static readonly SearchValues<char> HashCharacters = SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    // What may be set, with its values where there are few: others could break what the endpoint says.
    private static readonly (string Name, string[] Values)[] KnownHeaders =
    [
        ("Strict-Transport-Security", []), ("X-Content-Type-Options", ["nosniff"]), ("X-Frame-Options", ["deny", "sameorigin"]), ("X-XSS-Protection", []), ("Content-Security-Policy", []),
    ];

    private static readonly Dictionary<string, ClientCertificates> ClientWords = new()
    {
        ["NoClientCert"] = ClientCertificates.NoClientCert,
        ["RequestClientCert"] = ClientCertificates.RequestClientCert,
        ["RequireAnyClientCert"] = ClientCertificates.RequireAnyClientCert,

        // An older name of the same.
        ["RequireClientCert"] = ClientCertificates.RequireAnyClientCert,
        ["VerifyClientCertIfGiven"] = ClientCertificates.VerifyClientCertIfGiven,
        ["RequireAndVerifyClientCert"] = ClientCertificates.RequireAndVerifyClientCert,
    };

    // As numbers that can be compared. What is older than TLS 1.2 is never spoken: nobody needs it, and the system's library refuses it.
    private static readonly Dictionary<string, int> VersionWords = new() { ["TLS10"] = 0, ["TLS11"] = 1, ["TLS12"] = 2, ["TLS13"] = 3 };

    // Those that Go takes for secure.
    private static readonly Dictionary<string, TlsCipherSuite> CipherWords = new TlsCipherSuite[]
    {
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    }.ToDictionary(static suite => suite.ToString());

    private static readonly string[] CurveWords = ["CurveP256", "CurveP384", "CurveP521", "X25519"];

    private readonly string _directory;
    private readonly YamlEvents _yaml;

    private WebTls? _tls;
    private bool _http2 = true;
    private readonly List<KeyValuePair<string, string>> _headers = [];
    private readonly Dictionary<string, string> _users = [];
    private WebRate? _rate;

    private WebConfigurationFile(string path, string text)
    {
        _directory = Path.GetDirectoryName(path) ?? "";
        _yaml = new YamlEvents(UsageException.OneLine(path), text, "a web configuration");
    }

    /// <summary>Reads the file, but not those that it names.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="source">What named the file.</param>
    /// <exception cref="UsageException">The file cannot be read, is not YAML, or says something else than it should.</exception>
    public static WebConfiguration Read(string path, string source)
    {
        byte[] bytes = BoundedFile.Read(path, source, "a YAML file");
        return new WebConfigurationFile(path, Encoding.UTF8.GetString(bytes)).Parse();
    }

    private WebConfiguration Parse()
    {
        // An empty file is one with nothing in it.
        _yaml.Read(Sections, ReadSection);
        return new WebConfiguration { Tls = _tls, Http2 = _http2, Headers = _headers, Users = _users, Rate = _rate };
    }

    private void ReadSection(Scalar key)
    {
        switch (key.Value)
        {
            case "tls_server_config":
                ReadTls(key);
                break;
            case "http_server_config":
                _yaml.TryReadMapping(key.Value, "http2, headers", ReadHttp);
                break;
            case "basic_auth_users":
                _yaml.TryReadMapping(key.Value, "NAME: HASH", ReadUser);
                break;
            case "rate_limit":
                ReadRate(key);
                break;
            default:
                throw Unknown(key, Sections);
        }
    }

    private void ReadTls(Scalar section)
    {
        Dictionary<string, PemText> texts = [];
        (Scalar Key, ClientCertificates Value)? clients = null;
        (Scalar Key, List<string> Names)? names = null;
        int least = VersionWords["TLS12"];
        (Scalar? At, int Value) most = (null, VersionWords["TLS13"]);
        List<TlsCipherSuite> suites = [];
        bool choosesCurves = false;
        bool hasKeys = false;
        _yaml.TryReadMapping(section.Value, TlsKeys, key =>
        {
            hasKeys = true;
            switch (key.Value)
            {
                case "cert_file" or "key_file" or "client_ca_file" or "cert" or "key" or "client_ca":
                    ReadPem(key, texts);
                    break;
                case "client_auth_type":
                    clients = (key, ReadWord(key, ClientWords, "NoClientCert"));
                    break;
                case "client_allowed_sans":
                    names = (key, [.. _yaml.ReadTexts(key, "a list of names").Select(static name => name.Value)]);
                    break;
                case "min_version":
                    least = Math.Max(least, ReadWord(key, VersionWords, "TLS12"));
                    break;
                case "max_version":
                    most = (key, ReadWord(key, VersionWords, "TLS13"));
                    break;
                case "cipher_suites":
                    suites = [.. _yaml.ReadTexts(key, "a list of cipher suites").Select(name => Word(name, CipherWords))];
                    break;
                case "prefer_server_cipher_suites":
                    ReadBoolean(key);
                    break;
                case "curve_preferences":
                    List<Scalar> curves = _yaml.ReadTexts(key, "a list of curves");
                    curves.ForEach(CheckCurve);
                    choosesCurves = curves.Count > 0;
                    break;
                default:
                    throw Unknown(key, TlsKeys);
            }
        });

        void CheckCurve(Scalar curve)
        {
            if (!CurveWords.Contains(curve.Value))
            {
                throw _yaml.Wrong(curve, $"unknown curve {UsageException.Quote(curve.Value)}", $"one of {string.Join(", ", CurveWords)}");
            }
        }

        if (!hasKeys)
        {
            return;
        }

        ClientCertificates client = clients?.Value ?? ClientCertificates.NoClientCert;
        if (most.Value < least)
        {
            throw _yaml.Wrong(most.At ?? section, "max_version is below the least version, and TLS 1.0 and 1.1 are not spoken", "TLS12 or TLS13, and not less than min_version");
        }

        PemText? authorities = Either(section, texts, "client_ca");
        if (authorities is not null && client == ClientCertificates.NoClientCert)
        {
            throw _yaml.Wrong(section, "there is a client_ca, and client_auth_type asks for no certificate", "client_auth_type: RequireAndVerifyClientCert");
        }

        if (names is { } allowed && client is not (ClientCertificates.RequireAnyClientCert or ClientCertificates.RequireAndVerifyClientCert))
        {
            throw _yaml.Wrong(allowed.Key, "client_allowed_sans is given, and client_auth_type does not require a certificate", "client_auth_type: RequireAndVerifyClientCert");
        }

        _tls = new WebTls
        {
            Certificate = Either(section, texts, "cert") ?? throw _yaml.Wrong(section, "has neither cert_file nor cert", "one of them"),
            Key = Either(section, texts, "key") ?? throw _yaml.Wrong(section, "has neither key_file nor key", "one of them"),
            ClientAuthorities = authorities,
            Clients = client,
            ClientNames = names?.Names ?? [],
            Versions = (least <= 2 ? SslProtocols.Tls12 : SslProtocols.None) | (most.Value >= 3 ? SslProtocols.Tls13 : SslProtocols.None),
            CipherSuites = suites,
            ChoosesCurves = choosesCurves,
        };
    }

    // An empty text is one that is not given: templates leave those.
    private void ReadPem(Scalar key, Dictionary<string, PemText> texts)
    {
        string text = _yaml.ReadText(key, "a text").Value;
        if (text.Length > 0)
        {
            bool isFile = key.Value.EndsWith("_file", StringComparison.Ordinal);
            texts.Add(key.Value, new PemText($"{_yaml.PlaceOf(key)}: {key.Value}", isFile ? Path.Combine(_directory, text) : null, isFile ? null : text));
        }
    }

    private PemText? Either(Scalar section, Dictionary<string, PemText> texts, string name)
    {
        PemText? file = texts.GetValueOrDefault(name + "_file");
        PemText? text = texts.GetValueOrDefault(name);
        return file is not null && text is not null ? throw _yaml.Wrong(section, $"has both {name}_file and {name}", "one of them") : file ?? text;
    }

    private void ReadHttp(Scalar key)
    {
        switch (key.Value)
        {
            case "http2":
                _http2 = ReadBoolean(key);
                break;
            case "headers":
                _yaml.TryReadMapping(key.Value, string.Join(", ", KnownHeaders.Select(static header => header.Name)), ReadHeader);
                break;
            default:
                throw Unknown(key, "http2, headers");
        }
    }

    private void ReadHeader(Scalar key)
    {
        if (KnownHeaders.FirstOrDefault(header => header.Name == key.Value) is not { Name: not null } known)
        {
            throw _yaml.Wrong(key, $"the header {UsageException.Quote(key.Value)} cannot be set", $"one of {string.Join(", ", KnownHeaders.Select(static header => header.Name))}");
        }

        string value = _yaml.ReadText(key, "a text").Value;
        if (value.Length == 0)
        {
            return;
        }

        if (known.Values.Length > 0 && !known.Values.Contains(value))
        {
            throw _yaml.Wrong(key, $"{UsageException.Quote(value)} is no value of {key.Value}", string.Join(" or ", known.Values));
        }

        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw _yaml.Wrong(key, $"the value of {key.Value} has characters that a header cannot have", "printable ASCII");
        }

        _headers.Add(new(key.Value, value));
    }

    private void ReadUser(Scalar name)
    {
        string hash = _yaml.ReadText(name, "a bcrypt hash").Value;
        if (name.Value.Contains(':', StringComparison.Ordinal))
        {
            throw _yaml.Wrong(name, "the name of a user has a colon, which ends names in a login", "a name without one");
        }

        // Neither is quoted: who takes one for the other must not find it in a log.
        _users.Add(name.Value, IsBcrypt(hash) ? hash : throw _yaml.Wrong(name, "a user has no bcrypt hash", "a hash such as htpasswd -B makes: $2y$, the cost and 53 characters"));
    }

    // Version, cost from 4 to 31, and 22 characters of salt and 31 of hash.
    private static bool IsBcrypt(string hash) =>
        hash.Length == 60 && hash.StartsWith("$2", StringComparison.Ordinal) && hash[2] is 'a' or 'b' or 'x' or 'y' && hash[3] == '$' && hash[6] == '$'
        && int.TryParse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture, out int cost) && cost is >= 4 and <= 31
        && !hash.AsSpan(7).ContainsAnyExcept(HashCharacters);

    private void ReadRate(Scalar section)
    {
        TimeSpan interval = TimeSpan.Zero;
        int burst = 0;
        _yaml.TryReadMapping(section.Value, "interval, burst", key =>
        {
            string text = _yaml.ReadText(key, "a text").Value;
            switch (key.Value)
            {
                case "interval":
                    interval = text == "0" ? TimeSpan.Zero
                        : Duration.TryParse(text, out Duration value) ? value.Value
                        : throw _yaml.Wrong(key, $"{UsageException.Quote(text)} is not a duration", "a duration such as 500ms or 1s");
                    break;
                case "burst":
                    burst = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count
                        : throw _yaml.Wrong(key, $"{UsageException.Quote(text)} is not a number of requests", "a number such as 20");
                    break;
                default:
                    throw Unknown(key, "interval, burst");
            }
        });

        if (interval > TimeSpan.Zero)
        {
            _rate = burst > 0 ? new WebRate(interval, burst) : throw _yaml.Wrong(section, "without a burst no request would ever be answered", "burst: 1 or more");
        }
    }

    private T ReadWord<T>(Scalar key, Dictionary<string, T> words, string usual)
    {
        Scalar text = _yaml.ReadText(key, string.Join(", ", words.Keys));
        return text.Value.Length == 0 ? words[usual] : Word(text, words);
    }

    private T Word<T>(Scalar text, Dictionary<string, T> words) =>
        words.TryGetValue(text.Value, out T? value) ? value : throw _yaml.Wrong(text, $"unknown value {UsageException.Quote(text.Value)}", $"one of {string.Join(", ", words.Keys)}");

    // As Go's reader has them.
    private bool ReadBoolean(Scalar key)
    {
        Scalar text = _yaml.ReadText(key, "true or false");
        return text.Value.ToUpperInvariant() switch
        {
            "TRUE" or "YES" or "ON" or "Y" => true,
            "FALSE" or "NO" or "OFF" or "N" => false,
            _ => throw _yaml.Wrong(text, $"{UsageException.Quote(text.Value)} is not a Boolean", "true or false"),
        };
    }

    private UsageException Unknown(Scalar key, string expected) => _yaml.Wrong(key, $"unknown key {UsageException.Quote(key.Value)}", $"one of {expected}");
}
