/* Two arrays of 2,000,000 doubles (16 MB each): idle, the first accessed, the second accessed, idle. */
#include "phases.h"

int main(int argc, char **argv) { return run_phases(argc, argv, 2); }
