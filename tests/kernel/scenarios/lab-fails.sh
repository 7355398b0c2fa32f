# Fails, to show that a failure is seen.
echo "about to fail"
false
echo "not reached"
