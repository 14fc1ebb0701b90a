/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the recorded sessions of spec/vectors/sessions, row by row. Tests of the transport on a
 * host include it and run with the project's root as their working directory.
 *
 *     FILE *file = session_open("good");
 *     while (session_next(file, &row)) ...
 *     fclose(file);
 */
#ifndef SESSION_FILE_H
#define SESSION_FILE_H

#include "hex.h"

#include <stdio.h>

#define SESSION_LINE_SIZE 4096

static const char *const session_names[] = {
    "good", "lossy", "bad-signature", "abort", "legacy", "legacy-fallback", NULL};

struct session_row {
    bool from_client;
    bool lost; /* sent, but it never reached the device */
    struct hex_bytes frame;
};

/* NULL when it can't be opened. */
static inline FILE *session_open(const char *name)
{
    char path[128];
    int len = snprintf(path, sizeof path, "spec/vectors/sessions/%s.tsv", name);
    return len < 0 || (size_t)len >= sizeof path ? NULL : fopen(path, "re");
}

/* False at the end; a row that can't be parsed has an invalid frame. */
static inline bool session_next(FILE *file, struct session_row *row)
{
    char line[SESSION_LINE_SIZE];
    row->lost = false;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#') {
            row->lost = strncmp(line, "# lost:", 7) == 0;
            continue;
        }
        const char *direction = strchr(line, '\t');
        const char *frame = direction == NULL ? NULL : strchr(direction + 1, '\t');
        if (frame == NULL) {
            row->frame.valid = false;
            return true;
        }
        row->from_client = direction[1] == '>';
        row->frame = hex(frame + 1);
        return true;
    }
    return false;
}

#endif
