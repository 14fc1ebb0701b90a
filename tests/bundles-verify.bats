#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway bundle verify and extract: options, files of the wrong kind, and that nothing unverified gets out.
# Reasons for refusal, one by one: bundle_verify_vectors.bats.

load slipway.bash

setup() {
    slipway_setup
    make_keys
    make_root
    printf 'application' >app.bin
    printf 'operating system' >rtos.bin
    ok bundle create b --file app=app.bin --file sub/rtos=rtos.bin --targets-version 2 --root root.pb --key t1
}

@test "bundle verify: says what it accepts, for people and for scripts" {
    ok bundle verify b --trusted-root root.pb
    prints "accepted: b: targets version 2, root version 1"
    prints "  app: 11 bytes, sha256 $(sha256sum app.bin | cut -d ' ' -f 1)"
    ok bundle verify --json --trusted-root=root.pb b
    [ "$(jq -r .verdict <<<"$output")" = accept ]
}

@test "bundle verify: no client of networks is loaded for it" {
    LD_DEBUG=files "$slipway" bundle verify b --trusted-root root.pb >out 2>libraries
    grep -q libcrypto libraries
    ! grep -q libcurl libraries
}

@test "bundle verify: tampered payload, wrong key, older version, one signature short: each for its reason" {
    sed 's/operating/Operating/' b >tampered
    refused wrong-hash bundle verify tampered --trusted-root root.pb
    says 'target "sub/rtos": '
    ok bundle create other --file app=app.bin --key t2
    refused below-threshold bundle verify other --trusted-root root.pb
    refused rollback bundle verify b --trusted-root root.pb --manifest "$vectors/manifests/v5_f2.pb"
    says "version 2 is below 5"
    ok root create -o two.pb --root-key r1.pub --targets-key t1.pub --targets-key t2.pub --targets-threshold 2
    ok bundle create short --file app=app.bin --key t1
    refused below-threshold bundle verify short --trusted-root two.pb
    says "1 of 2 signatures needed"
}

@test "bundle verify: unreadable, missing, truncated, huge and wrong files" {
    local size
    exits 1 bundle verify absent --trusted-root root.pb
    says "absent: No such file or directory"
    exits 1 bundle verify b --trusted-root absent
    says "absent: No such file or directory"
    exits 1 bundle verify . --trusted-root root.pb
    says ".: is a directory, not a regular file"
    exits 1 bundle verify b --trusted-root /dev/null
    exits 1 bundle verify b --trusted-root root.pb --manifest absent
    exits 1 bundle verify b --trusted-root root.pb --installed absent
    says "--installed absent: No such file"
    exits 1 bundle verify b --trusted-root root.pb --installed app.bin
    says "app.bin: is a regular file, not a directory"
    refused no-trusted-root bundle verify b --trusted-root app.bin
    says "no-trusted-root: app.bin: "
    refused no-trusted-root bundle verify b --trusted-root app.bin --json
    [[ $(jq -r .detail <<<"$output") == 'app.bin: '* ]]
    refused no-trusted-root bundle extract b --dir extracted --trusted-root app.bin
    says "no-trusted-root: app.bin: "
    refused stored-state bundle verify b --trusted-root root.pb --manifest app.bin
    refused malformed bundle verify app.bin --trusted-root root.pb
    for size in 1 50 200 "$(($(stat -c %s b) - 1))"; do
        head -c "$size" b >short
        exits 3 bundle verify short --trusted-root root.pb
    done
    truncate -s 8G huge
    refused malformed bundle verify huge --trusted-root root.pb
    truncate -s 1M root.big
    refused no-trusted-root bundle verify b --trusted-root root.big
}

@test "bundle verify: no verdict on stdout when there is none" {
    exits 1 bundle verify --json absent --trusted-root root.pb
    [ -z "$output" ]
    refused malformed bundle verify --json app.bin --trusted-root root.pb
    [ "$(jq -r .verdict <<<"$output")" = refuse ]
}

