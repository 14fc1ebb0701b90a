/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of the faulty PKCS#11 module (faulty_pkcs11.c): what it does wrong, and what it counted.
 * A file that both the module and a test map, so that a test can pull a token while a process that
 * has confined itself is using it. 32-bit words in the machine's order; tests/token.bash writes
 * them by number.
 */
#ifndef FAULTY_PKCS11_H
#define FAULTY_PKCS11_H

#include <stdint.h>

#define FAULTY_PLAN_VARIABLE "FAULTY_PKCS11_PLAN"     /* names the file */
#define FAULTY_MODULE_VARIABLE "FAULTY_PKCS11_MODULE" /* the module that does the work */

enum faulty_call {
    FAULTY_NONE,
    FAULTY_SIGN,
    FAULTY_SIGN_INIT,
    FAULTY_LOGIN,
    FAULTY_OPEN_SESSION,
    FAULTY_FIND_OBJECTS,
    FAULTY_GET_ATTRIBUTE,
    FAULTY_GET_SLOT_LIST,
    FAULTY_GET_TOKEN_INFO,
    FAULTY_INITIALIZE,
    FAULTY_FIND_OBJECTS_INIT,
    FAULTY_FIND_OBJECTS_FINAL,
    FAULTY_GENERATE,
    FAULTY_CALLS, /* how many */
};

enum faulty_lie {
    FAULTY_HONEST,
    FAULTY_WRONG_SIGNATURE, /* one bit of it */
    FAULTY_SHORT_SIGNATURE, /* says 63 bytes */
    FAULTY_LONG_SIGNATURE,  /* says 4,096 bytes */
    FAULTY_ZERO_SIGNATURE,  /* 64 zero bytes */
    FAULTY_MANY_OBJECTS,    /* finds 1,000, whatever room there is */
    FAULTY_NO_HANDLE,       /* finds one with the handle 0 */
    FAULTY_LONG_ATTRIBUTE,  /* says 100,000 bytes */
    FAULTY_UNAVAILABLE,     /* CK_UNAVAILABLE_INFORMATION for every attribute */
    FAULTY_MANY_SLOTS,      /* says that there are 100,000 */
    FAULTY_NO_PUBLIC_KEYS,  /* finds none of that class */
    FAULTY_WRONG_POINT,     /* a public key that isn't on its curve */
    FAULTY_OTHER_CURVE,     /* P-384's name for it */
    FAULTY_WITHOUT_OCTETS,  /* the point without an octet string around it */
    FAULTY_OTHER_KEY,       /* another point of the curve, its negative */
};

struct faulty_plan {
    uint32_t away;                 /* 0: 1: the token is pulled */
    uint32_t call;                 /* 1: which call fails: enum faulty_call */
    uint32_t after;                /* 2: how many of it succeed before, from the plan's making */
    uint32_t answer;               /* 3: with what it fails */
    uint32_t times;                /* 4: how often; 0: always */
    uint32_t lie;                  /* 5: enum faulty_lie */
    uint32_t flags;                /* 6: of the token, beside its own */
    uint32_t delay_ms;             /* 7: of each C_Sign */
    uint32_t sessions;             /* 8: how many it gives at one time; 0: as many as are wanted */
    uint32_t busiest;              /* 9: most calls of C_Sign at one time */
    uint32_t open;                 /* 10: sessions open now */
    uint32_t signing;              /* 11: calls of C_Sign going on now */
    uint32_t counts[FAULTY_CALLS]; /* 12…: how often each was called */
};

#endif
