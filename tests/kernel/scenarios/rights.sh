# What the program needs of root's rights, as in a container that drops all capabilities and adds some: with all that deploy/kubernetes gives it, without each of
# them in turn, and with less. Files of each run: RUN.txt, what is published; RUN.log, what it says.
umount /sys/kernel/debug   # in a container it is not mounted either

start target rights --user 65534 /programs/touch --resident 40 --hot 20 --huge never

# run NAME CAPABILITIES OPTION...: until the third window of a second has ended.
run() {
  run_name=$1
  run_rights=$2
  shift 2
  rights --keep "$run_rights" memsnoop serve --listen 127.0.0.1:9464 --pid "$(field target pid)" --working-set-interval 1s --max-stall 1m --collector.smaps "$@" \
    2>"$RESULTS/$run_name.log" >&2 &
  echo $! >/tmp/exporter.pid
  wait_for 180 answers
  run_until=$(($(now_ms) + 4000))
  wait_for 60 is_past
  scrape >"$RESULTS/$run_name.txt"
  end_exporter
}
is_past() { [ "$(now_ms)" -ge "$run_until" ]; }

run all DAC_OVERRIDE,SYS_ADMIN,SYS_PTRACE
run all-referenced DAC_OVERRIDE,SYS_ADMIN,SYS_PTRACE --method referenced
run no-admin DAC_OVERRIDE,SYS_PTRACE
run no-ptrace DAC_OVERRIDE,SYS_ADMIN
run no-override SYS_ADMIN,SYS_PTRACE
run no-override-referenced SYS_ADMIN,SYS_PTRACE --method referenced
run read-only DAC_READ_SEARCH,SYS_ADMIN,SYS_PTRACE
run read-only-referenced DAC_READ_SEARCH,SYS_ADMIN,SYS_PTRACE --method referenced
finish target
mount -t debugfs debugfs /sys/kernel/debug
