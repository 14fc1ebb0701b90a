#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# Virtual devices as members of a depot's fleet: `slipway device connect`, from enrolment to outcome. The depot and the
# devices are real; what the releases' part would have published is a repository of the command line's, and a row.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/device.bash
    . "$BATS_TEST_DIRNAME/device.bash"
    # shellcheck source=tests/repo.bash
    . "$BATS_TEST_DIRNAME/repo.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
    connect_pid=
    device_pid=
    make_vendor
    make_repo
    slipway repo delegate repo lamp-stable --key team.pub --path 'lamp/stable/*'
    slipway repo delegate repo lamp-stable-rollout --key team.pub --path 'lamp/stable/*'
    slipway repo sign repo lamp-stable --key team
    slipway repo sign repo lamp-stable-rollout --key team
    publish_targets
    depot_setup
    depot_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
    answers 200 PUT /api/v1/products/lamp/groups/all '{"query":{"all":[]},"consent":"automatic"}'
    answers 201 POST /api/v1/products/lamp/enrolment-tokens '{"title":"line","class":"prod","channel":"stable","uses":9}'
    (umask 077 && jq -r .token <<<"$output" >token)
}

teardown() {
    if [ -n "$connect_pid" ]; then
        kill "$connect_pid" 2>/dev/null || true
        wait "$connect_pid" 2>/dev/null || true
    fi
    if [ -n "$device_pid" ]; then
        kill "$device_pid" 2>/dev/null || true
        wait "$device_pid" 2>/dev/null || true
    fi
    depot_stop
}

# release VERSION: published, in the role of an unfinished rollout.
release() {
    make_release "$1" --product lamp
    slipway repo add repo "v$1.bundle" --channel stable --role lamp-stable-rollout
    slipway repo sign repo lamp-stable-rollout --key team
    slipway repo publish repo
    local build sha256
    build=$(printf '%064d' "$1")
    sha256=$(sha256_of "v$1.bundle")
    sqlite3 depot.db "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, made_us, made_by, state, state_us, furthest)
        VALUES ('$build', 'lamp', '', 1, $1, 'user', '[]', '[]', 1, 'ci', 'production', 1, 4);
        INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, kind, release_version, urgency, min_installed_version,
            hardware, notes, changes, state, state_us, reason, prepared_blob, request, blob, size, path, role, is_complete, replaces, made_us, made_by)
        VALUES ('lamp', $1, '$build', 'production', 'stable', 'lamp-prod', 'prod', 'feature', '$1.0', 'routine', 0, '[]', '', '[]', 'published', 1,
            '', '', '', '$sha256', $(stat -c %s "v$1.bundle"), 'lamp/stable/v$1.bundle', 'lamp-stable-rollout', 0, 0, 1, 'admin')"
}

# roll_out VERSION: to everybody; waits until it is offered.
roll_out() {
    answers 201 POST /api/v1/products/lamp/rollouts "{\"release\":$1,\"group\":\"all\",\"plan\":{\"phases\":[{\"ppm\":1000000}]}}"
    answers 200 POST "/api/v1/products/lamp/rollouts/$(jq .id <<<"$output")/start" '{}'
    sleep 2.5 # the view of what runs is read every second
}

# words_for DEVICE: the words of `device connect` for a virtual device of that name.
words_for() {
    words=(device connect --depot "$depot_url" --from repo --root repo/metadata/1.root.json --metadata-dir "client-$1" --product lamp --device "$1"
        --hardware lamp-1 --identity "$1.key" --flash "$1.flash" --factory-root root.pb --enrolment-token-file token)
}

# connect DEVICE [OPTION…]
connect() {
    words_for "$1"
    shift
    slipway "${words[@]}" "$@"
}

row() { sqlite3 depot.db "$1"; }

@test "a virtual device enrols, is offered a release, runs it, and says so" {
    run connect d1 --once
    says 'reported version=0'
    [ "$status" = 0 ]
    [ "$(stat -c %a d1.key)$(stat -c %a d1.key.state)" = 600600 ]
    [ "$(row "SELECT state, class, channel, hardware, boot_state FROM devices")" = 'enrolled|prod|stable|lamp-1|confirmed' ]
    release 2
    roll_out 2
    mkdir -p client-d1/downloads
    touch -d yesterday 'client-d1/downloads/lamp%2Fstable%2Fv1.bundle'
    run connect d1 --once
    says 'offered release=2.*outcome release=2 success'
    [ "$status" = 0 ]
    [ "$(ls client-d1/downloads)" = 'lamp%2Fstable%2Fv2.bundle' ]
    [ "$(row "SELECT version, healthy, boot_state FROM devices")" = '2|1|confirmed' ]
    [ "$(row "SELECT succeeded, failed, downloading FROM rollout_phases")" = '1|0|0' ]
    row "SELECT slots FROM devices" | jq -e --arg app "$(sha256_of app-2)" 'any(.[]; .name == "app" and .sha256 == $app and .version == 2)'
    [ "$(row "SELECT count(*) FROM device_history WHERE kind = 'progress'")" -ge 2 ]
    run connect d1 --once
    [ "$status" = 0 ]
    [[ $output != *offered* ]]
}

