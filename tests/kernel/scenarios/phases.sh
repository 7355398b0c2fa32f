# The ancestor's proof of concept: arrays that are idle, then accessed, then idle; one window in each phase.
# Phase by phase: the program goes on when it is told to, so that each window lies within one phase.
follow() {
  follow_program=$1
  follow_phases=$2
  start "$follow_program" "$follow_program" --advance stdin
  follow_number=0
  while [ "$follow_number" -lt "$follow_phases" ]; do
    memsnoop wss "$(field "$follow_program" pid)" 2 --area anonymous --area-longer-than 3000 >"$RESULTS/$follow_program-$follow_number.txt"
    follow_number=$((follow_number + 1))
    [ "$follow_number" -eq "$follow_phases" ] || tell "$follow_program" next
  done
  finish "$follow_program"
}
follow single 3
follow double 4
