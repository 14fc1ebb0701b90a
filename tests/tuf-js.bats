#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Other people's TUF client judges the repositories that we write: it verifies them and downloads from them.

load slipway
load repo

setup_file() {
    BATS_TUF_JS=$("$BATS_TEST_DIRNAME/../tools/fetch-tuf-js" 2>"$BATS_FILE_TMPDIR/npm.log") || BATS_TUF_JS=
    export BATS_TUF_JS
}

setup() {
    slipway_setup
    [ -n "$BATS_TUF_JS" ] || skip 'tuf-js is not here, and the npm registry is out of reach'
}

# judged TARGET…: tuf-js, trusting the first root or what it had before, refreshes and gets these.
judged() {
    mkdir -p state
    [ -e state/root.json ] || cp repo/metadata/1.root.json state/root.json
    node "$source_dir/tests/tuf-js/judge.mjs" "$BATS_TUF_JS" "$PWD/repo" state "$@"
}

@test "tuf-js takes an empty repository with ECDSA keys" {
    make_repo
    judged
}

@test "tuf-js takes an Ed25519 repository and downloads from it" {
    make_repo_keys
    ok repo init repo --root-key ed-root.pub --targets-key ed-targets.pub --online-key ed-online
    ok repo sign repo root --key ed-root
    echo one >one.bin
    ok repo sign repo targets --key ed-targets
    ok repo publish repo
    ok repo add repo one.bin --as dir/one.bin
    ok repo sign repo targets --key ed-targets
    ok repo publish repo
    judged dir/one.bin
    cmp state/downloads/dir%2Fone.bin one.bin
}

@test "tuf-js follows delegations of ours, nested and terminating" {
    make_repo
    echo one >one.bin
    ok repo delegate repo team --key team.pub --path 'team/*/*' --terminating
    publish_targets
    ok repo delegate repo inner --by team --key ed-team.pub --path 'team/inner/*'
    ok repo sign repo team --key team
    ok repo publish repo
    ok repo add repo one.bin --role inner --as team/inner/one.bin
    ok repo sign repo inner --key ed-team
    ok repo publish repo
    judged team/inner/one.bin
}

@test "tuf-js finds targets in hash bins" {
    make_repo
    echo 'bin* = ../online' >>repo/keys.conf
    ok repo delegate repo bin --key online.pub --bins 32
    publish_targets
    for i in $(seq 20); do echo "content $i" >"file-$i"; done
    ok repo add repo file-*
    ok repo publish repo
    judged file-1 file-7 file-20
}

@test "tuf-js goes on after every key was rotated" {
    make_repo
    echo one >one.bin
    ok repo add repo one.bin
    publish_targets
    judged one.bin
    cp -r state before
    echo "snapshot = $PWD/ed-online" >>repo/keys.conf
    echo "timestamp = $PWD/ed-online" >>repo/keys.conf
    ok repo rotate repo root --key ed-root.pub
    ok repo rotate repo targets --key ed-targets.pub
    ok repo rotate repo snapshot --key ed-online.pub
    ok repo rotate repo timestamp --key ed-online.pub
    ok repo sign repo root --key root-1 --key ed-root
    ok repo sign repo targets --key ed-targets --key targets
    ok repo publish repo
    judged one.bin
    ok repo refresh repo
    judged one.bin
    rm -rf state && mv before state
    judged one.bin
    rm -rf state
    judged one.bin
}

@test "tuf-js refuses what was tampered with (so it does look)" {
    make_repo
    sed -i 's/"version":1/"version":2/' repo/metadata/timestamp.json
    ! judged
}

@test "tuf-js takes a release with its custom" {
    make_keys
    make_root
    make_repo
    echo image >image
    ok bundle create v2.bundle --file app=image --root root.pb --key t1 --product lamp --targets-version 2
    ok repo delegate repo lamp-stable --key team.pub --path 'lamp/stable/*'
    publish_targets
    ok repo add repo v2.bundle --channel stable
    ok repo sign repo lamp-stable --key team
    ok repo publish repo
    judged lamp/stable/v2.bundle
    cmp state/downloads/lamp%2Fstable%2Fv2.bundle v2.bundle
}
