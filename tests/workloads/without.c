/* Runs a program without one capability: the bounding set is what a process run by root starts with after exec. */
#define _GNU_SOURCE
#include "workload.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct { const char *name; int number; } capabilities[] = {
    {"CAP_SYS_ADMIN", CAP_SYS_ADMIN},
    {"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
};

int main(int argc, char **argv)
{
    if (argc < 3) {
        usage_error("usage: without CAPABILITY COMMAND [ARG...]");
    }
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        if (strcmp(argv[1], capabilities[i].name) == 0) {
            if (prctl(PR_CAPBSET_DROP, capabilities[i].number, 0, 0, 0) != 0) {
                perror("without: PR_CAPBSET_DROP");
                return 1;
            }
            execvp(argv[2], argv + 2);
            perror(argv[2]);
            return 127;
        }
    }
    usage_error("CAPABILITY must be CAP_SYS_ADMIN or CAP_SYS_PTRACE");
}