@test "bundle verify: what can't be printed is a failure" {
    run bash -c "'$slipway' bundle verify b --trusted-root root.pb >/dev/full"
    [ "$status" -eq 1 ]
}

@test "bundle verify: the time is the system's, or the one given, or there is none" {
    ok bundle create old --file app=app.bin --key t1 --expires 2020-01-01T00:00:00Z
    refused expired bundle verify old --trusted-root root.pb
    refused expired bundle verify old --trusted-root root.pb --time 2020-01-01T00:00:00Z
    ok bundle verify old --trusted-root root.pb --time 2019-12-31T23:59:59Z
    ok bundle verify old --trusted-root root.pb --no-clock
    ok bundle create soon --file app=app.bin --key t1 --expires 1h
    ok bundle verify soon --trusted-root root.pb
    refused expired bundle verify soon --trusted-root root.pb --time 2h
    exits 2 bundle verify b --trusted-root root.pb --time 1h --no-clock
    exits 2 bundle verify b --trusted-root root.pb --time yesterday
}

@test "bundle verify: only for this hardware, product, class and build" {
    ok bundle create made --file app=app.bin --key t1 --hardware board-a --product lamp --build-type user
    ok bundle verify made --trusted-root root.pb --hardware board-a --product lamp --build-type user
    refused wrong-hardware bundle verify made --trusted-root root.pb --hardware board-b
    refused wrong-product bundle verify made --trusted-root root.pb --product lamps
    refused wrong-build-type bundle verify made --trusted-root root.pb --build-type dev
    refused wrong-build-type bundle verify b --trusted-root root.pb --build-type dev
    refused wrong-key-class bundle verify made --trusted-root root.pb --key-class dev
    exits 2 bundle verify made --trusted-root root.pb --key-class none
}

