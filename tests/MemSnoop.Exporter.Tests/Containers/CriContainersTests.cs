using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Grpc.Core;
using MemSnoop.Containers;
using MemSnoop.Exporter.Tests.Containers.Cri;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>A container runtime's answers by gRPC: what is taken from them, and what becomes of a runtime that refuses, stalls or lies.</summary>
public sealed class CriContainersTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string Sandbox = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string StaticSandbox = "2222222222222222222222222222222222222222222222222222222222222222";
    private const string Uid = "11112222-3333-4444-5555-666677778888";
    private const string Hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    private readonly TemporaryDirectory _directory = new();

    private string Socket => _directory["cri.sock"];

    [Fact]
    public async Task Every_container_has_its_names_and_labels_and_so_has_the_one_that_holds_the_namespaces()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Sandboxes = Pods();
        runtime.Containers = Containers();

        NameAnswer answer = await Source().ReadAsync(Cancellation);

        Assert.Equal(("ok", "2 pods by the runtime"), (answer.Reason, answer.Explanation));
        NameCatalogue names = answer.Catalogue!;
        Assert.Equal(new ContainerNames("shop", "web-5d4f", "nginx"), names.Find(A));
        Assert.Equal(new ContainerNames("kube-system", "etcd-node", "etcd"), names.Find(B));
        Assert.Equal(new ContainerNames("shop", "web-5d4f", "POD"), names.Find(Sandbox));
        Assert.Equal(PodNames.Of("shop", "web-5d4f"), names.FindPod(Uid));
        Assert.Equal(PodNames.Of("kube-system", "etcd-node"), names.FindPod(Hash));
        Assert.All((string[])[A, Sandbox, Uid], id => Assert.Equal("web", names.FindLabels(id)!["app"]));
        Assert.Equal(4, names.Count);
    }

    [Fact]
    public async Task A_runtime_with_nothing_to_tell_is_no_failure()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        NameAnswer answer = await Source().ReadAsync(Cancellation);
        Assert.Equal(("ok", 0), (answer.Reason, answer.Catalogue!.Count));
        Assert.Equal(2, runtime.Calls);
    }

    [Fact]
    public async Task A_thousand_containers_come_over_in_one_answer()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Sandboxes = Pods();
        for (int i = 0; i < 1_000; i++)
        {
            Container container = ContainerOf(Sandbox, $"{i:x64}", $"c{i}");
            container.Annotations.Add("note", new string('x', 1_000));
            runtime.Containers.Containers.Add(container);
        }

        NameAnswer answer = await Source().ReadAsync(Cancellation);

        Assert.Equal(("ok", 1_002), (answer.Reason, answer.Catalogue!.Count));
        Assert.Equal("c999", answer.Catalogue.Find($"{999:x64}")!.Container);
    }

    [Theory]
    [InlineData(StatusCode.Unimplemented, "unknown service runtime.v1.RuntimeService", "status 12 of gRPC unknown service runtime.v1.RuntimeService")]
    [InlineData(StatusCode.PermissionDenied, "", "status 7 of gRPC")]
    [InlineData(StatusCode.Internal, "täglich\n100 %", "status 13 of gRPC täglich 100 %")]
    public async Task A_refusal_says_why(StatusCode code, string message, string explanation)
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Refusal = new Status(code, message);

        NameAnswer answer = await Source().ReadAsync(Cancellation);

        Assert.Equal(("refused", $"{Socket} does not answer ListPodSandbox: {explanation}"), (answer.Reason, answer.Explanation));
    }

    [Theory]
    [InlineData(404, null, "", "refused")]
    [InlineData(200, null, "", "refused")]
    [InlineData(200, "0", "", "malformed")]
    [InlineData(200, "0", "0000", "malformed")]
    [InlineData(200, "0", "0000000001", "malformed")]
    [InlineData(200, "0", "0000000000ff", "malformed")]
    [InlineData(200, "0", "0100000000", "malformed")]
    [InlineData(200, "0", "00000000020a05", "malformed")]
    [InlineData(200, "0", "000000000107", "malformed")]
    [InlineData(200, "13", "0000000000", "refused")]
    public async Task What_is_no_answer_of_gRPC_is_told_from_one(int status, string? grpcStatus, string body, string reason)
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Answer = async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Convert.FromHexString(body));
            if (grpcStatus is not null)
            {
                context.Response.AppendTrailer("grpc-status", grpcStatus);
            }
        };

        NameAnswer answer = await Source().ReadAsync(Cancellation);

        Assert.Equal((reason, (NameCatalogue?)null), (answer.Reason, answer.Catalogue));
    }

    [Fact]
    public async Task Fifty_megabytes_are_not_taken_in()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Answer = async context =>
        {
            byte[] block = new byte[1 << 20];
            for (int i = 0; i < 50; i++)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        };

        Assert.Equal("too_large", (await Source().ReadAsync(Cancellation)).Reason);
    }

    [Fact]
    public async Task A_runtime_that_does_not_answer_is_given_up()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Answer = static context => Task.Delay(Timeout.Infinite, context.RequestAborted);

        Assert.Equal("timeout", (await new CriContainers(Socket) { Patience = TimeSpan.FromSeconds(0.5) }.ReadAsync(Cancellation)).Reason);
    }

    [Fact]
    public async Task A_socket_that_is_none_or_that_nobody_listens_on_has_its_reason()
    {
        Assert.Equal("not_found", (await Source().ReadAsync(Cancellation)).Reason);

        _directory.Write("cri.sock", "");
        Assert.Equal("unreachable", (await Source().ReadAsync(Cancellation)).Reason);

        File.Delete(Socket);
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        runtime.Answer = static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.Equal("unreachable", (await Source().ReadAsync(Cancellation)).Reason);
    }

    [Fact]
    public async Task Who_stops_does_not_wait_for_an_answer()
    {
        await using TestRuntime runtime = await TestRuntime.StartAsync(Socket);
        using CancellationTokenSource stop = new();
        runtime.Answer = async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Source().ReadAsync(stop.Token));
    }

    /// <summary>Names of a wrong form would become labels.</summary>
    [Fact]
    public void A_runtime_that_lies_names_nothing()
    {
        string[] wrong = ["", "Web", "we\"b", "we\nb", "we{b}", new('a', 10_000), "\0", "wéb"];
        ListPodSandboxResponse sandboxes = new();
        ListContainersResponse containers = new();
        sandboxes.Items.AddRange(wrong.Select((name, i) => SandboxOf($"a{i}", name, Uid, "shop")));
        sandboxes.Items.AddRange(wrong.Select((name, i) => SandboxOf($"b{i}", "web", name, name)));
        sandboxes.Items.Add(SandboxOf("good", "web", "not-a-uid", "shop"));
        sandboxes.Items.Add(new PodSandbox { Id = Sandbox });
        containers.Containers.AddRange(wrong.Select(name => ContainerOf("good", A, name)));
        containers.Containers.AddRange(wrong.Select(id => ContainerOf("good", id, "nginx")));
        containers.Containers.AddRange(wrong.Select((_, i) => ContainerOf($"a{i}", B, "nginx")));
        containers.Containers.Add(ContainerOf("nowhere", B, "nginx"));
        containers.Containers.Add(new Container());

        NameAnswer answer = CriContainers.Read(sandboxes.ToByteArray(), containers.ToByteArray());

        Assert.Equal("ok", answer.Reason);
        Assert.Equal((0, (PodNames?)null), (answer.Catalogue!.Count, answer.Catalogue.FindPod(Uid)));
    }

    /// <summary>Fields that a later version adds, of every kind, change nothing.</summary>
    [Fact]
    public void Fields_that_are_not_known_are_passed_over()
    {
        byte[] unknown = [0xf8, 0x07, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8, 0xfa, 0x07, 2, 0xff, 0xff, 0xfd, 0x07, 1, 2, 3, 4];
        byte[] containers = [.. unknown, .. Containers().ToByteArray(), .. unknown];

        Assert.Equal(new ContainerNames("shop", "web-5d4f", "nginx"), CriContainers.Read(Pods().ToByteArray(), containers).Catalogue!.Find(A));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("0a")]
    [InlineData("0a80")]
    [InlineData("0a8080808080808080808001")]
    [InlineData("0affffffffffffffffff01")]
    [InlineData("09010203")]
    [InlineData("0d010203")]
    [InlineData("08")]
    [InlineData("0b")]
    [InlineData("0e")]
    public void What_is_no_message_is_malformed(string message)
    {
        ProtobufReader reader = new(Convert.FromHexString(message));
        Assert.False(reader.TryRead(out _, out _));
        Assert.True(reader.IsMalformed);
        Assert.False(reader.TryRead(out _, out _));
        Assert.Equal("malformed", CriContainers.Read(Convert.FromHexString(message), []).Reason);
    }

    /// <summary>With bytes changed anywhere there is an answer; where Google's own reader takes the message, it has the same names.</summary>
    [Fact]
    public void Any_bytes_have_an_answer() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000), Prop.ForAll(
        Gen.Choose(0, 400).Zip(Gen.Choose(0, 255)).ListOf().ToArbitrary(), Gen.Choose(0, 400).ToArbitrary(),
        static (changes, length) =>
        {
            byte[] message = Containers().ToByteArray();
            foreach ((int at, int value) in changes.Take(3))
            {
                message[at % message.Length] = (byte)value;
            }

            message = message[..Math.Min(message.Length, length)];
            NameAnswer answer = CriContainers.Read(Pods().ToByteArray(), message);
            try
            {
                ListContainersResponse expected = ListContainersResponse.Parser.ParseFrom(message);
                foreach (Container container in expected.Containers.Where(container => answer.Catalogue?.Find(container.Id) is not null && container.Id.Length == 64))
                {
                    Assert.Contains(expected.Containers, other => other.Id == container.Id && other.Metadata?.Name == answer.Catalogue!.Find(container.Id)!.Container);
                }
            }
            catch (InvalidProtocolBufferException)
            {
                // It is stricter: texts must be UTF-8, and numbers have their types.
            }
        }));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private CriContainers Source() => new(Socket) { Patience = TimeSpan.FromMinutes(1) };

    private static ListPodSandboxResponse Pods() => new()
    {
        Items = { SandboxOf(Sandbox, "web-5d4f", Uid, "shop"), SandboxOf(StaticSandbox, "etcd-node", Hash, "kube-system") },
    };

    private static ListContainersResponse Containers() => new() { Containers = { ContainerOf(Sandbox, A, "nginx"), ContainerOf(StaticSandbox, B, "etcd") } };

    private static PodSandbox SandboxOf(string id, string name, string uid, string space) => new()
    {
        Id = id,
        Metadata = new PodSandboxMetadata { Name = name, Uid = uid, Namespace = space, Attempt = 3 },
        State = 1,
        CreatedAt = 1_700_000_000_000_000_000,
        Labels = { ["app"] = "web", ["io.kubernetes.pod.name"] = name },
        Annotations = { ["kubernetes.io/config.source"] = "api" },
        RuntimeHandler = "runc",
    };

    private static Container ContainerOf(string sandbox, string id, string name) => new()
    {
        Id = id,
        PodSandboxId = sandbox,
        Metadata = new ContainerMetadata { Name = name, Attempt = 1 },
        Image = new ImageSpec { Image = "sha256:0123" },
        ImageRef = "sha256:0123",
        State = 1,
        CreatedAt = 1_700_000_000_000_000_000,
        Labels = { ["io.kubernetes.container.name"] = name },
    };

    public void Dispose() => _directory.Dispose();
}
