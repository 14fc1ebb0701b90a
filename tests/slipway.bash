# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# What the scenarios of the command line share: sourced by keys.bats, roots.bats, bundles.bats and others.
#
# Each test runs in an empty directory of its own.

# shellcheck source=tools/ports.bash
. "${BASH_SOURCE[0]%/*}/../tools/ports.bash"

# The program, the sources and the vectors.
slipway_setup() {
    source_dir=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    later=$source_dir/tests/clock/later
    slipway=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}/slipway
    vectors=$source_dir/spec/vectors
    work=$BATS_TEST_TMPDIR/work
    mkdir -p "$work"
    cd "$work" || return 1
    umask 022
    # Bats follows each command of a test to name the line that failed. Within functions that costs a tenth of all time,
    # and the call is named without it; with SLIPWAY_TRACE=1 the line within is too.
    [ -n "${SLIPWAY_TRACE:-}" ] || set +T
}

# The tests' jq is gojq, for jq 1.6 takes 18 ms to start and they start it thousands of times. Members come out sorted, without -S.
jq() { command gojq "$@"; }

# ok COMMAND…: slipway must exit 0. Its data is in $output, what it says on stderr in file stderr.
ok() {
    exits 0 "$@"
}

# exits STATUS COMMAND…: slipway must exit with STATUS.
exits() {
    local expected=$1 status=0
    shift
    output=$("$slipway" "$@" 2>stderr </dev/null) || status=$?
    if [ "$status" -ne "$expected" ]; then
        echo "slipway $*: exit status $status, expected $expected"
        echo "$output"
        cat stderr
        return 1
    fi
}

# says TEXT: the last slipway said so on stderr.
says() {
    if ! grep -qF -- "$1" stderr; then
        echo "not said: $1"
        cat stderr
        return 1
    fi
}

# prints TEXT: the last slipway printed it on stdout.
prints() {
    if [[ $output != *"$1"* ]]; then
        echo "not printed: $1"
        echo "$output"
        return 1
    fi
}

# refused REASON COMMAND…: refused for this reason, with the exit status that goes with it.
refused() {
    local reason=$1 expected=3
    shift
    [ "$reason" != expired ] || expected=4
    exits "$expected" "$@" || return 1
    says "refused: $reason: "
}

# Keys r1 r2 (root) and t1 t2 (targets), all P-256, and e1, Ed25519; made once for a file.
make_keys() {
    local keys=$BATS_FILE_TMPDIR/keys name
    if [ ! -d "$keys" ]; then
        mkdir "$keys"
        for name in r1 r2 r3 t1 t2 t3; do
            "$slipway" key generate -q "$keys/$name" >/dev/null
        done
        "$slipway" key generate -q --type ed25519 "$keys/e1" >/dev/null
    fi
    cp -p "$keys"/* .
}

# root.pb: threshold 1, root key r1, targets key t1, signed.
make_root() {
    ok root create -o root.pb --root-key r1.pub --targets-key t1.pub "$@"
    ok root sign root.pb --key r1
}

# leaves_only NAME…: the working directory holds nothing else (stderr aside).
leaves_only() {
    local expected actual
    expected=$(printf '%s\n' "$@" | sort)
    actual=$(find . -mindepth 1 -maxdepth 1 ! -name stderr -printf '%f\n' | sort)
    if [ "$expected" != "$actual" ]; then
        echo "there are: $actual"
        return 1
    fi
}

# differs FILE FILE
differs() {
    if cmp -s "$1" "$2"; then
        echo "$1 and $2 are the same"
        return 1
    fi
}

# is_sanitized PROGRAM: it was built for `make check-deep`; a few things aren't as in a release then.
is_sanitized() { grep -qs __asan_init "$1"; }

mode_of() {
    stat -c %a "$1"
}
