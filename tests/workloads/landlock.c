/* Shows what Landlock does to a program that reads files of other processes: a process that may write nowhere below a ruleset may not look into processes outside it
   either. It prints what became of reading /proc/PID/io of its parent, which is outside, before and after: {"abi": 7, "before": 0, "after": 13}, numbers of errno(3).
   abi is that of the kernel, or 0 where there is no Landlock, and nothing is after it then. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int read_io(pid_t pid)
{
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/io", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno;
    }
    int error = read(file, &byte, 1) < 0 ? errno : 0;
    close(file);
    return error;
}

int main(void)
{
    pid_t parent = getppid();
    int before = read_io(parent);
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0) {
        printf("{\"abi\": 0, \"before\": %d}\n", before);
        return 0;
    }

    /* As little as can be handled: to write to files, with no place where it is allowed. */
    struct landlock_ruleset_attr ruleset = {.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE};
    int file = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset.handled_access_fs, 0);
    if (file < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, file, 0) != 0) {
        perror("landlock");
        return 1;
    }
    printf("{\"abi\": %ld, \"before\": %d, \"after\": %d}\n", abi, before, read_io(parent));
    return 0;
}
