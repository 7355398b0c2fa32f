/* Runs a program with some of root's rights, as a container does that drops all capabilities and adds a few; or as another user. The bounding set is what a
   process run by root starts with after exec. */
#define _GNU_SOURCE
#include "workload.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct { const char *name; int number; } capabilities[] = {
    {"DAC_OVERRIDE", CAP_DAC_OVERRIDE},
    {"DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
    {"PERFMON", CAP_PERFMON},
    {"SYS_ADMIN", CAP_SYS_ADMIN},
    {"SYS_PTRACE", CAP_SYS_PTRACE},
};

static int find(const char *name)
{
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        if (strcmp(name, capabilities[i].name) == 0) {
            return capabilities[i].number;
        }
    }
    usage_error("CAPABILITY must be DAC_OVERRIDE, DAC_READ_SEARCH, PERFMON, SYS_ADMIN or SYS_PTRACE");
}

static void keep(char *names)
{
    bool kept[CAP_LAST_CAP + 1] = {false};
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
        kept[find(name)] = true;
    }
    for (int number = 0; number <= CAP_LAST_CAP; number++) {
        if (!kept[number] && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
            perror("rights: PR_CAPBSET_DROP");
            exit(1);
        }
    }
}

static void become(const char *text)
{
    char *end;
    unsigned long user = strtoul(text, &end, 10);
    if (*end != '\0' || user == 0) {
        usage_error("UID must be a number other than 0");
    }
    if (setgroups(0, NULL) != 0 || setgid((gid_t)user) != 0 || setuid((uid_t)user) != 0) {
        perror("rights: setuid");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "--keep") == 0) {
        keep(argv[2]);
    } else if (argc >= 4 && strcmp(argv[1], "--user") == 0) {
        become(argv[2]);
    } else {
        usage_error("usage: rights --keep CAPABILITY[,CAPABILITY...] COMMAND [ARG...] | rights --user UID COMMAND [ARG...]");
    }
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    return 127;
}
