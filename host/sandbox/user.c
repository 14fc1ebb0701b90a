/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming a user that can do less, for good: see sandbox.h. Programs call it as they start. */
/* For setresuid() and its siblings. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "slipway/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USERS_FILE "/etc/passwd"
#define USER_LINE_SIZE_MAX 4096u

enum slw_status slw_sandbox_find_user(const char *name, struct slw_sandbox_user *ret_user,
                                      struct slw_detail *detail)
{
    char line[USER_LINE_SIZE_MAX];
    struct passwd entry = {0};
    struct passwd *found = NULL;
    FILE *users = fopen(USERS_FILE, "re");
    if (users == NULL) {
        return slw_explain_errno(detail, USERS_FILE);
    }
    int error = fgetpwent_r(users, &entry, line, sizeof line, &found);
    while (error == 0 && strcmp(entry.pw_name, name) != 0) {
        error = fgetpwent_r(users, &entry, line, sizeof line, &found);
    }
    (void)fclose(users);
    if (error == ENOENT) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: there is no user %s", USERS_FILE, name);
    }
    if (error != 0) {
        errno = error;
        return slw_explain_errno(detail, USERS_FILE);
    }
    *ret_user = (struct slw_sandbox_user){.uid = entry.pw_uid, .gid = entry.pw_gid};
    return SLW_OK;
}

static bool is_user(const struct slw_sandbox_user *user)
{
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (uids[i] != user->uid || gids[i] != user->gid) {
            return false;
        }
    }
    return true;
}

static bool has_groups(const struct slw_sandbox_user *user)
{
    gid_t groups[SLW_SANDBOX_GROUPS_MAX];
    int count = getgroups(SLW_SANDBOX_GROUPS_MAX, groups);
    if (count < 0 || (size_t)count != user->groups_count) {
        return false;
    }
    for (size_t i = 0; i < user->groups_count; i++) {
        bool found = false;
        for (size_t j = 0; j < user->groups_count; j++) {
            found |= groups[j] == user->groups[i];
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

enum slw_status slw_sandbox_drop_user(const struct slw_sandbox_user *user,
                                      struct slw_detail *detail)
{
    if (user->uid == 0 || user->groups_count > SLW_SANDBOX_GROUPS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a user other than root is needed");
    }
    if (geteuid() != 0) {
        return is_user(user) ? SLW_OK
                             : slw_explain(detail, SLW_BAD_ARGUMENT,
                                           "only root can become another user (%lu)",
                                           (unsigned long)user->uid);
    }
    /* The groups first: who isn't root any more can't change them. */
    if (setgroups(user->groups_count, user->groups) != 0 ||
        setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        return slw_explain_errno(detail, "becoming another user");
    }
    /* A call that says that it worked isn't enough to believe it here. */
    if (!is_user(user) || !has_groups(user) || setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0) {
        return slw_explain(detail, SLW_IO, "becoming another user: root can be had back");
    }
    return SLW_OK;
}
