# What the program needs of root's rights, as in a container that drops all capabilities and adds some: with all that deploy/kubernetes gives it, without each of
# them in turn, and with less. Files of each run: RUN.txt, what is published; RUN.log, what it says.
umount /sys/kernel/debug   # in a container it is not mounted either

start target rights --user 65534 /programs/touch --resident 40 --hot 20 --huge never

# What runs through it has of the node's /sys the idle bitmap alone to write to, as a pod has with the component bitmap-present.
cat >/tmp/only-bitmap <<'END'
#!/bin/sh
touch /tmp/bitmap
exec unshare -m sh -ec '
  mount -o bind /sys/kernel/mm/page_idle/bitmap /tmp/bitmap
  mount -o remount,bind,ro /sys
  mount -o bind /tmp/bitmap /sys/kernel/mm/page_idle/bitmap
  exec "$@"' only-bitmap "$@"
END
chmod +x /tmp/only-bitmap

# run NAME CAPABILITIES OPTION...: until the third window of a second has ended; through $run_through.
run_through=
run() {
  run_name=$1
  run_rights=$2
  shift 2
  $run_through rights --keep "$run_rights" memsnoop serve --listen 127.0.0.1:9464 --pid "$(field target pid)" --working-set-interval 1s --max-stall 1m --collector.smaps "$@" \
    2>"$RESULTS/$run_name.log" >&2 &
  echo $! >/tmp/exporter.pid
  wait_for 180 answers
  run_until=$(($(now_ms) + 4000))
  wait_for 60 is_past
  scrape >"$RESULTS/$run_name.txt"
  end_exporter
}
is_past() { [ "$(now_ms)" -ge "$run_until" ]; }

run all DAC_OVERRIDE,SYS_ADMIN,SYS_PTRACE --event task-clock
run_through=/tmp/only-bitmap
run bitmap-alone DAC_OVERRIDE,SYS_ADMIN,SYS_PTRACE
run_through=
run all-referenced DAC_OVERRIDE,SYS_ADMIN,SYS_PTRACE --method referenced
run no-admin DAC_OVERRIDE,SYS_PTRACE --event task-clock
run no-admin-perfmon DAC_OVERRIDE,PERFMON,SYS_PTRACE --event task-clock
run no-ptrace DAC_OVERRIDE,SYS_ADMIN --event task-clock
run no-override SYS_ADMIN,SYS_PTRACE
run no-override-referenced SYS_ADMIN,SYS_PTRACE --method referenced
run read-only DAC_READ_SEARCH,SYS_ADMIN,SYS_PTRACE
run read-only-referenced DAC_READ_SEARCH,SYS_ADMIN,SYS_PTRACE --method referenced
finish target
mount -t debugfs debugfs /sys/kernel/debug
