#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The attacks that TUF's specification lists, against a device and the bundle that it is sent; the same against the client
# of a repository are in tests/tuf/cases-attacks.mjs, and those that need a network in tuf-network.bats.

load device

setup() {
    cd "$BATS_TEST_TMPDIR"
    make_vendor
    make_release 1 --product lamp
    make_release 2 --product lamp
}

teardown() { stop_device; }

# A device of the vendor's that runs version 1.
start_lamp() {
    start_device --root root.pb --product lamp --hardware lamp-1
    slipway device update v1.bundle --to "$link"
}

# refused_by_device REASON BUNDLE: the device names the reason, and goes on running what it ran.
refused_by_device() {
    local expected=3
    [ "$1" != expired ] || expected=4
    run slipway device update "$2" --to "$link"
    echo "$output"
    [ "$status" -eq "$expected" ]
    [[ $output == *"refused: $1: "* ]]
    grep -q "^refused: $1: " device.log
    slipway device reset --to "$link" >/dev/null
    [ "$(status_of targets_version)" = "${runs:-1}" ]
}

@test "attack_arbitrary_software: a changed image" {
    start_lamp
    printf 'X' | dd of=v2.bundle bs=1 seek=$(($(stat -c %s v2.bundle) - 5)) conv=notrunc status=none
    refused_by_device wrong-hash v2.bundle
}

@test "attack_arbitrary_software: signed by a stranger" {
    start_lamp
    slipway key generate stranger.key >/dev/null
    slipway bundle create evil.bundle --file app=app-2 --file rtos=rtos-2 --root root.pb --targets-version 2 --product lamp
    slipway bundle sign evil.bundle --key stranger.key --any-key
    refused_by_device below-threshold evil.bundle
}

@test "attack_endless_data: metadata over their limit" {
    start_lamp
    # 33 signatures: one more than anybody looks at
    slipway bundle create big.bundle --file app=app-2 --root root.pb --targets-version 2 --product lamp
    local keys=()
    for i in $(seq 33); do
        slipway key generate "k$i" >/dev/null
        keys+=(--key "k$i")
    done
    slipway bundle sign big.bundle --any-key "${keys[@]:0:64}" 2>/dev/null
    cp big.bundle whole.bundle
    run slipway bundle sign big.bundle --any-key --key k33
    [ "$status" -eq 3 ] && [[ $output == *too-large* ]]
    cmp big.bundle whole.bundle
    # and more bytes than the device has room for
    head -c 20000000 /dev/zero >huge
    slipway bundle create huge.bundle --file app=huge --root root.pb --targets-version 2 --product lamp --key targets.key
    run slipway device update huge.bundle --to "$link" --timeout 10s
    [ "$status" -ne 0 ]
    [ "$(status_of targets_version)" = 1 ]
}

@test "attack_extraneous_dependencies: a payload that nobody listed" {
    start_lamp
    printf '\x22\x0b\x0a\x05extra\x12\x02hi' >>v2.bundle
    refused_by_device unlisted-payload v2.bundle
}

@test "attack_fast_forward: undone by a root that replaces the keys" {
    start_lamp
    make_release 4294967295 --product lamp
    slipway device update v4294967295.bundle --to "$link"
    runs=4294967295 refused_by_device rollback v2.bundle
    slipway key generate targets-2.key >/dev/null
    slipway root rotate root.pb -o root-2.pb --remove-targets-key targets.key.pub --add-targets-key targets-2.key.pub
    slipway root sign root-2.pb --key root.key
    slipway bundle create v3.bundle --file app=app-2 --file rtos=rtos-2 --root root-2.pb --targets-version 3 --product lamp --key targets-2.key
    slipway device update v3.bundle --to "$link"
    [ "$(status_of targets_version)" = 3 ]
}

@test "attack_indefinite_freeze: a release that was good once" {
    start_lamp
    make_release 3 --product lamp --expires 2020-01-01T00:00:00Z
    refused_by_device expired v3.bundle
}

@test "attack_mix_and_match: the metadata of one release with an image of another" {
    start_lamp
    size=$(stat -c %s v2.bundle)
    { head -c $((size - 9000)) v2.bundle; tail -c 9000 v1.bundle; } >mixed.bundle
    [ "$(stat -c %s mixed.bundle)" = "$size" ]
    refused_by_device wrong-hash mixed.bundle
}

@test "attack_rollback: the release before" {
    start_lamp
    slipway device update v2.bundle --to "$link"
    runs=2 refused_by_device rollback v1.bundle
}

@test "attack_key_compromise: one key of two" {
    slipway key generate second.key >/dev/null
    slipway root create -o two.pb --root-key root.key.pub --targets-key targets.key.pub --targets-key second.key.pub --targets-threshold 2
    slipway root sign two.pb --key root.key
    for version in 1 2; do
        slipway bundle create "two-$version.bundle" --file app=app-$version --file rtos=rtos-$version --root two.pb \
            --targets-version $version --product lamp --key targets.key
    done
    slipway bundle sign two-1.bundle --key second.key
    start_device --root two.pb --product lamp
    slipway device update two-1.bundle --to "$link"
    refused_by_device below-threshold two-2.bundle
}

@test "attack_key_compromise: over once a root dropped the key" {
    start_lamp
    slipway key generate targets-2.key >/dev/null
    slipway root rotate root.pb -o root-2.pb --remove-targets-key targets.key.pub --add-targets-key targets-2.key.pub
    slipway root sign root-2.pb --key root.key
    slipway bundle create v3.bundle --file app=app-2 --file rtos=rtos-2 --root root-2.pb --targets-version 3 --product lamp --key targets-2.key
    slipway device update v3.bundle --to "$link"
    # the thief still has the old key, and the old root to show
    slipway bundle create evil.bundle --file app=app-2 --file rtos=rtos-2 --root root-2.pb --targets-version 4 --product lamp
    slipway bundle sign evil.bundle --key targets.key --any-key
    runs=3 refused_by_device below-threshold evil.bundle
    make_release 5 --product lamp
    runs=3 refused_by_device root-rollback v5.bundle
}

@test "attack_wrong_software: for another product, another board" {
    start_lamp
    make_release 3 --product kettle
    refused_by_device wrong-product v3.bundle
    make_release 4 --product lamp --hardware lamp-2
    refused_by_device wrong-hardware v4.bundle
}
