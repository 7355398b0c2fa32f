# The guest goes down in the middle of a scenario.
echo "about to die"
poweroff -f
