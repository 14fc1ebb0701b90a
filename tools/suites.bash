# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The suites that tools/check and tools/check-deep choose from.
. tools/results.bash

# Twice as many test programs as there are processors run at a time, for many of them wait more than they work.
at_once=$((2 * $(nproc)))

# The checks that read nothing but the source; each fails on a planted breach in tests/tools-*.bats.
run_source_checks()
{
    local name
    results_command tools cppcheck tools/check-cppcheck & # the one that takes long
    for name in layers banned style format spdx links generated mutations shellcheck size; do
        results_command tools "$name" "tools/check-$name"
    done
    wait
}

# run_unit_tests VARIANT TIMEOUT-FACTOR [MESON-TEST-OPTION…]: every test() that build/VARIANT declares, but what an option
# leaves out.
run_unit_tests()
{
    local variant=$1 factor=$2 logs="$results/logs/unit-$1" name status stdout stderr log
    shift 2
    mkdir -p "$logs"
    rm -f "build/$variant"/meson-logs/testlog*.json
    meson test -C "build/$variant" --no-rebuild --timeout-multiplier "$factor" --num-processes "$at_once" "$@" >"$logs/meson.log" 2>&1 </dev/null
    # A line a program: where it is in the build (or its name, when it isn't), how it ended, what it printed.
    # Under a wrapper Meson names its log after that.
    cat "build/$variant"/meson-logs/testlog*.json 2>/dev/null | jq -r --arg build "$PWD/build/$variant/" '
        [[.command[] | select(startswith($build)) | ltrimstr($build)][0] // .name,
         .returncode, (.stdout // "" | @base64), (.stderr // "" | @base64), (.name | capture("(?<on>-on-.*)$").on? // "")] |
            map(tostring) | join("|")' |
        sort >"$logs/all"
    # Meson's own words are the log of a program that never ran.
    if [ "$(wc -l <"$logs/all")" -lt "$(meson test -C "build/$variant" --no-rebuild --list "$@" | grep -c ' / ' | sed 's/^0$/1/')" ]; then
        results_tap "unit tests" "$variant" "$logs/meson.log" 1
    fi
    # A program may run on something else too ("NAME-on-postgresql"): its cases are the same, its log is another.
    while IFS='|' read -r name status stdout stderr on; do
        log=$logs/${name//\//-}$on.log
        {
            base64 -d <<<"$stdout"
            base64 -d <<<"$stderr" | sed 's/^/# /'
        } >"$log"
        results_tap "$name" "$variant" "$log" "$status"
    done <"$logs/all"
}

# The scenarios that take longest, which begin first so that none is the last to run.
long_scenarios='fleet depot-page depot-releases tuf-network runner tuf-js-crash audit sign device device-kill bundles'

# run_scenarios VARIANT BIN [SECONDS]: tests/*.bats against the programs in BIN. A file has 300 s, or SECONDS.
run_scenarios()
{
    local logs="$results/logs/scenarios" file name
    mkdir -p "$logs"
    # Every server is on this machine, whatever proxy npm needs.
    no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost,signer
    export no_proxy NO_PROXY=$no_proxy
    export SLIPWAY_BIN_DIR=$PWD/$2 ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
    # shellcheck disable=SC2086
    { printf 'tests/%s.bats\n' $long_scenarios && printf '%s\n' tests/*.bats; } | awk '!seen[$0]++' |
        xargs -P "$at_once" -I FILE tools/run-logged "${3:-600}" "$logs" bats --formatter tap FILE
    for file in tests/*.bats; do
        name=${file##*/}
        results_tap "$name" "$1" "$logs/$name.log" "$(cat "$logs/$name.status")"
    done
}

# run_tuf_cases VARIANT BIN: the client of TUF repositories in BIN against the simulator in tests/tuf.
run_tuf_cases()
{
    local log="$results/logs/tuf.log" status=0
    SLIPWAY_BIN_DIR=$PWD/$2 timeout --kill-after=10 600 node tests/tuf/run.mjs >"$log" 2>&1 </dev/null || status=$?
    results_tap tests/tuf "$1" "$log" "$status"
}

# run_deep_scenarios: tests/deep/*.bats, one after the other, with the programs of the release build.
run_deep_scenarios()
{
    local logs="$results/logs/deep" file name
    mkdir -p "$logs"
    for file in tests/deep/*.bats; do
        name=${file##*/}
        SLIPWAY_BIN_DIR=$PWD/build/bin tools/run-logged 10800 "$logs" bats --formatter tap "$file"
        results_tap "deep/$name" release "$logs/$name.log" "$(cat "$logs/$name.status")"
    done
}

# run_mutations: the source with a check taken away, one after the other, against the cases that must miss it.
run_mutations()
{
    local log="$results/logs/mutations.log" status=0
    tools/mutate >"$log" 2>&1 </dev/null || status=$?
    results_tap mutations "" "$log" "$status"
}

# run_fuzz_targets SECONDS: every libFuzzer target with its seeds.
run_fuzz_targets()
{
    local log="$results/logs/fuzz.log"
    tools/run-fuzz "$1" >"$log" 2>&1 </dev/null
    results_tap fuzz "$1 s each" "$log" $?
}
