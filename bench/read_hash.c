/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical limit of verifying or making a bundle: reads a file in blocks of the size that
 * `slipway` uses, hashes it once with the same library, and does nothing else; with a second path,
 * writes it there as well, durably. tools/bench times it beside `slipway`.
 *
 *     read_hash FILE [COPY]
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "slipway/files.h"

static int fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

static int pass_on(int input, int output, EVP_MD_CTX *hash, unsigned char *block)
{
    for (;;) {
        ssize_t len = read(input, block, SLW_FILE_BLOCK_SIZE);
        if (len < 0) {
            return fail("read");
        }
        if (len == 0) {
            return EXIT_SUCCESS;
        }
        if (EVP_DigestUpdate(hash, block, (size_t)len) != 1) {
            return EXIT_FAILURE;
        }
        if (output >= 0 && write(output, block, (size_t)len) != len) {
            return fail("write");
        }
    }
}

int main(int argc, char **argv)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *block = malloc(SLW_FILE_BLOCK_SIZE);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (argc < 2 || block == NULL || hash == NULL ||
        EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(hash);
        free(block);
        return EXIT_FAILURE;
    }
    int input = open(argv[1], O_RDONLY);
    int output = argc > 2 ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    bool opened = input >= 0 && (argc == 2 || output >= 0);
    int result = opened ? pass_on(input, output, hash, block) : fail("open");
    if (result == EXIT_SUCCESS && output >= 0 && (fsync(output) != 0 || close(output) != 0)) {
        result = fail("fsync");
    }
    if (EVP_DigestFinal_ex(hash, digest, NULL) != 1) {
        result = EXIT_FAILURE;
    }
    for (size_t i = 0; i < 32; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\n");
    EVP_MD_CTX_free(hash);
    free(block);
    return result;
}
