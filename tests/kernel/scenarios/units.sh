# Units of a real systemd, and scopes as container runtimes have it make them: started and stopped under scrapes. For --root debian.
# Each has a line in $RESULTS/started: name, pid, the unit and the container id that are right. All samples of their processes are in $RESULTS/seen, after the number of the scrape.
id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
other=fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
pod=11112222_3333_4444_5555_666677778888

MemSnoop__Web__CacheDuration=0s exporter --name '^touch$' --unit-label --container-labels --interval 0s --working-set-interval 1s
touch="/programs/touch --resident 4 --hot 1 --huge never"

# samples: what a scrape says of the workload's processes, without the values.
samples() { scrape | sed -n '/comm="touch"/ s/ [^ ]*$//p'; }

record() {
  number=0
  while [ -e /tmp/recording ]; do
    number=$((number + 1))
    samples | sed "s/^/$number /" >>"$RESULTS/seen"
    usleep 100000
  done
}
: >/tmp/recording
record &
recorder=$!

# In what is recorded: a scrape of its own might be the only one that sees it.
has_window() { grep -q " memsnoop_process_working_set_bytes{.*pid=\"$1\"" "$RESULTS/seen"; }
is_running() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = touch ]; }

# begun NAME PID UNIT CONTAINER: notes what is right, and waits for its first window.
begun() {
  printf '%s %s %s %s\n' "$1" "$2" "$3" "$4" >>"$RESULTS/started"
  wait_for 60 is_running "$2"
  wait_for 60 has_window "$2"
}

# ended NAME PID: what the first scrape after its end says of it. The one before it may be a collection that was under way.
ended() {
  samples >/dev/null
  samples | grep "pid=\"$2\"" >>"$RESULTS/left" || true
}

main_pid() { systemctl show --property=MainPID --value "$1"; }

# service NAME UNIT: ended as systemd ends it.
service() {
  service_pid=$(main_pid "$2")
  begun "$1" "$service_pid" "$2" -
  systemctl stop "$2"
  ended "$1" "$service_pid"
}

: >"$RESULTS/left"

systemd-run --quiet --unit=e2e-transient $touch
service transient e2e-transient.service

cat >/run/systemd/system/e2e@.service <<UNIT
[Service]
ExecStart=$touch
UNIT
systemctl start 'e2e@a\x2db.service'
service template 'e2e@a\x2db.service'

# A slice of a user, and another user's process.
systemd-run --quiet --unit=e2e-user --slice=user-65534.slice --uid=65534 $touch
service user e2e-user.service

# A service that makes groups of its own: the innermost counts.
systemd-run --quiet --unit=e2e-delegated --property=Delegate=yes --expand-environment=no /bin/sh -c \
  "mkdir /sys/fs/cgroup/system.slice/e2e-delegated.service/e2e-inner.scope && echo \$\$ >/sys/fs/cgroup/system.slice/e2e-delegated.service/e2e-inner.scope/cgroup.procs && exec $touch"
pid=$(main_pid e2e-delegated.service)
begun delegated "$pid" e2e-inner.scope -
systemctl stop e2e-delegated.service
ended delegated "$pid"

# scope NAME UNIT CONTAINER SCOPE OPTION...: a scope, whose process this shell has started. It is killed, as containers are.
scope() {
  scope_name=$1
  scope_unit=$2
  scope_container=$3
  scope_of=$4
  shift 4
  systemd-run --quiet --scope --unit="$scope_of" "$@" $touch >/dev/null &
  scope_pid=$!
  begun "$scope_name" "$scope_pid" "$scope_unit" "$scope_container"
  kill -9 "$scope_pid"
  wait "$scope_pid" || true
  ended "$scope_name" "$scope_pid"
}

scope scope e2e-scope.scope - e2e-scope.scope
scope session session-7.scope - session-7.scope --slice=user-0.slice
scope docker - $id docker-$id.scope
scope podman - $other libpod-$other.scope --slice=machine.slice
scope kubernetes - $id cri-containerd-$id.scope --slice=kubepods-burstable-pod$pod.slice
scope monitor crio-conmon-$id.scope - crio-conmon-$id.scope --slice=machine.slice

# Moved while it is watched, as a login moves it: a scope is made around a process that runs.
start touch /programs/touch --resident 4 --hot 1 --huge never
pid=$(field touch pid)
wait_for 60 has_window "$pid"
mkdir -p /sys/fs/cgroup/user.slice/user-0.slice/session-8.scope
echo "$pid" >/sys/fs/cgroup/user.slice/user-0.slice/session-8.scope/cgroup.procs
has_unit() { samples | grep "^memsnoop_process_working_set_bytes{.*pid=\"$pid\"" | grep -q 'unit="session-8.scope"'; }
wait_for 120 has_unit
samples | grep "pid=\"$pid\"" >"$RESULTS/moved"
finish touch
rmdir /sys/fs/cgroup/user.slice/user-0.slice/session-8.scope

rm /tmp/recording
wait $recorder
scrape >"$RESULTS/last"
end_exporter
