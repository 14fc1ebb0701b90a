#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `make check` counts: nothing that crashed, stopped early or did not run is counted as passed.

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    . tools/results.bash
    results_begin "$BATS_TEST_TMPDIR/results"
    log=$BATS_TEST_TMPDIR/log
}

# sums LINE: the sum's last line must be this; its status must say whether all went well.
sums() {
    run results_finish check
    echo "$output"
    [ "${lines[-1]}" = "$1" ]
    if [[ $1 == *", 0 failed,"* ]]; then
        [ "$status" -eq 0 ]
    else
        [ "$status" -ne 0 ]
    fi
}

@test "results: passed, failed and skipped cases are counted" {
    printf '%s\n' 'ok 1 - a' 'not ok 2 - b' 'ok 3 - c # SKIP no board' '1..3' >"$log"
    results_tap suite release "$log" 1
    sums 'check: 1 passed, 1 failed, 1 skipped'
    [ "${lines[-3]}" = '    failed: suite: b' ]
    grep -q $'^skipped\tsuite\tc\trelease\tno board$' "$results/results.tsv"
}

@test "results: a case that runs in two variants counts once, and fails when it fails in one" {
    printf '%s\n' '1..2' 'ok 1 - a' 'ok 2 - b' >"$log"
    results_tap suite release "$log" 0
    sums 'check: 2 passed, 0 failed, 0 skipped'
    printf '%s\n' '1..2' 'not ok 1 - a' 'ok 2 - b # skip slow' >"$log"
    results_tap suite sanitize "$log" 1
    sums 'check: 1 passed, 1 failed, 0 skipped'
}

@test "results: one name twice in a program is two cases" {
    printf '%s\n' '1..2' 'ok 1 - a' 'ok 2 - a' >"$log"
    results_tap suite release "$log" 0
    sums 'check: 2 passed, 0 failed, 0 skipped'
}

@test "results: a program that crashed after its last case has failed" {
    printf '%s\n' 'ok 1 - a' '1..1' >"$log"
    results_tap suite release "$log" 139
    sums 'check: 1 passed, 1 failed, 0 skipped'
}

@test "results: a program that stopped before its plan has failed" {
    printf '%s\n' 'ok 1 - a' >"$log"
    results_tap suite release "$log" 0
    sums 'check: 1 passed, 1 failed, 0 skipped'
}

@test "results: fewer cases than planned is a failure" {
    printf '%s\n' '1..2' 'ok 1 - a' >"$log"
    results_tap suite release "$log" 0
    sums 'check: 1 passed, 1 failed, 0 skipped'
}

@test "results: a program without cases has failed" {
    echo '1..0' >"$log"
    results_tap suite release "$log" 0
    sums 'check: 0 passed, 1 failed, 0 skipped'
}

@test "results: a program that left no log has failed" {
    results_tap suite release "$log" ''
    sums 'check: 0 passed, 1 failed, 0 skipped'
}

@test "results: nothing at all is a failure" {
    run results_finish check
    [ "$status" -ne 0 ]
    [ "$output" = 'check: 0 passed, 0 failed, 0 skipped' ]
}

@test "results: a command counts by its exit status, and shows its output only when it failed" {
    run results_command tools good echo quiet
    [ "$status" -eq 0 ]
    [[ $output != *quiet* ]]
    run results_command tools bad sh -c 'echo loud; exit 3'
    [ "$status" -ne 0 ]
    [[ $output == *loud* ]]
    sums 'check: 1 passed, 1 failed, 0 skipped'
    [ "${lines[*]}" = '    failed: tools: bad     | loud check: 1 passed, 1 failed, 0 skipped' ]
}

@test "results: a program that hangs is stopped and has failed" {
    run tools/run-logged 1 "$BATS_TEST_TMPDIR" sh -c 'echo "1..1"; sleep 60' hangs
    results_tap hangs release "$BATS_TEST_TMPDIR/hangs.log" "$(cat "$BATS_TEST_TMPDIR/hangs.status")"
    sums 'check: 0 passed, 1 failed, 0 skipped'
}

# tap_program BODY: compiles a test program with this main() and cases good, bad, skipped, empty.
tap_program() {
    cat >"$BATS_TEST_TMPDIR/a.c" <<END
#include "tap.h"
static void good(void) { TAP_CHECK(true); }
static void bad(void) { TAP_ROW("third"); TAP_EQUAL_INT(-1, INT64_MIN); TAP_EQUAL_BYTES("ab", "ac", 2); }
static void required(void) { TAP_REQUIRE(1 > 2); TAP_CHECK(1 > 3); }
static void skipped(void) { TAP_SKIP("no board"); }
static void empty(void) {}
int main(void) { (void)good, (void)bad, (void)required, (void)skipped, (void)empty; $1 return tap_finish(); }
END
    gcc -std=c11 -I tests -o "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/a.c"
    run "$BATS_TEST_TMPDIR/a"
    echo "$output"
}

@test "tap.h: passed and skipped cases exit 0" {
    tap_program 'TAP_RUN(good); TAP_RUN(skipped);'
    [ "$status" -eq 0 ]
    [ "$output" = $'ok 1 - good\nok 2 - skipped # SKIP no board\n1..2' ]
}

@test "tap.h: a failed check shows its place, values and row, and exits 1" {
    tap_program 'TAP_RUN(bad);'
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == *'/a.c:3: -1 == INT64_MIN [row third]' ]]
    [ "${lines[1]}" = '#   got -1, expected -9223372036854775808' ]
    [ "${lines[3]}" = '#   first difference at byte 1' ]
    [ "${lines[5]}" = 'not ok 1 - bad' ]
}

@test "tap.h: a failed requirement leaves the case" {
    tap_program 'TAP_RUN(required);'
    [ "$status" -eq 1 ]
    [[ $output != *'1 > 3'* ]]
}

@test "tap.h: a case without a check fails, and so does a program without a case" {
    tap_program 'TAP_RUN(empty);'
    [ "$status" -eq 1 ]
    [[ $output == *'not ok 1 - empty'* ]]
    tap_program ''
    [ "$status" -eq 1 ]
    [ "$output" = '1..0' ]
}

@test "tap.h: TAP_ONLY chooses cases by words in their names, and choosing none is a failure" {
    export TAP_ONLY='kipp|goo'
    tap_program 'TAP_RUN(good); TAP_RUN(bad); TAP_RUN(skipped);'
    [ "$status" -eq 0 ]
    [ "$output" = $'ok 1 - good\nok 2 - skipped # SKIP no board\n1..2' ]
    TAP_ONLY='goods|x'
    tap_program 'TAP_RUN(good); TAP_RUN(bad);'
    [ "$status" -eq 1 ]
    [ "$output" = '1..0' ]
}
