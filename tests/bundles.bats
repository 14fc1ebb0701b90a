#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway bundle create, add, sign, add-signature, inspect: what is written, and what is refused when it is made.
# Verifying and extracting: bundles-verify.bats.

load slipway.bash

setup() {
    slipway_setup
    make_keys
    printf 'application' >app.bin
    printf 'operating system' >rtos.bin
}

key_id() {
    "$slipway" key show --json "$1" | jq -r .key_id
}

sha256_of() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# Numbers of the bundle's fields, in the order of the file.
fields_of() {
    protoc --decode_raw <"$1" | grep -oE '^[0-9]+' | tr '\n' ' '
}

@test "bundle create: what is listed is what the files are" {
    make_root
    ok bundle create b --file app=app.bin --file rtos=rtos.bin --targets-version 3 --key t1
    ok bundle verify b --trusted-root root.pb --json
    [ "$(jq -r '.verdict, .targets_version, .root_version, .root_upgraded' <<<"$output" | tr '\n' ' ')" = "accept 3 1 false " ]
    [ "$(jq -r '.targets[] | "\(.name) \(.length) \(.sha256) \(.present)"' <<<"$output")" = \
        "app 11 $(sha256_of app.bin) true
rtos 16 $(sha256_of rtos.bin) true" ]
}

@test "bundle create: root history, root, metadata, then payloads in listed order" {
    make_root
    ok root rotate root.pb -o root2.pb --add-targets-key t2.pub
    ok root sign root2.pb --key r1
    ok root rotate root2.pb -o root3.pb --add-targets-key t3.pub
    ok root sign root3.pb --key r1
    ok bundle create b --file zebra=app.bin --file app=rtos.bin --key t1 --root root3.pb \
        --root-history root2.pb --root-history root.pb
    [ "$(fields_of b)" = "1000 1000 5 3 4 4 " ]
    ok bundle inspect b --json
    [ "$(jq -c '[.root_history, .root.version, [.targets_metadata.targets[].name]]' <<<"$output")" = \
        '[[1,2],3,["zebra","app"]]' ]
    protoc --decode_raw <b | grep -A1 '^4 {' | grep -oE '1: ".*"' | tr '\n' ' ' | grep -qx '1: "zebra" 1: "app" '
}

@test "bundle create: every option arrives in its field, as the schema has it" {
    make_root
    printf 'Fixes the lamp.\n' >notes
    printf 'serial' >manifest
    ok bundle create b --file app=app.bin --targets-version 9 --expires 2099-01-31T00:00:00Z --product lamp \
        --hardware board-a --hardware board-b --release-version 1.2.3 --min-installed-version 4 --security-floor 5 \
        --urgency emergency --build-type user --notes notes --user-manifest manifest --key t1
    ok bundle inspect b --json
    jq -e '.targets_metadata | .version == 9 and .expires == "2099-01-31T00:00:00Z" and .product == "lamp"
        and .hardware_ids == ["board-a", "board-b"] and .release_version == "1.2.3" and .min_installed_version == 4
        and .security_floor == 5 and .urgency == "emergency" and .build_type == "user"
        and .release_notes == "Fixes the lamp.\n" and [.targets[].name] == ["app", "user_manifest"]' <<<"$output"
    protoc --proto_path="$source_dir/spec" --decode=pw.software_update.UpdateBundle slipway.proto <b >bundle.txt
    [ "$(grep -c '^target_payloads' bundle.txt)" = 2 ]
    # The signed metadata: the only field 1 of the value of the only field 3.
    ok bundle verify b --trusted-root root.pb --hardware board-b --product lamp --build-type user
    ok bundle inspect b
    prints 'urgency: emergency'
    prints 'for hardware "board-a", "board-b"'
    prints 'notes: "Fixes the lamp.\x0a"'
}

@test "bundle create: the same twice, byte for byte, P-256 and Ed25519" {
    local key
    for key in t1 e1; do
        ok bundle create "$key.first" --file app=app.bin --file rtos=rtos.bin --product lamp --key "$key"
        touch app.bin
        ok bundle create "$key.second" --file app=app.bin --file rtos=rtos.bin --product lamp --key "$key"
        cmp "$key.first" "$key.second"
    done
}

@test "bundle create: signing at once gives the bytes that signing later gives" {
    make_root
    ok bundle create once --file app=app.bin --root root.pb --key t1
    ok bundle create later --file app=app.bin --root root.pb
    says "unsigned"
    ok bundle sign later --key t1
    cmp once later
}

@test "bundle create: reads each payload once" {
    command -v strace >/dev/null || skip "no strace here"
    strace -f -o trace -e trace=openat,pread64,read "$slipway" bundle create -q b --file app=app.bin --key t1 ||
        skip "strace may not trace here"
    # Opened to look at its size, and opened to be read; only the second reads.
    local descriptor
    descriptor=$(grep 'openat.*"app.bin"' trace | tail -n 1 | grep -oE '[0-9]+$')
    [ "$(grep -c "pread64($descriptor, \"application" trace)" = 1 ]
}

@test "bundle create --dir: all files below it, sorted by bytes, wherever they came from" {
    mkdir -p one/sub one/sub-a two
    printf 1 >one/sub/x
    printf 2 >one/sub-a/y
    printf 3 >one/Z
    printf 4 >one/a
    cp -r one/a one/Z one/sub-a one/sub two
    ok bundle create b1 --dir one
    ok bundle create b2 --dir two/
    cmp b1 b2
    ok bundle inspect b1 --json
    [ "$(jq -c '[.targets_metadata.targets[].name]' <<<"$output")" = '["Z","a","sub-a/y","sub/x"]' ]
}

@test "bundle create --dir: takes nothing but regular files, and says what else there is" {
    mkdir d
    exits 1 bundle create b --dir absent
    says "absent: No such file"
    exits 1 bundle create b --dir app.bin
    says "app.bin: is a regular file; --dir wants a directory"
    ln -s ../app.bin d/link
    exits 1 bundle create b --dir d
    says "d/link: is a symbolic link; --dir takes regular files only"
    rm d/link
    mkfifo d/pipe
    exits 1 bundle create b --dir d
    says "d/pipe: is a pipe"
    rm d/pipe
    ok bundle create b --dir d
}

@test "bundle create: no file at all is fine, and so is an empty one" {
    make_root
    : >empty
    ok bundle create b --root root.pb --key t1
    ok bundle verify b --trusted-root root.pb
    ok bundle create b2 --file app=empty --key t1
    ok bundle verify b2 --trusted-root root.pb
    prints "app: 0 bytes"
}

@test "bundle create: takes no file whose size says less than it has" {
    exits 1 bundle create b --file app=/proc/version
    says "changed while it was being read"
    [ ! -e b ]
}

@test "bundle create: refuses what every device would refuse" {
    local name
    for name in '' . .. a/../b /a a//b 'a\b' a/ $'a\nb' $'a\x7f'; do
        refused bad-name bundle create b --file "$name=app.bin"
    done
    refused too-large bundle create b --file "$(printf '%065d' 0)=app.bin"
    says 'name "0000'
    ok bundle create good --file "$(printf '%064d' 0)=app.bin" --file "a b~..c=app.bin"
    refused malformed bundle create b --file $'a\xff=app.bin'
    says 'name "a\xff": isn'
    refused duplicate-target bundle create b --file app=app.bin --file app=rtos.bin
    refused duplicate-target bundle create b --file user_manifest=app.bin --user-manifest rtos.bin
    refused rollback bundle create b --file app=app.bin --targets-version 2 --security-floor 3
    head -c 1025 /dev/zero | tr '\0' x >notes
    refused too-large bundle create b --file app=app.bin --notes notes
    head -c 1024 notes >notes2
    ok bundle create good2 --file app=app.bin --notes notes2
    printf '\xff' >notes
    refused malformed bundle create b --file app=app.bin --notes notes
    refused malformed bundle create b --file app=app.bin --product $'\xff'
    [ ! -e b ]
}

@test "bundle create: takes 4,096 targets and refuses one more" {
    local i
    mkdir d
    for ((i = 0; i < 4096; i++)); do
        : >"d/$i"
    done
    ok bundle create b --dir d
    : >d/more
    refused too-large bundle create b2 --dir d
    [ ! -e b2 ]
}

@test "bundle create: usage errors" {
    exits 2 bundle create b --file app.bin
    says "NAME=PATH is wanted, such as app=app.bin"
    exits 2 bundle create b --file app=app.bin --targets-version -1
    exits 2 bundle create b --file app=app.bin --targets-version 4294967296
    exits 2 bundle create b --file app=app.bin --targets-version 1x
    exits 2 bundle create b --file app=app.bin --urgency high
    says "--urgency high: routine, recommended, security or emergency"
    exits 2 bundle create b --file app=app.bin --build-type release
    exits 2 bundle create b --file app=app.bin --expires 2099-02-30T00:00:00Z
    exits 2 bundle create b --root-history r1
    exits 2 bundle create --file app=app.bin
    exits 2 bundle create b c
    [ ! -e b ]
}

@test "bundle create: unreadable, missing and wrong files, by name and reason" {
    exits 1 bundle create b --file app=absent
    says "absent: No such file or directory"
    exits 1 bundle create b --file app=.
    says ".: is a directory, not a regular file"
    exits 1 bundle create b --file app=/dev/null
    says "/dev/null: is a device, not a regular file"
    mkfifo pipe
    exits 1 bundle create b --file app=pipe
    says "pipe: is a pipe, not a regular file"
    exits 1 bundle create b --file app=app.bin --key absent
    exits 1 bundle create b --file app=app.bin --key t1.pub
    says "a public key, where a private one is wanted"
    exits 1 bundle create b --file app=app.bin --root absent
    refused malformed bundle create b --file app=app.bin --root app.bin
    exits 1 bundle create b --file app=app.bin --notes absent
    exits 1 bundle create absent/b --file app=app.bin
    [ ! -e b ]
}

@test "bundle create: unreadable files" {
    [ "$(id -u)" -ne 0 ] || skip "root may read everything"
    chmod 0 app.bin
    exits 1 bundle create b --file app=app.bin
    says "app.bin: Permission denied"
}

@test "bundle create: root and history must make sense together" {
    make_root
    ok root rotate root.pb -o root2.pb --add-targets-key t2.pub
    refused malformed bundle create b --root root.pb --root-history root2.pb
    says "root history has version 2 before version 1"
    refused malformed bundle create b --root root2.pb --root-history root.pb --root-history root.pb
    [ ! -e b ]
}

@test "bundle create: replaces only when told, and only a whole bundle" {
    ok bundle create b --file app=app.bin
    cp b before
    exits 1 bundle create b --file app=rtos.bin
    says "b: exists already (--force replaces it)"
    exits 1 bundle create b --file app=rtos.bin --file rtos=absent --force
    cmp b before
    ok bundle create b --file app=rtos.bin --force
    differs b before
    mkdir d
    exits 1 bundle create d --file app=rtos.bin --force
    says "d: is a directory"
    exits 1 bundle create /dev/null --file app=rtos.bin --force
    [ -c /dev/null ]
}

@test "bundle create and sign: a full disk leaves what was there before" {
    head -c 1M /dev/zero >big
    run bash -c "ulimit -f 500; '$slipway' bundle create b --file app=big --key t1 2>&1"
    [ "$status" -eq 1 ]
    [[ $output == *"File too large"* ]]
    [ ! -e b ]
    ok bundle create b --file app=big
    cp b before
    run bash -c "ulimit -f 500; '$slipway' bundle sign b --key t1 2>&1"
    [ "$status" -eq 1 ]
    cmp b before
    run ls -A
    [[ $output != *slipway* ]]
}

# start_writing COMMAND…: runs slipway in the background until it has its output open and reads its payload; sets pid.
start_writing() {
    "$slipway" "$@" >out 2>stderr </dev/null 3>&- &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        # The output has no name yet.
        if find "/proc/$pid/fd" -lname '*(deleted)' 2>/dev/null | grep -q . && grep -qE '^rchar: [0-9]{8}' "/proc/$pid/io" 2>/dev/null; then
            return 0
        fi
    done
    echo "finished too early"
    cat stderr
    return 1
}

@test "bundle create: killed in the middle, it leaves nothing" {
    local signal
    truncate -s 2G big
    for signal in KILL TERM INT; do
        start_writing bundle create b --file app=big --key t1
        kill -STOP "$pid"
        kill "-$signal" "$pid"
        if [ "$signal" != KILL ]; then # which ends also what is stopped, and may have already
            kill -CONT "$pid"
        fi
        run wait "$pid"
        [ ! -e b ]
        run ls -A
        [[ $output != *slipway* ]]
    done
}

@test "bundle create: a payload that changes while it is read is no payload" {
    truncate -s 400M big
    start_writing bundle create b --file app=big --key t1
    kill -STOP "$pid" # so that it doesn't end meanwhile
    touch big
    kill -CONT "$pid"
    local status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    says "big: changed while it was being read"
    [ ! -e b ]
    start_writing bundle create b --file app=big --key t1
    kill -STOP "$pid"
    truncate -s 1M big
    kill -CONT "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    [ ! -e b ]
}

@test "bundle create, sign and verify: memory does not grow with the payloads" {
    if is_sanitized "$slipway"; then
        skip "a sanitized program reserves more addresses than the limit here"
    fi
    make_root
    truncate -s 100M big
    run bash -c "ulimit -v 60000; '$slipway' bundle create -q b --file app=big --root root.pb &&
        '$slipway' bundle sign -q b --key t1 && '$slipway' bundle verify b --trusted-root root.pb"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a progress bar on a terminal for what takes over a second, and nowhere else" {
    truncate -s 400M big
    (
        start_writing bundle create quiet --file app=big
        kill -STOP "$pid"
        sleep 1.2
        kill -CONT "$pid"
        wait "$pid"
    )
    [ "$(wc -l <stderr)" -eq 1 ]
    rm quiet
    TERM=xterm script -qefc "'$slipway' bundle create shown --file app=big" terminal >/dev/null 2>&1 </dev/null 3>&- &
    local outer=$! pid=
    while [ -z "$pid" ]; do
        pid=$(pgrep -f "^$slipway bundle create shown") || sleep 0.01
        kill -0 "$outer"
    done
    until find "/proc/$pid/fd" -lname '*(deleted)' 2>/dev/null | grep -q .; do
        kill -0 "$pid" # its output has no name yet: from then on its time counts
    done
    # script stops itself with its child, and wants to be continued too.
    kill -STOP "$pid"
    sleep 1.2
    while kill -CONT "$outer" "$pid" 2>/dev/null; do
        sleep 0.1
    done
    wait "$outer"
    grep -q 'writing .* % .* of 419 MB .*/s .* left' terminal
}

@test "bundle sign: several signers, one after the other" {
    ok root create -o root.pb --root-key r1.pub --targets-key t1.pub --targets-key t2.pub --targets-key e1.pub --targets-threshold 2
    ok bundle create b --file app=app.bin --root root.pb
    refused unsigned bundle verify b --trusted-root root.pb
    ok bundle sign b --key t1
    says "1 of 2 signatures by targets keys"
    refused below-threshold bundle verify b --trusted-root root.pb
    says "1 of 2 signatures needed"
    ok bundle sign b --key e1
    ok bundle verify b --trusted-root root.pb
    cp b before
    ok bundle sign b --key t1
    cmp b before
}

@test "bundle sign: detached signatures, made on other machines and added" {
    ok root create -o root.pb --root-key r1.pub --targets-key t1.pub --targets-key t2.pub --targets-threshold 2
    ok bundle create b --file app=app.bin --root root.pb
    cp b together
    cp b elsewhere
    ok bundle sign elsewhere --key t1 --signature-only t1.sig
    ok bundle sign elsewhere --key t2 --signature-only t2.sig
    cmp b elsewhere
    ok bundle add-signature b t1.sig t2.sig
    ok bundle verify b --trusted-root root.pb
    ok bundle sign together --key t1 --key t2
    cmp b together
    exits 1 bundle sign b --key t1 --signature-only t1.sig
    says "t1.sig: exists already"
}

@test "bundle sign: refuses a key that the bundle's root does not name" {
    make_root
    ok bundle create b --file app=app.bin --root root.pb
    cp b before
    refused below-threshold bundle sign b --key t2
    says "key $(key_id t2) isn't a targets key of the bundle's root"
    refused below-threshold bundle sign b --key r1
    cmp b before
    refused below-threshold bundle create c --file app=app.bin --root root.pb --key t2
    ok bundle sign b --key t2 --any-key
    refused below-threshold bundle verify b --trusted-root root.pb
}

@test "bundle sign: what it signs must be what the metadata lists" {
    make_root
    ok bundle create b --file app=app.bin
    sed 's/application/Application/' b >tampered
    cp tampered before
    refused wrong-hash bundle sign tampered --key t1
    says 'payload "app"'
    cmp tampered before
    cp "$vectors/bundles/b31_unlisted_payload.pb" unlisted
    refused unlisted-payload bundle sign unlisted --key t1 --any-key
    cp "$vectors/bundles/b22_bad_length.pb" length
    refused wrong-length bundle sign length --key t1 --any-key
    cp "$vectors/bundles/b91_no_targets_metadata.pb" none
    refused missing-targets bundle sign none --key t1 --any-key
    cp "$vectors/bundles/b38_name_dotdot.pb" name
    refused bad-name bundle sign name --key t1 --any-key
}

@test "bundle sign: leaves out what is installed already" {
    # One payload isn't in the bundle, and a device may have it.
    cp "$vectors/bundles/g08_personalised_out_one.pb" b
    chmod +w b
    ok bundle sign b --key "$vectors/keys/targets1.pem"
    ok bundle verify b --trusted-root "$vectors/roots/v1.pb" --manifest "$vectors/manifests/v1_f2.pb"
}

@test "bundle sign: the very bytes that the vectors have" {
    cp "$vectors/bundles/x258_own_plain.pb" b
    chmod +w b
    ok bundle sign b --key "$vectors/keys/targets1.pem"
    cmp b "$vectors/bundles/x258_own_plain.pb"
}

@test "bundle sign: keeps all else that is in the bundle, and its mode" {
    cp "$vectors/bundles/x072_all_fields.pb" b
    chmod 640 b
    ok bundle inspect b --json
    local before
    before=$(jq -c 'del(.size, .targets_metadata.signatures)' <<<"$output")
    ok bundle sign b --key t1 --any-key
    ok bundle inspect b --json
    [ "$(jq -c 'del(.size, .targets_metadata.signatures)' <<<"$output")" = "$before" ]
    [ "$(jq .endorsements <<<"$output")" = 2 ]
    [ "$(mode_of b)" = 640 ]
}

@test "bundle add-signature: refuses signatures over something else" {
    make_root
    ok bundle create b --file app=app.bin --root root.pb
    ok bundle create other --file app=rtos.bin --root root.pb
    ok bundle sign other --key t1 --signature-only other.sig
    cp b before
    refused below-threshold bundle add-signature b other.sig
    says "isn't over this metadata"
    ok bundle sign b --key t2 --any-key --signature-only t2.sig
    refused below-threshold bundle add-signature b t2.sig
    says "isn't by one of the root's targets keys"
    refused unsigned bundle add-signature b /dev/null
    refused malformed bundle add-signature b app.bin
    exits 1 bundle add-signature b absent
    cmp b before
}

@test "bundle add: files join behind the others, signatures are dropped, and it says so" {
    make_root
    ok bundle create b --file app=app.bin --product lamp --urgency security --key t1 --root root.pb
    ok bundle add b --file rtos=rtos.bin
    says "b: dropped 1 signature; sign it again"
    refused unsigned bundle verify b --trusted-root root.pb
    ok bundle sign b --key t1
    ok bundle verify b --trusted-root root.pb --json
    [ "$(jq -c '[.targets[] | [.name, .sha256]]' <<<"$output")" = \
        "[[\"app\",\"$(sha256_of app.bin)\"],[\"rtos\",\"$(sha256_of rtos.bin)\"]]" ]
    # The same as made at once.
    ok bundle create once --file app=app.bin --file rtos=rtos.bin --product lamp --urgency security --key t1 --root root.pb
    cmp b once
}

@test "bundle add: a root, in place of another" {
    make_root
    ok root rotate root.pb -o root2.pb --add-targets-key t2.pub
    ok root sign root2.pb --key r1
    ok bundle create b --file app=app.bin
    ok bundle add b --root root.pb
    ok bundle add b --root root2.pb
    ok bundle sign b --key t2
    ok bundle verify b --trusted-root root.pb --json
    [ "$(jq -c '[.root_version, .root_upgraded]' <<<"$output")" = '[2,true]' ]
}

@test "bundle add: refuses what every device would refuse, and leaves the bundle alone" {
    ok bundle create b --file app=app.bin --key t1
    cp b before
    refused duplicate-target bundle add b --file app=rtos.bin
    refused bad-name bundle add b --file ../x=rtos.bin
    exits 1 bundle add b --file rtos=absent
    exits 2 bundle add b
    refused malformed bundle add b --root app.bin
    exits 1 bundle add absent --file app=app.bin
    refused malformed bundle add app.bin --file app=app.bin
    cmp b before
}

@test "bundle inspect: shows who signed, and what could confuse a terminal is escaped" {
    make_root
    ok bundle create b --file app=app.bin --root root.pb --release-version $'1.0\e[2J' --key t1
    ok bundle sign b --key t2 --any-key
    ok bundle inspect b
    prints "$(key_id t1): good"
    prints "$(key_id t2): by a key that this root doesn't have"
    prints 'release "1.0\x1b[2J"'
    ok bundle create c --file app=app.bin --key t1
    ok bundle inspect c
    prints "no root here to check against"
    prints "no root"
}

@test "bundle inspect: shows encodings, slots, history, endorsements" {
    ok bundle inspect "$vectors/bundles/x087_enc_many_one_present.pb"
    prints 'lz, "'
    prints 'delta, "'
    prints 'not in this bundle'
    ok bundle inspect "$vectors/bundles/x100_climb_1_to_4.pb"
    prints "root history: version 2"
    prints "root history: version 3"
    prints "root version 4"
    ok bundle inspect "$vectors/bundles/x098_slot.pb"
    prints 'slot "'
    ok bundle inspect "$vectors/bundles/b31_unlisted_payload.pb"
    prints 'unlisted payload "'
    ok bundle inspect "$vectors/bundles/x087_enc_many_one_present.pb" --json
    [ "$(jq '[.targets_metadata.targets[].encodings // [] | .[]] | length' <<<"$output")" = 3 ]
}

@test "bundle inspect: shows or refuses every vector, and never fails otherwise" {
    local bundle status
    for bundle in "$vectors"/bundles/*.pb; do
        status=0
        "$slipway" bundle inspect "$bundle" >out 2>err || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || {
            echo "$bundle: $status"
            cat err
            false
        }
        status=0
        "$slipway" bundle inspect --json "$bundle" >out 2>err || status=$?
        [ "$status" -eq 3 ] || jq -e .size <out >/dev/null
    done
}
