#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bringing the newest release of a repository to a device, over a network that cuts, stalls, corrupts, truncates and
# replays: the attacks of TUF's list that come that way, each refused by its name, while the device runs what it ran.

load web
load device

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_vendor
    make_release 1 --product lamp
    make_release 2 --product lamp
    node "$BATS_TEST_DIRNAME/tuf/publish-releases.mjs" "$web/site" v1.bundle v2.bundle
    start_web
}

teardown_file() { stop_web; }

# A lamp that runs release 1, which came from the repository.
setup() {
    cd "$BATS_TEST_TMPDIR"
    enter_web
    start_device --root "$web/root.pb" --product lamp --hardware lamp-1
    updates --from "$origin"
    runs 1
}

teardown() { stop_device; }

# update [OPTION…]: the newest release to the device; $wrap in front of it.
update() {
    ${wrap:-} "$bin/slipway" device update --root "$web/site/root.json" --metadata-dir state --product lamp \
        --channel "${channel:-stable}" --to "$link" "$@" >out 2>stderr
}

updates() {
    if ! update "$@"; then
        cat out stderr "$web/proxy/log" device.log
        return 1
    fi
}

# refuses REASON STATUS [OPTION…]: the update ends with this status, for this reason.
refuses() {
    local reason=$1 expected=$2 status=0
    shift 2
    update "$@" || status=$?
    if [ "$status" -ne "$expected" ] || ! grep -qE "($reason): " stderr; then
        echo "exit $status, expected $expected for $reason"
        cat out stderr "$web/proxy/log" device.log
        return 1
    fi
}

runs() { [ "$(status_of targets_version)" = "$1" ] && grep -q "^confirmed version=$1$" device.log; }

# unharmed: it runs release 1, and nothing was sent to it.
unharmed() {
    runs 1
    never_said '^confirmed version=2'
    [ "$(status_of state)" = FINISHED ]
}

@test "brings the newest release through a proxy and a cache to a device" {
    serve second
    updates --from "$proxy"
    runs 2
    grep -q "^boot: app slot=B version=2 sha256=$(sha256_of "$web/app-2") trial$" device.log
    refuses "nothing to do" 6 --from "$proxy"
}

@test "each fault ends in its refusal or failure, and the update is done when it is gone" {
    local fault reason expected
    serve second
    cp -r state before
    while read -r fault reason expected; do
        rm -rf state
        cp -r before state # without what the fault before has left of the bundle
        faults "always ${fault/=/ 2.bundle }"
        [[ $fault == *=* ]] || faults "always $fault 2.bundle"
        refuses "$reason" "$expected" --from "$proxy"
        unharmed
    done <<END
cut unavailable 1
reset unavailable 1
truncate wrong-length 3
corrupt wrong-hash 3
extend too-large 3
status=404 unavailable 1
status=503 unavailable 1
encode unavailable 1
redirect=http://localhost:9/ unavailable 1
replay=$web/v1.bundle wrong-hash|too-large|wrong-length 3
END
    faults
    updates --from "$proxy"
    runs 2
}

@test "a transfer that breaks is completed by its rest, then sent" {
    serve second
    faults "1 cut 2.bundle 30000" "1 reset 2.bundle 20000"
    updates --from "$proxy"
    runs 2
    [ "$(asked '2\.bundle bytes=30000- 206$')" -eq 1 ]
    [ "$(asked '2\.bundle bytes=50000- 206$')" -eq 1 ]
}

@test "an update whose network went away in the middle goes on another day" {
    serve second
    faults "1 cut 2.bundle 30000" "always status 2.bundle 503"
    refuses unavailable 1 --from "$proxy"
    unharmed
    faults
    updates --from "$proxy"
    runs 2
    [ "$(asked '2\.bundle bytes=30000- 206$')" -eq 1 ]
}

@test "attack_arbitrary_software: a repository that somebody else signed" {
    serve stranger
    refuses below-threshold 3 --from "$proxy"
    unharmed
}

@test "attack_endless_data: in place of metadata, and of the bundle" {
    local name
    serve second
    for name in timestamp.json snapshot.json targets.json lamp-stable.json 2.bundle; do
        faults "always flood $name"
        refuses too-large 3 --from "$proxy"
        unharmed
    done
}

@test "attack_indefinite_freeze: a repository that nobody renews" {
    serve second
    updates --from "$proxy"
    wrap="$BATS_TEST_DIRNAME/clock/later 40d" refuses expired 4 --from "$proxy"
    runs 2
}

@test "attack_malicious_mirror: the next mirror's bundle arrives" {
    local fault
    serve second
    for fault in "corrupt /" "flood /" "replay / $web/v1.bundle" "cut /"; do
        faults "always $fault"
        updates --from "$proxy" --from "$origin" --no-apply
        grep -q 'mirror 1: ' stderr
        slipway device abort --to "$link" >/dev/null
        slipway device reset --to "$link" >/dev/null
        rm -rf state/downloads
    done
    updates --from "$proxy" --from "$origin"
    runs 2
}

@test "attack_mix_and_match: metadata of two releases" {
    local role
    serve second
    for role in snapshot targets lamp-stable; do
        faults "always replay $(current second $role) $web/site/first/metadata/$(current first $role)"
        refuses mix-and-match 3 --from "$proxy"
        unharmed
    done
}

@test "attack_rollback: by the network, and by a sender that forgot what it knew" {
    serve second
    updates --from "$proxy"
    runs 2
    faults "always replay timestamp.json $web/site/first/metadata/timestamp.json"
    refuses rollback 3 --from "$proxy"
    # a sender without a memory can be lied to as long as the old metadata last; its device can't
    rm -rf state
    faults
    serve first
    refuses rollback 3 --from "$proxy"
    grep -q '^refused: rollback: ' device.log
    slipway device reset --to "$link" >/dev/null
    runs 2
}

@test "attack_slow_retrieval: of metadata, and of the bundle" {
    local name began=$SECONDS
    serve second
    for name in timestamp.json 2.bundle; do
        faults "always drip $name"
        refuses slow-retrieval 3 --from "$proxy" --budget 2s
        unharmed
    done
    [ $((SECONDS - began)) -lt 20 ]
}

@test "attack_wrong_software: another release or channel than the bundle's, or than asked for" {
    serve second
    channel=beta refuses not-found 1 --from "$proxy"
    unharmed
    serve counter
    refuses wrong-custom 3 --from "$proxy"
    unharmed
    serve channel
    refuses wrong-channel 3 --from "$proxy"
    unharmed
}
