# What the page reads where the idle bitmap works: the memory of the host in parts, and a heat map that is recorded beside the passes.
# Only a user who logs in may record: the name is lab, and so is the password.
echo "basic_auth_users: { lab: '\$2b\$04\$HVgJ4Fzwhv.JvNHfOhMDcOHrBkahmS402J84VmUusRqqV1HMsd/iK' }" >/tmp/web.yml

# api METHOD PATH [BODY]: the answer without its headers. Not by wget, which knows neither DELETE nor this type of body. The pipe stays open for writing, since the web server takes a
# client that has closed its side for gone.
mkfifo /tmp/api.in
exec 9<>/tmp/api.in
api() {
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
    "$1" "$2" "$(printf lab:lab | base64)" "$(printf '%s' "${3:-}" | wc -c)" "${3:-}" >&9
  nc 127.0.0.1 9464 <&9 | awk 'inside { print } /^\r?$/ { inside = 1 }'
}

# Not by api: what nobody reads would stay in the pipe.
is_ready() { wget -q -O /dev/null http://lab:lab@127.0.0.1:9464/-/ready 2>/dev/null; }
has_ended() { api GET "/api/v1/heatmaps/$1" >"$RESULTS/heatmap.json" && grep -q '"state":"complete"' "$RESULTS/heatmap.json"; }
has_used() { api GET /api/v1/overview >"$RESULTS/overview.json" && grep -q '"host":{[^}]*"used_bytes"' "$RESULTS/overview.json"; }

start target touch --resident 200 --hot 40 --huge never
echo 1 >/proc/sys/vm/drop_caches
memsnoop serve --listen 127.0.0.1:9464 --pid "$(field target pid)" --no-children --working-set-interval 3s --web.config.file /tmp/web.yml 2>"$RESULTS/exporter.log" &
exporter_pid=$!
wait_for 120 is_ready
wait_for 60 has_used
id=$(sed -n 's/.*"processes":{[^[]*\[{"id":"\([^"]*\)".*/\1/p' "$RESULTS/overview.json")
api GET "/api/v1/heatmaps/cost?process=$id&seconds=8&window_seconds=2" >"$RESULTS/cost.json"
api POST /api/v1/heatmaps "{\"process\":\"$id\",\"seconds\":8,\"window_seconds\":2}" >"$RESULTS/begun.json"
api POST /api/v1/heatmaps "{\"process\":\"$id\"}" >"$RESULTS/second.json"
wait_for 120 has_ended 1
# The windows of the passes stayed whole meanwhile.
api GET /metrics >"$RESULTS/metrics.txt"
api GET "/api/v1/processes/$id" >"$RESULTS/process.json"
# One that is ended by whoever asked for it keeps what it has.
api POST /api/v1/heatmaps "{\"process\":\"$id\",\"seconds\":300,\"window_seconds\":1}" >/dev/null
has_window() { api GET /api/v1/heatmaps/2 | grep -q '"ended":[1-9]'; }
wait_for 60 has_window
api DELETE /api/v1/heatmaps/2 >/dev/null
has_stopped() { api GET /api/v1/heatmaps/2 >"$RESULTS/stopped.json" && grep -q '"state":"stopped"' "$RESULTS/stopped.json"; }
wait_for 60 has_stopped
kill "$exporter_pid"
wait "$exporter_pid" || true
finish target
