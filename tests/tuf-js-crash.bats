#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Other people's TUF client judges every state that a crash of our writer can leave: each storage call of a change was
# failed or was the last that a killed process made (host/tuf/writer/test_crash.h plays it), and clients that knew the
# old state, or only the first root, then refresh to the old state or the new one, and to the new one after the change
# was made again.

load slipway

setup_file() {
    BATS_TUF_JS=$("$BATS_TEST_DIRNAME/../tools/fetch-tuf-js" 2>"$BATS_FILE_TMPDIR/npm.log") || BATS_TUF_JS=
    export BATS_TUF_JS
}

setup() {
    slipway_setup
    [ -n "$BATS_TUF_JS" ] || skip 'tuf-js is not here, and the npm registry is out of reach'
    enter_memory
}

teardown() {
    [ -z "${memory:-}" ] || rm -rf "$memory"
}

# Thousands of small files, so in memory where the system has 100 MB of that.
enter_memory() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || return 0
    [ "${free:-0}" -ge 102400 ] && memory=$(mktemp -d /dev/shm/slipway-crash-XXXXXX) || return 0
    cd "$memory"
}

# write_states PROGRAM SCENARIO…: a test program of the writer writes what faults leave to states/, of these scenarios too.
write_states() {
    local program=$source_dir/build/release/host/$1 scenario
    shift
    if [ ! -x "$program" ]; then
        echo "$program isn't there: tools/build release -Dtests=true makes it"
        return 1
    fi
    mkdir states
    if ! "$program" states >written; then
        cat written
        return 1
    fi
    for scenario in "$@"; do
        if ! [ -e "states/$scenario, killed before call 001" ]; then
            echo "$scenario: no state of it"
            return 1
        fi
    done
}

# judge: tuf-js takes all of states/. Two cases a state, for there are two clients.
judge() {
    mkdir -p clients
    TMPDIR=$PWD/clients node "$source_dir/tests/tuf-js/judge.mjs" "$BATS_TUF_JS" --states states >judged || {
        grep -v '^ok' judged
        return 1
    }
    [ "$(grep -c '^ok' judged)" -eq $((2 * $(find states -mindepth 1 -maxdepth 1 | wc -l))) ]
}

# refuses CLIENTS TEXT: so many of the two clients (client, fresh) don't take the only state in states/, saying so.
refuses() {
    if judge; then
        return 1
    fi
    [ "$(grep -c '^not ok' judged)" -eq "$1" ]
    [ "$(grep -cF -- "$2" judged)" -eq "$1" ]
}

# bad_state: a new copy of good/ as states/bad.
bad_state() {
    rm -rf states
    mkdir states
    cp -r good states/bad
}

@test "tuf-js takes every state that a crash leaves of publishing, adding, removing and delegating" {
    write_states tuf_crash_test first_publish add_targets change_and_remove_targets delegate_to_a_team add_to_a_team \
        revoke_a_team
    judge
}

@test "tuf-js takes every state that a crash leaves of changes to hash bins" {
    write_states tuf_crash_bins_test delegate_bins_and_move_targets_into_them add_to_bins add_to_bins_by_way_of_staged \
        replace_bins_by_others give_bins_another_key
    judge
}

@test "tuf-js takes every state that a crash leaves of a rotation, of each role and of all at once" {
    write_states tuf_crash_rotation_test rotate_timestamp rotate_snapshot rotate_targets rotate_root rotate_everything \
        rotate_a_team
    judge
}

@test "tuf-js takes every state that a crash leaves of a refresh, and of removing old files" {
    write_states tuf_crash_refresh_test refresh_and_remove_old_targets refresh_and_remove_old_bins \
        refresh_with_a_team_that_was_signed_meanwhile
    # Some files are removed, others not yet.
    [ "$(for state in states/refresh_and_remove_old_targets*; do find "$state"/{metadata,targets} -type f | wc -l; done | sort -u | wc -l)" -ge 5 ]
    judge
}

@test "tuf-js refuses states that no crash of ours leaves (so it does look)" {
    write_states tuf_crash_refresh_test refresh_and_remove_old_targets
    mv 'states/refresh_and_remove_old_targets, killed before call 001' good

    # The timestamp before the snapshot that it names: who has that snapshot doesn't notice.
    bad_state
    find states/bad/metadata -name '*.snapshot.json' -delete
    refuses 1 "snapshot.json isn't there"

    # A target is gone that clients were told of.
    bad_state
    find states/bad/targets -name '*.two' -delete
    refuses 2 ".two isn't there"

    # What comes when it is done again is older than what the fault left.
    bad_state
    mv states/bad/metadata/timestamp.json later.json
    cp states/bad/again/metadata/timestamp.json states/bad/metadata/timestamp.json
    mv later.json states/bad/again/metadata/timestamp.json
    refuses 2 'is less than current version'

    # Neither the old state nor the new one: another target when it is done again, another root all the time.
    bad_state
    sed -i 's/two ......../two 00000000/' states/bad/new-state
    refuses 2 'sees neither the old state nor the new'
    bad_state
    sed -i 's/root 1/root 2/' states/bad/old-state states/bad/new-state
    refuses 2 'sees neither the old state nor the new'
}
