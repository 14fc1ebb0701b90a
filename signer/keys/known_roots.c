/* SPDX-License-Identifier: Apache-2.0 */
/* A small table of digests behind a mutex. See known_roots.h. */
#include "known_roots.h"

void slw_known_roots_init(struct slw_known_roots *known)
{
    known->count = 0;
    known->next = 0;
    (void)pthread_mutex_init(&known->mutex, NULL);
}

void slw_known_roots_wipe(struct slw_known_roots *known)
{
    (void)pthread_mutex_destroy(&known->mutex);
}

bool slw_known_roots_find(struct slw_known_roots *known,
                          const uint8_t sha256[static SLW_SHA256_SIZE],
                          struct slw_known_root *ret_root)
{
    bool is_known = false;
    (void)pthread_mutex_lock(&known->mutex);
    for (size_t i = 0; i < known->count && !is_known; i++) {
        is_known = memcmp(known->sha256[i], sha256, SLW_SHA256_SIZE) == 0;
        if (is_known) {
            *ret_root = known->roots[i];
        }
    }
    (void)pthread_mutex_unlock(&known->mutex);
    return is_known;
}

void slw_known_roots_add(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE],
                         const struct slw_known_root *root)
{
    (void)pthread_mutex_lock(&known->mutex);
    memcpy(known->sha256[known->next], sha256, SLW_SHA256_SIZE);
    known->roots[known->next] = *root;
    known->next = (known->next + 1) % SLW_KNOWN_ROOTS_MAX;
    known->count += known->count < SLW_KNOWN_ROOTS_MAX ? 1 : 0;
    (void)pthread_mutex_unlock(&known->mutex);
}

void slw_known_root_of(const struct slw_root *root, struct slw_known_root *ret_root)
{
    *ret_root = (struct slw_known_root){
        .version = root->version, .key_class = root->key_class, .expires = root->expires};
    memcpy(ret_root->sha256, root->sha256, sizeof ret_root->sha256);
    for (size_t i = 0; i < root->keys_count; i++) {
        if (root->keys[i].defined) {
            size_t at = ret_root->keys_count++;
            memcpy(ret_root->keys[at].id, root->keys[i].id, SLW_KEY_ID_SIZE);
            ret_root->keys[at].roles = root->keys[i].roles;
        }
    }
}

bool slw_known_root_lists(const struct slw_known_root *root,
                          const uint8_t key_id[static SLW_KEY_ID_SIZE], enum slw_role role)
{
    for (size_t i = 0; i < root->keys_count; i++) {
        if (memcmp(root->keys[i].id, key_id, SLW_KEY_ID_SIZE) == 0) {
            return (root->keys[i].roles >> role & 1) != 0;
        }
    }
    return false;
}
