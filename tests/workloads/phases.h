#ifndef PHASES_H
#define PHASES_H

/* Runs idle, then an access phase for each array in turn, then idle again; parses the command line first. */
int run_phases(int argc, char **argv, int arrays);

#endif
