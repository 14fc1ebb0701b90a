#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A device that installs only what a log has, and its witnesses have seen: `device run --log … --witness …`.

load device

setup() {
    cd "$BATS_TEST_TMPDIR"
    make_vendor
    log_program=$BATS_TEST_DIRNAME/transparency/log.mjs
    node "$log_program" keys .
    trust=(--log "$(<log.vkey)" --witness "$(<w1.vkey)" --witness "$(<w2.vkey)" --witness "$(<w3.vkey)"
        --witness-quorum 2)
}

teardown() { stop_device; }

# make_proven VERSION [NAME=VALUE…]: a release with a proof that log.mjs makes so.
make_proven() {
    local version=$1
    shift
    make_release "$version" --product lamp
    node "$log_program" prove . "v$version.bundle" "$@" >"proof-$version"
    slipway bundle add-proof "v$version.bundle" "proof-$version"
}

@test "a device that wants proofs installs a proven release, and goes on wanting them after its reboots" {
    make_proven 1
    make_proven 2 cosign=1,3
    make_release 3 --product lamp
    start_device --root root.pb --product lamp "${trust[@]}"
    slipway device update v1.bundle --to "$link"
    slipway device update v2.bundle --to "$link"
    grep -q '^confirmed version=2$' device.log
    run slipway device update v3.bundle --to "$link"
    says 'no-proof'
    [ "$status" -eq 3 ]
    grep -q '^refused: no-proof: ' device.log
    never_said '^boot: app .* version=3'
}

@test "a device refuses each release whose proof is wrong, and then takes the right one" {
    local version=0 wrong
    start_device --root root.pb --product lamp "${trust[@]}"
    for wrong in version=77 product=desk leaf=record origin=log.example/other cosign=1 cosign=1,2,2; do
        version=$((version + 1))
        make_proven "$version" "$wrong"
        run slipway device update "v$version.bundle" --to "$link"
        says 'bad-proof'
        [ "$status" -eq 3 ]
        slipway device reset --to "$link"
    done
    never_said '^boot: app slot='
    make_proven 9
    slipway device update v9.bundle --to "$link"
    grep -q '^confirmed version=9$' device.log
}

@test "a device without a log takes releases with any proof and with none" {
    make_proven 1 version=5
    make_release 2
    start_device --root root.pb --product lamp
    slipway device update v1.bundle --to "$link"
    slipway device update v2.bundle --to "$link"
    grep -q '^confirmed version=2$' device.log
}

@test "a device doesn't start with witnesses that make no sense" {
    run slipway device run --flash board.flash --root root.pb --log "$(<log.vkey)" --witness "$(<w1.vkey)" --witness-quorum 2
    says 'witness-quorum 2'
    [ "$status" -eq 2 ]
    [ ! -e board.flash ]
    run slipway device run --flash board.flash --root root.pb --witness "$(<w1.vkey)"
    [ "$status" -eq 2 ]
}
