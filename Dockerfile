#   docker build -t memsnoop:0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker run --rm --privileged --pid=host -p 9464:9464 memsnoop:0.1.0
#
# deploy/README.md says what the options of `docker run` are for.

ARG DOTNET=10.0

# The SDK with the linker that native programs need.
FROM mcr.microsoft.com/dotnet/sdk:${DOTNET}-noble-aot AS build
ARG REVISION=unknown
WORKDIR /source
COPY .editorconfig BannedSymbols.txt Directory.Build.props Directory.Build.targets Directory.Packages.props global.json ./
COPY src/ src/
RUN dotnet publish src/MemSnoop.Exporter -c Release -o /app -p:SourceRevisionId=${REVISION}

# No shell, no package manager, no .NET runtime: the C library, OpenSSL and certificates of Ubuntu.
FROM mcr.microsoft.com/dotnet/runtime-deps:${DOTNET}-noble-chiseled
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="memsnoop" \
      org.opencontainers.image.description="Exporter of process working sets, for Prometheus and OTLP" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
COPY LICENSE /app/
COPY --from=build /app /app
# The image's own user could measure no process but its own: other users' pages are shown to root only.
USER 0
EXPOSE 9464
ENTRYPOINT ["/app/memsnoop"]
