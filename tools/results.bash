# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Gathers what test programs and checks report, and sums it up: sourced by tools/check and tools/check-deep.
#
# One line a case in RESULTS/results.tsv: passed|failed|skipped, suite, case, variant, remark. A case that
# runs in several variants counts once in the sum: failed when it failed in any, skipped when it ran in none.

# results_begin DIR: start afresh.
results_begin()
{
    results=$1
    rm -rf "$results"
    mkdir -p "$results/logs"
    : >"$results/results.tsv"
}

# results_tap SUITE VARIANT LOG STATUS: take the cases of a program that printed TAP to LOG and exited with STATUS.
# A program that crashed, printed no plan or no case, or fewer cases than planned, is a failed case itself.
results_tap()
{
    local rows=$results/rows.$BASHPID failed
    touch "$3"
    awk -v suite="$1" -v variant="$2" -v status="$4" -f tools/tap.awk "$3" >"$rows"
    cat "$rows" >>"$results/results.tsv"
    failed=$(grep -c '^failed' "$rows" || true)
    printf '%-6s %4d cases  %s (%s)\n' "$([ "$failed" -eq 0 ] && echo ok || echo FAILED)" \
        "$(wc -l <"$rows")" "$1" "$2"
    if [ "$failed" -gt 0 ]; then
        results_show_failures "$rows" "$3" | tee -a "$results/failures"
    fi
    rm -f "$rows"
}

# results_show_failures ROWS LOG: the failed cases, then the end of what isn't a passed case.
results_show_failures()
{
    awk -F '\t' '$1 == "failed" { print "    failed: " $2 ": " $3 ($5 == "" ? "" : " (" $5 ")") }' "$1"
    grep -vE '^(ok|1\.\.)' "$2" | tail -n 40 | sed 's/^/    | /'
}

# results_command SUITE NAME COMMAND…: run a command as one case; its output is shown only when it fails.
results_command()
{
    local suite=$1 name=$2 log="$results/logs/$1-$2.log" verdict=passed word=ok
    shift 2
    "$@" >"$log" 2>&1 </dev/null || verdict=failed word=FAILED
    printf '%s\t%s\t%s\t\t\n' "$verdict" "$suite" "$name" >>"$results/results.tsv"
    printf '%-6s %-11s %s: %s\n' "$word" '' "$suite" "$name"
    if [ "$verdict" = failed ]; then
        {
            echo "    failed: $suite: $name"
            tail -n 40 "$log" | sed 's/^/    | /'
        } | tee -a "$results/failures"
        return 1
    fi
}

# results_finish NAME: what failed, once more, for a log of hours is often seen by its end alone; what was skipped; the sum as
# the last line, kept in RESULTS/summary. Fails when anything failed or nothing passed.
results_finish()
{
    awk -F '\t' -v name="$1" '
        { key = $2 "\t" $3; seen[key]; if ($1 == "failed") bad[key]; if ($1 == "passed") good[key] }
        END {
            for (key in seen) { if (key in bad) failed++; else if (key in good) passed++; else skipped++ }
            printf "%s: %d passed, %d failed, %d skipped\n", name, passed, failed, skipped
            exit (failed > 0 || passed == 0)
        }' "$results/results.tsv" >"$results/summary"
    local status=$?
    awk -F '\t' '$1 == "skipped" { print "skipped: " $2 ": " $3 ($5 == "" ? "" : " (" $5 ")") }' \
        "$results/results.tsv" | sort -u
    [ ! -e "$results/failures" ] || cat "$results/failures"
    cat "$results/summary"
    return $status
}
