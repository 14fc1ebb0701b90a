#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A depot in an attacker's hands: its database, its disk, its secrets, the online keys of its repository. Whatever it offers,
# the running device keeps what it has, unless the signing service had signed it for that device, with a higher version.

setup() {
    load slipway.bash
    load token.bash
    load signer.bash
    load depot.bash
    load pipeline.bash
    load fleet.bash
    slipway_setup
    device_pid=
    delivery_setup
    printf '[devices]\ncheck-in-s = 1\n' >>depot.conf
    cp repo/metadata/1.root.json first.root.json
    delivery_start
    fleet_prepare 9
    make_release 'the first'
    make_release 'the second'
    start_device
    roll_out 2 '{"phases":[{"ppm":1000000}]}'
    for _ in $(seq 40); do
        connects || true
        [ "$(runs_now)" != 2 ] || break
        sleep 0.25
    done
    [ "$(runs_now)" = 2 ]
    release '.role == "lamp-daily"' 2
    answers 200 POST "/api/v1/products/lamp/rollouts/$rollout/halt" '{}'
    image_sha256=$(digest image-2)
}

teardown() {
    if [ -n "$device_pid" ]; then
        kill "$device_pid" 2>/dev/null || true
        wait "$device_pid" 2>/dev/null || true
    fi
    delivery_stop KILL
}

start_device() {
    "$slipway" device run --flash lamp.flash --root test-root.root --product lamp --slot app:64K --listen tcp:127.0.0.1:0 \
        >device.log 2>&1 3>&- &
    device_pid=$!
    for _ in $(seq 1000); do
        link=$(sed -n 's/^listening on //p' device.log | head -n 1)
        [ -z "$link" ] || return 0
        sleep 0.02
    done
    return 1
}

# connects: one round of the device with the depot; sets said.
connects() {
    local code=0
    said=$("$slipway" device connect --depot "$depot_url" --root first.root.json --metadata-dir trusted --product lamp \
        --device lamp-1 --hardware lamp-1 --class test --channel daily --identity lamp.key --to "$link" \
        --enrolment-token-file enrolment.token --once 2>&1) || code=$?
    return "$code"
}

# By the device's own word, on its own link.
runs_now() { "$slipway" device status --to "$link" --json | jq .targets_version; }

sql() { sqlite3 depot.db "$1"; }

# offer VERSION COLUMNS: the attacker's row of a release, made of the second one's, and a rollout of it to everybody.
offer() {
    sql "CREATE TEMP TABLE stolen AS SELECT * FROM releases WHERE version = 2;
        UPDATE stolen SET version = $1, state = 'published', $2;
        INSERT INTO releases SELECT * FROM stolen"
    sql "CREATE TEMP TABLE stolen AS SELECT * FROM rollouts WHERE id = $rollout;
        UPDATE stolen SET id = $1, version = $1, state = 'running', phase = 0;
        INSERT INTO rollouts SELECT * FROM stolen;
        CREATE TEMP TABLE phases AS SELECT * FROM rollout_phases WHERE rollout = $rollout;
        UPDATE phases SET rollout = $1, began_us = 1, passed_us = NULL, population = 1000;
        INSERT INTO rollout_phases SELECT * FROM phases"
}

# refuses WORD…: within some rounds the device was offered it, says one of these, and runs what it ran.
refuses() {
    local word
    for _ in $(seq 12); do
        connects || true
        for word in "$@"; do
            if [[ $said == *"$word"* ]]; then
                [ "$(runs_now)" = 2 ]
                "$slipway" device status --to "$link" --json | jq -e --arg image "$image_sha256" \
                    '.slots[0] | .sha256 == $image and (.trial | not)' >/dev/null
                sql "UPDATE rollouts SET state = 'aborted' WHERE id > $rollout"
                return 0
            fi
        done
        sleep 0.25
    done
    echo "said: $said"
    return 1
}

@test "a stolen depot offers what nobody approved, freezes and lies, and the device keeps what it runs" {
    # Another bundle, with a row, a rollout and the file where the repository's are: no role lists it.
    make_build evil.bundle 'from the attacker' 9
    ok bundle sign evil.bundle --key depot.key --force
    cp evil.bundle repo/targets/
    offer 90 "path = 'lamp/daily/9.bundle', blob = '$(digest evil.bundle)', size = $(stat -c %s evil.bundle)"
    refuses not-found
    # The release before, by its own path, under a number that is higher: all of it is signed, and it is old.
    local old
    old=$(sql "SELECT path || ' ' || blob || ' ' || size FROM releases WHERE version = 1")
    read -r path blob size <<<"$old"
    offer 91 "role = 'lamp-daily-rollout', path = '$path', blob = '$blob', size = $size"
    refuses 'outcome release=91 refused rollback' 'refused rollback'
    # Of another channel, and by another channel's role.
    offer 92 "path = 'lamp/stable/9.bundle', role = 'lamp-stable-rollout', channel = 'stable'"
    refuses wrong-channel
    offer 93 "role = 'lamp-stable-rollout'"
    refuses wrong-channel
    # What it can: freeze, and lie about what runs.
    sql "UPDATE rollouts SET state = 'aborted'; UPDATE devices SET version = 77, healthy = 1, boot_state = 'confirmed'"
    answers 200 GET /api/v1/products/lamp/devices/lamp-1
    [ "$(jq .version <<<"$output")" = 77 ]
    [ "$(runs_now)" = 2 ]
    # The next report says what is true, signed by the device; who believes the depot's table may be lied to.
    connects
    [[ $said != *offered* ]]
    [ "$(runs_now)" = 2 ]
    depot_stop KILL
    run connects
    [ "$status" != 0 ]
    [ "$(runs_now)" = 2 ]
}

@test "a stolen depot swaps the repository's metadata, and a device takes none of it" {
    local kept=$PWD/kept role
    cp -r repo kept
    # Bytes of the very bundle that is listed.
    offer 90 "version = 90"
    find repo/targets -name '*.bundle' -exec sh -c 'for file; do printf evil >>"$file"; done' _ {} +
    rm -r trusted/downloads
    refuses wrong-hash wrong-length too-large
    rm -r repo && cp -r "$kept" repo
    # A repository of the attacker's own, with every role and name that there is.
    ok key generate evil.key
    rm -rf repo
    ok repo init repo --root-key evil.key.pub --targets-key evil.key.pub --online-key evil.key
    ok repo sign repo root --key evil.key
    ok repo sign repo targets --key evil.key
    ok repo publish repo
    for role in lamp-daily lamp-daily-rollout; do
        ok repo delegate repo "$role" --key evil.key.pub --path 'lamp/daily/*'
    done
    ok repo sign repo targets --key evil.key
    ok repo publish repo
    offer 91 "version = 91"
    refuses unsigned below-threshold rollback root- mix-and-match
    rm -r repo && cp -r "$kept" repo
    # What the role says, changed, with the signatures that it had.
    for role in repo/metadata/*lamp-daily*.json; do
        sed -i 's/"length":[0-9]*/"length":7/' "$role"
    done
    rm -rf trusted
    offer 92 "version = 92"
    refuses wrong-hash wrong-length unsigned below-threshold malformed mix-and-match
}
