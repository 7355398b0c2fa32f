#   docker build -t memsnoop:0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker run --rm --privileged --pid=host -p 9464:9464 memsnoop:0.1.0
#
# deploy/README.md says what the options of `docker run` are for.

ARG DOTNET=10.0

# The SDK with the linker that native programs need.
FROM mcr.microsoft.com/dotnet/sdk:${DOTNET}-noble-aot AS build
ARG REVISION=unknown
# The package for building has the same name in all releases, and brings the library along.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates jq libpapi-dev
WORKDIR /source
COPY .editorconfig BannedSymbols.txt Directory.Build.props Directory.Build.targets Directory.Packages.props global.json LICENSE ./
COPY src/ src/
COPY deploy/image/ deploy/image/
COPY deploy/debian/copyright deploy/debian/copyright
COPY deploy/notices.sh deploy/sbom.sh deploy/
RUN dotnet publish src/MemSnoop.Exporter -c Release -r linux-x64 -o /app -p:RestoreLockedMode=true -p:SourceRevisionId=${REVISION}
RUN deploy/image/assemble.sh /app/memsnoop /image

# The program, the libraries it needs and certificates; no shell and nothing else.
FROM scratch
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="memsnoop" \
      org.opencontainers.image.description="Exporter of process working sets, for Prometheus and OTLP" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image /
ENV PATH=/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Any other user could measure no process but its own: other users' pages are shown to root only.
USER 0
EXPOSE 9464
ENTRYPOINT ["/usr/bin/memsnoop"]
