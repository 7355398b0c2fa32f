/* One array of 2,000,000 doubles (16 MB): idle, accessed, idle. */
#include "phases.h"

int main(int argc, char **argv) { return run_phases(argc, argv, 1); }
