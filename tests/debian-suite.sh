# Packages of another Debian release than this machine's, without touching the machine's own package state. Sourced by the scripts that need one.

# debian_mirror: the mirror that this machine uses for its own release. It has the others too.
debian_mirror() {
  local codename mirror
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }')
  if [ -z "$mirror" ]; then
    echo "this machine's apt configuration names no mirror of its own Debian release" >&2
    return 1
  fi
  echo "$mirror"
}

# download_from_suite SUITE DIRECTORY PACKAGE...: the packages' files, checked against Debian's keyring, into the directory. Packages of another architecture
# (PACKAGE:arm64) need its name in $foreign_architecture.
download_from_suite() {
  local suite=$1 directory=$2 mirror
  shift 2
  mirror=$(debian_mirror) || return 1
  mkdir -p "$directory/lists/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$directory/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$directory/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::Lists="$directory/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
  [ -z "${foreign_architecture-}" ] || apt+=(-o "APT::Architectures::=$foreign_architecture")
  "${apt[@]}" update >&2
  (cd "$directory" && "${apt[@]}" download "$@" >&2)
}
