#!/usr/bin/zsh -f
# Types LINE and the tabulator into an interactive SHELL that has read SCRIPT. Ends well when EXPECTED is on its terminal; the caller sets the deadline.
#
#   press-tab.zsh bash|zsh SCRIPT LINE EXPECTED
zmodload zsh/zpty
case $1 in
  bash) start='bash --norc --noprofile -i' setup="source $2" ;;
  zsh) start='zsh -f -i' setup="autoload -Uz compinit; compinit -D -u; source $2" ;;
esac
zpty -e shell "$start"   # -e: to a terminal without echo bash shows nothing
# The quotes keep the echo of the line from being taken for its output.
zpty -w shell "$setup; echo READ''Y"
zpty -r -m shell seen '*READY*' || exit 1
zpty -w -n shell "$3"$'\t'
zpty -r -m shell seen "*$4*"