@test "a board on a serial line is a member, and keeps the line over its reboot" {
    "$slipway" device run --flash board.flash --root root.pb --product lamp --listen "pty:$PWD/board" >device.log 2>&1 3>&- &
    device_pid=$!
    for _ in $(seq 200); do
        ! grep -q '^listening on' device.log || break
        sleep 0.05
    done
    local words=(device connect --depot "$depot_url" --from repo --root repo/metadata/1.root.json --metadata-dir client
        --product lamp --device board --hardware lamp-1 --identity board.key --to "serial:$PWD/board:115200"
        --enrolment-token-file token --once)
    run slipway "${words[@]}"
    says 'reported version=0'
    release 2
    roll_out 2
    run slipway "${words[@]}"
    says 'outcome release=2 success'
    [ "$status" = 0 ]
    [ "$(row "SELECT version, healthy, boot_state FROM devices")" = '2|1|confirmed' ]
    [ "$(slipway device status --to "serial:$PWD/board" --json | jq .targets_version)" = 2 ]
    grep -q 'confirmed version=2' device.log
    # The line is gone: a failure of the device, told as that, and no report in its name.
    kill "$device_pid"
    wait "$device_pid" 2>/dev/null || true
    device_pid=
    run slipway "${words[@]}" --timeout 1s
    [ "$status" = 5 ]
    [ "$(row "SELECT count(*) FROM device_history WHERE kind = 'outcome'")" = 1 ]
}

@test "over the depot's own TLS a certificate of its name lets a device in, and no other does" {
    depot_stop
    certificate ca /CN=authority ca
    certificate server /CN=127.0.0.1 ca subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key
    certificate own '/CN=lamp\/d1' ca extendedKeyUsage=clientAuth -CA ca.pem -CAkey ca.key
    certificate other '/CN=lamp\/d2' ca extendedKeyUsage=clientAuth -CA ca.pem -CAkey ca.key
    certificate fan '/CN=fan\/d1' ca extendedKeyUsage=clientAuth -CA ca.pem -CAkey ca.key
    certificate self '/CN=lamp\/d1' self extendedKeyUsage=clientAuth
    printf 'tls-certificate = %s\ntls-key = %s\nclient-ca = %s\n' "$PWD/server.pem" "$PWD/server.key" "$PWD/ca.pem" >>depot.conf
    depot_start
    local name options
    words_for d1
    options=("${words[@]:0:${#words[@]}-2}" --once --ca-file ca.pem) # without a token
    for name in other fan self; do
        "$slipway" "${options[@]}" --certificate "$name.pem" --certificate-key "$name.key" >/dev/null 2>&1 || true
        [ "$(row "SELECT count(*) FROM devices WHERE state = 'enrolled'")" = 0 ]
    done
    run slipway "${options[@]}" --certificate own.pem --certificate-key own.key
    [ "$status" = 0 ]
    says 'reported version=0'
    [ "$(row "SELECT id, state FROM devices")" = 'd1|enrolled' ]
}

@test "a release that isn't confirmed is a failure by the device's own word" {
    connect d1 --once
    release 2
    roll_out 2
    run connect d1 --once --fail-boot
    says 'outcome release=2 rolled-back not-confirmed'
    [ "$(row "SELECT version, healthy, boot_state FROM devices")" = '0|0|rolled-back' ]
    [ "$(row "SELECT succeeded, failed FROM rollout_phases")" = '0|1' ]
    [ "$(row "SELECT reason FROM rollout_devices")" = not-confirmed ]
}

@test "a device is refused what its own root didn't sign, and says why" {
    connect d1 --once
    slipway key generate strange.key >/dev/null
    cp root.pb kept.pb
    slipway root create -o strange.pb --root-key strange.key.pub --targets-key targets.key.pub
    slipway root sign strange.pb --key strange.key
    cp strange.pb root.pb
    release 2
    cp kept.pb root.pb
    roll_out 2
    run connect d1 --once
    says 'outcome release=2 refused root-'
    [ "$(row "SELECT failed FROM rollout_phases")" = 1 ]
}

@test "killed at any moment, a device and its depot go on" {
    printf '[devices]\ncheck-in-s = 1\n' >>depot.conf
    connect d1 --once
    release 2
    roll_out 2
    local pause
    for pause in 0.1 0.4 0.8; do
        words_for d1
        "$slipway" "${words[@]}" >connect.out 2>&1 3>&- &
        connect_pid=$!
        sleep "$pause"
        kill -KILL "$connect_pid"
        wait "$connect_pid" 2>/dev/null || true
        connect_pid=
        depot_stop KILL
        depot_start
    done
    words_for d1
    "$slipway" "${words[@]}" >connect.out 2>&1 3>&- &
    connect_pid=$!
    for _ in $(seq 600); do
        [ "$(row "SELECT succeeded, failed FROM rollout_phases")" = '0|0' ] || break
        sleep 0.1
    done
    cat connect.out
    [ "$(row "SELECT succeeded, failed FROM rollout_phases")" = '1|0' ]
    [ "$(row "SELECT version FROM devices")" = 2 ]
    # One that was killed when its report was durable, and not yet answered, says it again: it counts once.
    [ "$(row "SELECT count(*) FROM device_history WHERE kind = 'outcome'")" -ge 1 ]
}

@test "without a token a device waits, and a revoked one stays out" {
    rm token
    (umask 077 && echo slwe_wrong >token)
    run connect d1 --once
    [ "$status" = 7 ]
    says 'waits for somebody to let d1 in'
    [ "$(row "SELECT state FROM devices")" = pending ]
    answers 200 GET /api/v1/products/lamp/devices/d1
    answers 204 POST /api/v1/products/lamp/devices/d1/approve "{\"key\":$(jq .key <<<"$output"),\"channel\":\"stable\"}"
    run connect d1 --once
    [ "$status" = 0 ]
    answers 204 POST /api/v1/products/lamp/devices/d1/revoke '{}'
    run connect d1 --once
    [ "$status" = 7 ]
    says 'it was revoked'
}
