# What a pass costs for a process, a page and a frame, beside the C program that does only what no pass can avoid: many small processes, many pages, pages in use,
# and memory that lies far apart.
ulimit -n 65536

# crowd NAME OPTION...: over the members of a crowd, and over who started them.
crowd() {
  crowd_name=$1
  shift
  start "$crowd_name" crowd "$@"
  beside_floor "$crowd_name" 4 2 5 $(pidof crowd)
  floor_calls "$crowd_name" $(pidof crowd)
  finish "$crowd_name"
}

crowd few --processes 1 --pages 1
crowd processes --processes 200 --pages 1
crowd idle --processes 50 --pages 1024
crowd apart --processes 50 --pages 1024 --apart
crowd hot --processes 50 --pages 1024 --hot-pages 205
start spread sparse --reserve-gb 100 --hot 4 --scattered 2000 --sleep-us 100000
beside_floor spread 4 2 5 "$(field spread pid)"
floor_calls spread "$(field spread pid)"
finish spread
