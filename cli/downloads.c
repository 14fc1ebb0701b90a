/* SPDX-License-Identifier: Apache-2.0 */
/* See downloads.h. A target's file there is its path with `%2F` for each slash (tuf_client.h). */
#include "downloads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLASH "%2F"

enum cli_exit cli_downloads_fetch(struct cli_repo_client *client, struct slw_bytes path,
                                  const char *channel, struct slw_heap_buffer *ret_path)
{
    struct slw_heap_buffer directory = {0};
    slw_heap_printf(&directory, "%s/downloads", slw_heap_text(&client->metadata_directory));
    enum cli_exit code = directory.status == SLW_OK
                             ? cli_repo_client_fetch_release(client, path, channel,
                                                             slw_heap_text(&directory), ret_path)
                             : cli_error(client->cli, "out of memory");
    slw_heap_free(&directory);
    return code;
}

/* The length of a name's folder, with the slash behind it; 0: none. */
static size_t folder_length(const char *name)
{
    size_t len = 0;
    for (const char *at = strstr(name, SLASH); at != NULL; at = strstr(at + 1, SLASH)) {
        len = (size_t)(at - name) + strlen(SLASH);
    }
    return len;
}

static bool is_older(const struct timespec *left, const struct timespec *right)
{
    return left->tv_sec != right->tv_sec ? left->tv_sec < right->tv_sec
                                         : left->tv_nsec < right->tv_nsec;
}

/* What another process fetched since may be about to be brought. */
static bool is_superseded(int directory, const char *name, const char *kept,
                          const struct stat *kept_stat)
{
    struct stat about;
    size_t len = folder_length(kept);
    return strcmp(name, kept) != 0 && folder_length(name) == len && memcmp(name, kept, len) == 0 &&
           fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode) &&
           is_older(&about.st_mtim, &kept_stat->st_mtim);
}

static void remove_superseded(const struct cli *cli, DIR *directory, const char *kept)
{
    struct stat kept_stat;
    if (fstatat(dirfd(directory), kept, &kept_stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        const char *name = entry->d_name;
        if (is_superseded(dirfd(directory), name, kept, &kept_stat) &&
            unlinkat(dirfd(directory), name, 0) != 0 && errno != ENOENT) {
            cli_note(cli, "%s: can't be removed: %s", name, strerror(errno));
        }
    }
}

void cli_downloads_supersede(const struct cli *cli, const char *path)
{
    struct slw_heap_buffer parent = {0};
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return;
    }
    slw_heap_append(&parent, slw_bytes_make(path, (size_t)(slash - path)));
    DIR *directory = parent.status == SLW_OK ? opendir(slw_heap_text(&parent)) : NULL;
    if (directory != NULL) {
        remove_superseded(cli, directory, slash + 1);
        (void)closedir(directory);
    }
    slw_heap_free(&parent);
}
