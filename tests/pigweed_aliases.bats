#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pigweed's ten commands: its guide's way from keys to a verified bundle, with its options and its habits.

load slipway.bash

setup() {
    slipway_setup
    printf 'application' >app.bin
    printf 'operating system' >rtos.bin
}

make_bundle() {
    ok generate-key root_key
    ok generate-key targets_key
    ok create-root-metadata --append-root-key root_key.pub --append-targets-key targets_key.pub --out root_metadata.pb
    ok sign-root-metadata --root-metadata root_metadata.pb --root-key root_key
    ok create-empty-bundle bundle.pb
    ok add-root-metadata-to-bundle --append-root-metadata root_metadata.pb --bundle bundle.pb
    ok add-file-to-bundle --bundle bundle.pb --file app.bin
    ok add-file-to-bundle --bundle bundle.pb --file rtos.bin --new-name os
    ok sign-bundle --bundle bundle.pb --key targets_key
}

@test "pigweed: from keys to a verified bundle with its ten commands" {
    make_bundle
    ok verify-bundle --bundle bundle.pb --trusted-root-metadata root_metadata.pb
    ok inspect-bundle bundle.pb
    prints 'target "app": 11 bytes'
    prints 'target "os": 16 bytes'
    ok inspect-root-metadata root_metadata.pb
    prints "role root: 1 of 1 key must sign"
    ok bundle verify bundle.pb --trusted-root root_metadata.pb --as-pigweed
}

@test "pigweed: the same bytes as by our own commands" {
    make_bundle
    ok root create -o ours.pb --root-key root_key.pub --targets-key targets_key.pub
    ok root sign ours.pb --key root_key
    cmp ours.pb root_metadata.pb
    ok bundle create ours --file app=app.bin --file os=rtos.bin --root ours.pb --key targets_key
    cmp ours bundle.pb
}

@test "pigweed: several keys, -o, versions" {
    local name
    for name in a b c d; do
        ok generate-key "$name"
    done
    ok create-root-metadata --version 5 --append-root-key a.pub --append-root-key b.pub \
        --append-targets-key c.pub --append-targets-key d.pub -o root.pb
    ok inspect-root-metadata root.pb --json
    [ "$(jq -c '[.version, .thresholds.root, .thresholds.targets, (.keys | length)]' <<<"$output")" = '[5,1,1,4]' ]
    ok create-empty-bundle --target-metadata-version 7 bundle.pb
    ok inspect-bundle --json bundle.pb
    [ "$(jq .targets_metadata.version <<<"$output")" = 7 ]
    ok create-empty-bundle default.pb
    ok inspect-bundle --json default.pb
    [ "$(jq .targets_metadata.version <<<"$output")" = 1 ]
}

@test "pigweed: a target is named by its file without directory and last extension" {
    mkdir dir
    ok create-empty-bundle b
    printf 1 >dir/one.tar.gz
    printf 2 >dir/.hidden
    printf 3 >dir/three.
    printf 4 >plain
    ok add-file-to-bundle --bundle b --file dir/one.tar.gz
    ok add-file-to-bundle --bundle b --file dir/.hidden
    ok add-file-to-bundle --bundle b --file dir/three.
    ok add-file-to-bundle --bundle b --file plain
    ok inspect-bundle --json b
    [ "$(jq -c '[.targets_metadata.targets[].name]' <<<"$output")" = '["one.tar",".hidden","three.","plain"]' ]
}

@test "pigweed: two files that would share a name are refused" {
    printf text >rtos.txt
    ok create-empty-bundle b
    ok add-file-to-bundle --bundle b --file rtos.bin
    refused duplicate-target add-file-to-bundle --bundle b --file rtos.txt
    ok add-file-to-bundle --bundle b --file rtos.txt --new-name text
}

@test "pigweed: adding a file drops stale signatures; adding a root keeps good ones" {
    make_bundle
    ok generate-key other
    ok add-root-metadata-to-bundle --append-root-metadata root_metadata.pb --bundle bundle.pb
    ok verify-bundle --bundle bundle.pb --trusted-root-metadata root_metadata.pb
    ok add-file-to-bundle --bundle bundle.pb --file app.bin --new-name more
    says "dropped 1 signature"
    refused unsigned verify-bundle --bundle bundle.pb --trusted-root-metadata root_metadata.pb
}

@test "pigweed: refuses what its tools let pass" {
    make_bundle
    # The root key, or a stranger's, on a bundle.
    refused below-threshold sign-bundle --bundle bundle.pb --key root_key
    # An old key is never overwritten, and a new one is its owner's alone.
    exits 1 generate-key root_key
    [ "$(mode_of root_key)" = 600 ]
    # A failure isn't exit status 0.
    exits 1 inspect-bundle absent
    exits 1 sign-bundle --bundle absent --key targets_key
    exits 1 add-file-to-bundle --bundle bundle.pb --file absent
    refused shared-key create-root-metadata --append-root-key root_key.pub --append-targets-key root_key.pub -o x.pb
    # Signing twice doesn't make two signatures.
    cp bundle.pb before
    ok sign-bundle --bundle bundle.pb --key targets_key
    cmp bundle.pb before
}

@test "pigweed: keys and bundles that its tools made work here" {
    # Made with Python's cryptography, as its generate-key does: PKCS#8 without encryption, readable by all.
    cp "$vectors/keys/root1.pem" root_key
    cp "$vectors/keys/root1.pub.pem" root_key.pub
    chmod 644 root_key
    ok create-root-metadata --append-root-key root_key.pub --append-targets-key "$vectors/keys/targets1.pub.pem" --out root.pb
    ok sign-root-metadata --root-metadata root.pb --root-key root_key
    says "warning: root_key: others may read this private key"
    ok verify-bundle --bundle "$vectors/bundles/g12_root_rotation.pb" --trusted-root-metadata "$vectors/roots/v1.pb"
    # Pigweed's order, root last: changed, it comes in ours, and is as good.
    cp "$vectors/bundles/g02_with_root_same.pb" theirs
    chmod +w theirs
    ok sign-bundle --bundle theirs --key "$vectors/keys/targets1.pem"
    ok verify-bundle --bundle theirs --trusted-root-metadata "$vectors/roots/v1.pb"
}

@test "pigweed: usage errors" {
    exits 2 create-root-metadata --append-root-key a.pub --append-targets-key b.pub
    says "--out OUT is missing"
    exits 2 sign-bundle --bundle b
    exits 2 add-file-to-bundle --bundle b
    exits 2 verify-bundle --bundle b
    exits 2 create-empty-bundle
    exits 2 create-empty-bundle b --targets-version 3
    exits 2 generate-keys x
    says "unknown command generate-keys; generate-key?"
}
