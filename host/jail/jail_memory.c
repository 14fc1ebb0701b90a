/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory the processes of a jail have, all together. Called by jail_init.c. */
#include "jail_child.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_SIZE 4096u
#define PROCESSES_MAX 65536u

/* The number behind "NAME:" in a status; 0 when there is none (a process that has ended). */
static uint64_t number_of(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    return line == NULL ? 0 : strtoull(line + strlen(name), NULL, 10);
}

static uint64_t memory_of(const char *process)
{
    char path[300];
    char status[STATUS_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%s/status", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? -1 : read(file, status, sizeof status - 1);
    if (file >= 0) {
        (void)close(file);
    }
    if (len <= 0) {
        return 0;
    }
    status[len] = '\0';
    return number_of(status, "\nRssAnon:") + number_of(status, "\nRssShmem:") +
           number_of(status, "\nVmSwap:");
}

uint64_t slw_jail_memory_kb(void)
{
    uint64_t sum = 0;
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        return UINT64_MAX;
    }
    const struct dirent *entry;
    for (size_t i = 0; i < PROCESSES_MAX && (entry = readdir(processes)) != NULL; i++) {
        if (entry->d_name[0] >= '2' && entry->d_name[0] <= '9') {
            sum += memory_of(entry->d_name);
        } else if (entry->d_name[0] == '1' && entry->d_name[1] != '\0') {
            sum += memory_of(entry->d_name); /* but for process 1 itself */
        }
    }
    (void)closedir(processes);
    return sum;
}