@test "bundle verify --installed: measures the images that the bundle leaves out" {
    cp "$vectors/bundles/g09_personalised_out_all.pb" left-out
    local name
    mkdir images
    refused missing-payload bundle verify left-out --trusted-root "$vectors/roots/v1.pb"
    refused missing-payload bundle verify left-out --trusted-root "$vectors/roots/v1.pb" --installed images
    # The images are in another bundle of the vectors.
    ok bundle extract "$vectors/bundles/g14_same_version.pb" --unverified --dir images
    ok bundle verify left-out --trusted-root "$vectors/roots/v1.pb" --installed images --json
    [ "$(jq '[.targets[].present] | any' <<<"$output")" = false ]
    for name in images/*; do
        printf x >>"$name"
    done
    refused missing-payload bundle verify left-out --trusted-root "$vectors/roots/v1.pb" --installed images
}

@test "bundle verify: follows a root through its history" {
    # Version 2 by r2 (and r1), version 3 by r3 (and r2): a device with version 1 needs both.
    ok root create -o v1.pb --root-key r1.pub --targets-key t1.pub
    ok root rotate v1.pb -o v2.pb --add-root-key r2.pub --remove-root-key r1.pub
    ok root sign v2.pb --key r1 --key r2
    ok root rotate v2.pb -o v3.pb --add-root-key r3.pub --remove-root-key r2.pub
    ok root sign v3.pb --key r2 --key r3
    ok bundle create without --file app=app.bin --key t1 --root v3.pb
    refused root-untrusted bundle verify without --trusted-root v1.pb
    ok bundle create with --file app=app.bin --key t1 --root v3.pb --root-history v2.pb --root-history v1.pb
    ok bundle verify with --trusted-root v1.pb --json
    [ "$(jq -c '[.root_version, .root_upgraded]' <<<"$output")" = '[3,true]' ]
    ok bundle verify with --trusted-root v3.pb --json
    [ "$(jq -c '[.root_version, .root_upgraded]' <<<"$output")" = '[3,false]' ]
    refused root-untrusted bundle verify with --trusted-root v1.pb --as-pigweed
}

@test "bundle extract: writes what was verified, and only that" {
    ok bundle extract b --dir out --trusted-root root.pb
    cmp out/app app.bin
    cmp out/sub/rtos rtos.bin
    [ "$(find out -type f | wc -l)" -eq 2 ]
    sed 's/operating/Operating/' b >tampered
    refused wrong-hash bundle extract tampered --dir no --trusted-root root.pb
    [ ! -e no ]
    refused root-replaced bundle extract b --dir no --trusted-root "$vectors/roots/v1.pb"
    [ ! -e no ]
    exits 4 bundle extract "$vectors/bundles/b57_expired_targets.pb" --dir no --trusted-root "$vectors/roots/v1.pb"
    ok bundle extract "$vectors/bundles/b57_expired_targets.pb" --dir no --trusted-root "$vectors/roots/v1.pb" --no-clock
}

@test "bundle extract: overwrites only when told" {
    mkdir out
    echo mine >out/app
    exits 1 bundle extract b --dir out --trusted-root root.pb
    says "out/app: exists already"
    [ "$(cat out/app)" = mine ]
    ok bundle extract b --dir out --trusted-root root.pb --force
    cmp out/app app.bin
}

@test "bundle extract: follows no symbolic link out of the directory" {
    mkdir out elsewhere
    ln -s ../elsewhere out/sub
    exits 1 bundle extract b --dir out --trusted-root root.pb --force
    [ -z "$(ls elsewhere)" ]
    rm -r out
    mkdir out
    echo theirs >elsewhere/app
    ln -s ../elsewhere/app out/app
    exits 1 bundle extract b --dir out --trusted-root root.pb --force
    says "is a symbolic link"
    [ "$(cat elsewhere/app)" = theirs ]
}

@test "bundle extract --unverified: takes unsigned bundles, never bad names" {
    ok bundle create unsigned --file app=app.bin
    ok bundle extract unsigned --dir out --unverified
    says "NOT verified"
    cmp out/app app.bin
    refused bad-name bundle extract "$vectors/bundles/b38_name_dotdot.pb" --dir names --unverified
    [ -z "$(ls names 2>/dev/null)" ]
    exits 2 bundle extract b --dir out2
    says "one of --trusted-root ROOT and --unverified is wanted"
    exits 2 bundle extract b --dir out2 --unverified --trusted-root root.pb
    exits 2 bundle extract b --trusted-root root.pb
    [ ! -e out2 ]
}

@test "bundle extract: says when a target is here only encoded" {
    refused unsupported-encoding bundle extract "$vectors/bundles/x081_enc_lz.pb" --dir out --trusted-root "$vectors/roots/v1.pb"
    [ -z "$(ls out)" ]
}

@test "bundle extract: a full disk leaves whole files or none" {
    head -c 1M /dev/zero >big
    ok bundle create large --file app=app.bin --file big=big --key t1
    run bash -c "ulimit -f 500; '$slipway' bundle extract large --dir out --trusted-root root.pb 2>&1"
    [ "$status" -eq 1 ]
    [[ $output == *"out/big: File too large"* ]]
    cmp out/app app.bin
    [ "$(ls -A out)" = app ]
}

@test "bundle verify --as-pigweed: what we write, its tools verify, as long as it keeps to what they know" {
    ok bundle verify b --trusted-root root.pb --as-pigweed
    ok bundle create named --file "$(printf '%033d' 0)=app.bin" --key t1
    refused too-large bundle verify named --trusted-root root.pb --as-pigweed
    says "Pigweed's verifiers: target"
    ok bundle create zero --file app=app.bin --targets-version 0 --key t1
    refused rollback bundle verify zero --trusted-root root.pb --as-pigweed
    ok root create -o ed.pb --root-key r1.pub --targets-key e1.pub
    ok bundle create ed --file app=app.bin --key e1
    refused bad-key bundle verify ed --trusted-root ed.pb --as-pigweed
    exits 3 bundle verify ed --trusted-root ed.pb --as-pigweed --json
    [ "$(jq -r '.verdict, .reason' <<<"$output" | tr '\n' ' ')" = "refuse bad-key " ]
    ok bundle verify ed --trusted-root ed.pb
}
