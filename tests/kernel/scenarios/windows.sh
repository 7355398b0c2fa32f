# A window is as long as it says: 1 GB that is touched at 39 MB/s, from its start to its end and again.
start target cases
tell target "map 0 1024 anon"
tell target "sweep 0 39"
echo 1 >/proc/sys/vm/drop_caches
# The shortest windows are shorter than a pass takes in this machine: they are as long as they become.
for window in 500ms 1s 4s 10s; do
  exporter --pid "$(field target pid)" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
    --working-set-interval $window --idle-ages 0s
  watch "$window"
  wait_for 60 has_working_set "$(field target pid)"
  case $window in
    # The first ones are shorter: 2, 4, 8 s.
    10s) await_passes 4 ;;
    4s) await_passes 3 ;;
    *) await_passes 6 ;;
  esac
  end_exporter
  finish "$window"
done
finish target
