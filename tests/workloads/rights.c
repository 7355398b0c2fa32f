/* Runs a program with some of root's rights, as a container does that drops all capabilities and adds a few; or as another user. The bounding set is what a
   process run by root starts with after exec. Or as on a kernel, or in a container, that lets nobody filter system calls. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* seccomp(2) fails with ENOSYS from here on, and everything else does not. */
static void refuse_filters(void)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),   /* the number of the call */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof instructions / sizeof *instructions, .filter = instructions};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("rights: PR_SET_SECCOMP");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char **command = argv + 3;
    if (argc >= 4 && strcmp(argv[1], "--keep") == 0) {
        keep(argv[2]);
    } else if (argc >= 4 && strcmp(argv[1], "--user") == 0) {
        become(argv[2]);
    } else if (argc >= 3 && strcmp(argv[1], "--no-filters") == 0) {
        refuse_filters();
        command = argv + 2;
    } else {
        usage_error("usage: rights --keep CAPABILITY[,CAPABILITY...] COMMAND [ARG...] | rights --user UID COMMAND [ARG...] | rights --no-filters COMMAND [ARG...]");
    }
    execvp(*command, command);
    perror(*command);
    return 127;
}
