# Pages that are mapped and touched, yet have no idle state of their own.
echo 20 >/proc/sys/vm/nr_hugepages
start hugetlb touch --resident 20 --hot 20 --kind hugetlb
start zero touch --resident 20 --hot 20 --kind zero --huge never
start hugezero touch --resident 20 --hot 20 --kind zero --huge always
for kind in hugetlb zero hugezero; do
  pagefloor --passes 3 --interval-ms 500 "$(field $kind pid)" >"$RESULTS/$kind-floor.json"
  finish $kind
done
