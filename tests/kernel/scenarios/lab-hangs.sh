# Never ends, to show that the deadline ends it.
wait_for 100000 false
