# What single calls of a pass cost for a page of an area and for a frame, and what others would cost that look at the same page tables; in instructions, 2 ns each.
areacost >"$RESULTS/areas.json"
framecost >"$RESULTS/frames.json"
