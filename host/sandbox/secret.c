/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for secrets, between pages that nobody can touch. See sandbox.h. */
#include "slipway/sandbox.h"

#include "slipway/bytes.h"

#include <sys/mman.h>
#include <unistd.h>

/* Pages for len bytes and one on each side; 0 when that is too much. */
static size_t mapped_size(size_t len, size_t page)
{
    size_t extra = 3 * page - 1; /* to a whole page, and both sides */
    return len == 0 || len > SIZE_MAX - extra ? 0 : (len + extra) / page * page;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *slw_secret_alloc(size_t len)
{
    size_t page = page_size();
    size_t size = mapped_size(len, page);
    if (size == 0) {
        return NULL;
    }
    // cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory has for a descriptor
    uint8_t *pages = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    uint8_t *secret = pages + page;
    size_t inner = size - 2 * page;
    if (mprotect(secret, inner, PROT_READ | PROT_WRITE) != 0 || mlock(secret, inner) != 0 ||
        madvise(secret, inner, MADV_DONTDUMP) != 0 ||
        madvise(secret, inner, MADV_WIPEONFORK) != 0) {
        (void)munmap(pages, size);
        return NULL;
    }
    return secret;
}

void slw_secret_free(void *secret, size_t len)
{
    size_t page = page_size();
    size_t size = mapped_size(len, page);
    if (secret != NULL && size != 0) {
        slw_wipe(secret, size - 2 * page);
        (void)munmap((uint8_t *)secret - page, size);
    }
}
