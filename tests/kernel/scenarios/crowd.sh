# 10,000 processes of 4 MB beside the C program that does only what no pass can avoid. The machine has not 40 GB: ten processes share their memory, as after fork(2), so
# that each maps 4 MB of its family's.
ulimit -n 65536
echo 40000 >/proc/sys/kernel/pid_max
echo 40000 >/proc/sys/kernel/threads-max
start crowd crowd --processes 10000 --family 10 --pages 1024
# Each scrape looks at every process.
cost_wait_us=2000000
beside_floor crowd 1 0 2 $(pidof crowd)
finish crowd
