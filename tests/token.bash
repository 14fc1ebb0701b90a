# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Security tokens for scenarios: SoftHSM with a configuration and tokens of the test's own, and the faulty module in front
# of it. Sourced by token.bats, ceremony.bats and others; the tests need source_dir (slipway_setup sets it).

softhsm=/usr/lib/softhsm/libsofthsm2.so

# token_setup: an empty token directory in ./token, and SoftHSM as the module of all `pkcs11:` URIs.
token_setup() {
    [ -e "$softhsm" ] || skip "SoftHSM isn't installed"
    mkdir -p token/tokens
    printf 'directories.tokendir = %s/token/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD" \
        >token/softhsm2.conf
    export SOFTHSM2_CONF=$PWD/token/softhsm2.conf
    export SLIPWAY_PKCS11_MODULE=$softhsm
    # SoftHSM 2.6 leaks a string with each Ed25519 key; sanitized programs are told so, and unwind stacks so that they see it.
    echo 'leak:libsofthsm2.so' >token/leaks
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}fast_unwind_on_malloc=0
    export LSAN_OPTIONS=suppressions=$PWD/token/leaks:print_suppressions=0
}

# token_make LABEL [PIN]: a new token; its PIN is in ./token/LABEL.pin.
token_make() {
    softhsm2-util --init-token --free --label "$1" --so-pin 87654321 --pin "${2:-1234}" >/dev/null
    echo "${2:-1234}" >"token/$1.pin"
}

# token_uri LABEL OBJECT [PIN-FILE]: prints the URI of a key in a token.
token_uri() {
    echo "pkcs11:token=$1;object=$2?pin-source=file:${3:-$PWD/token/$1.pin}"
}

# faulty_setup: puts the faulty module (tests/faulty_pkcs11.h) in front of SoftHSM; its plan is ./token/plan.
faulty_setup() {
    local module=$BATS_FILE_TMPDIR/faulty_pkcs11.so
    if [ ! -e "$module" ]; then
        # The flags of pkg-config are words.
        # shellcheck disable=SC2046
        "${CC:-cc}" -std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -shared -fPIC -o "$module.new" \
            $(pkg-config --cflags p11-kit-1) "$source_dir/tests/faulty_pkcs11.c"
        mv "$module.new" "$module"
    fi
    head -c 256 /dev/zero >token/plan
    export FAULTY_PKCS11_PLAN=$PWD/token/plan FAULTY_PKCS11_MODULE=$softhsm SLIPWAY_PKCS11_MODULE=$module
}

# faulty_set WORD VALUE: of the plan, by the numbers in faulty_pkcs11.h, while programs run: faulty_set 0 1 pulls the token.
faulty_set() {
    # shellcheck disable=SC2059
    printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($2 & 255)) $(($2 >> 8 & 255)) $(($2 >> 16 & 255)) $(($2 >> 24 & 255)))" |
        dd of=token/plan bs=1 seek=$(($1 * 4)) conv=notrunc status=none
}

# faulty_get WORD: prints it. The counts of calls begin at 12: faulty_get 15 is how often C_Login was called.
faulty_get() {
    od -An -t u4 -j $(($1 * 4)) -N 4 token/plan | tr -d ' '
}
