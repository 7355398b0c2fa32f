# A node of a cluster, of which exporters and servers are measured; read by the pieces that need one.
#
# A pod here is the container that holds its namespaces, with one process, and an application's container with three. Beside them the node has 60 processes.

mount=$(awk '$3 == "cgroup" && ("," $4 ",") ~ /,memory,/ { print $2; exit }' /proc/self/mounts)
[ -n "$mount" ] || mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$mount" ] || fail "no control groups are mounted"

# id TEXT LENGTH: hexadecimal digits that look like those of a runtime.
id() { echo "$BENCH_ID $1" | sha256sum | cut -c "1-$2"; }

# node PODS: their processes and the node's own, in control groups with the names that a kubelet and containerd give, and the kubelet's links to logs.
node() {
  local pods=$1 pod uid name group hash pids i
  idlers node $((pods * 4 + 60)) 1000
  mapfile -t pids < <(sed 's|.*"pids":\[\([^]]*\)\].*|\1|' "$work/node.json" | tr , '\n')
  mkdir -p "$work/logs"
  kubepods=$mount/kubepods/burstable
  mkdir -p "$kubepods"
  for ((pod = 0; pod < pods; pod++)); do
    hash=$(id "pod $pod" 64)
    uid=${hash:0:8}-${hash:8:4}-${hash:12:4}-${hash:16:4}-${hash:20:12}
    name=service-$((pod / 3))-${hash:32:10}-${hash:42:5}
    for container in POD app; do
      group=$kubepods/pod$uid/$(id "$container $pod" 64)
      echo "$group" >>"$work/groups"
      mkdir -p "$group"
      if [ $container = POD ]; then
        echo "${pids[pod * 4]}" >"$group/cgroup.procs"
      else
        for i in 1 2 3; do echo "${pids[pod * 4 + i]}" >"$group/cgroup.procs"; done
        ln -s "/var/log/pods/production_${name}_$uid/app/0.log" "$work/logs/${name}_production_app-${group##*/}.log"
      fi
    done
    echo "$kubepods/pod$uid" >>"$work/groups"
  done
  printf '%s\n' "$kubepods" "$mount/kubepods" >>"$work/groups"
}
end_node() {
  end_population node
  while read -r group; do rmdir "$group" 2>/dev/null || true; done <"$work/groups"
  rm -rf "$work/logs" "$work/groups"
}

# As many ages as the defaults have (0s, 1m, 2m, 5m, 10m, 30m, 1h), and three. All windows and ages are shorter, so that every age is there after half a minute.
ages=0s,1s,2s,5s,10s,20s,30s
few=0s,5s,30s
port=19600
exporter() { # OPTION...
  port=$((port + 1))
  "$native" serve --all --container-labels --container-logs "$work/logs" --max-stall 1s --run-dir "$work/run-$port" --listen 127.0.0.1:$port "$@" >"$work/fleet.log" 2>&1 &
  pid_of[fleet]=$!
  url_of[fleet]=http://127.0.0.1:$port/metrics
  wait_for 60 "memsnoop" answers fleet
}
# What Prometheus asks for.
ask() { curl -sf -H 'Accept: application/openmetrics-text;version=1.0.0' -H "Accept-Encoding: ${1:-identity}" -o "$work/answer" "${url_of[fleet]}" || fail "memsnoop did not answer"; }
# With the labels that the default ages have.
as_by_default() { sed 's/age="1"/age="60"/; s/age="2"/age="120"/; s/age="5"/age="300"/; s/age="10"/age="600"/; s/age="20"/age="1800"/; s/age="30"/age="3600"/' "$work/answer"; }
# of_age SECONDS: nearly every process has been watched for so long. One or two come and go: those of this script.
of_age() { ask && awk -v age="age=\"$1\"" '/^memsnoop_processes_watched / { all = $2 } /^memsnoop_process_idle_bytes/ && index($0, age) { aged++ } END { exit !(all > 0 && aged >= all - 3) }' "$work/answer"; }
count() { grep -vc '^#' "$1"; }
