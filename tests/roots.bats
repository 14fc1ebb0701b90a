#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway root: making, signing, rotating and judging roots, on one machine or several.

load slipway.bash

setup() {
    slipway_setup
    make_keys
}

key_id() {
    "$slipway" key show --json "$1" | jq -r .key_id
}

# flip FILE OFFSET: another byte there, whatever it was.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "root create: names the keys, their roles and thresholds" {
    ok root create -o root.pb --root-key r1.pub --root-key r2.pub --targets-key t1.pub --targets-key e1.pub \
        --root-threshold 2 --version 7 --key-class prod --expires 2099-01-31T00:00:00Z
    ok root inspect root.pb --json
    [ "$(jq -r '.version, .key_class, .expires, .expired, .thresholds.root, .thresholds.targets' <<<"$output" | tr '\n' ' ')" = \
        "7 prod 2099-01-31T00:00:00Z false 2 1 " ]
    [ "$(jq -r '.keys | length' <<<"$output")" = 4 ]
    [ "$(jq -r --arg id "$(key_id e1)" '.keys[] | select(.key_id == $id) | .type, .roles[]' <<<"$output" | tr '\n' ' ')" = \
        "ed25519 targets " ]
    [ "$(jq -r '.signatures | length' <<<"$output")" = 0 ]
    ok root inspect root.pb
    prints "role root: 2 of 2 keys must sign"
    prints "unsigned"
}

@test "root create: protoc reads it as the schema has it" {
    make_root --key-class dev
    protoc --proto_path="$source_dir/spec" --decode=pw.software_update.SignedRootMetadata slipway.proto <root.pb >signed.txt
    grep -q '^serialized_root_metadata' signed.txt
    [ "$(grep -c '^signatures' signed.txt)" = 1 ]
    serialized_of root.pb | protoc --proto_path="$source_dir/spec" --decode=pw.software_update.RootMetadata slipway.proto >root.txt
    grep -q 'role: "root"' root.txt
    grep -q 'version: 1' root.txt
    [ "$(grep -c 'key_type: ECDSA_SHA2_NISTP256' root.txt)" = 2 ]
    grep -q 'key_class:.*DEV' root.txt
}

# Field 1 of a signed message: tag, a length of two bytes, and so many bytes.
serialized_of() {
    local low high
    low=$(od -An -tu1 -j 1 -N 1 "$1")
    high=$(od -An -tu1 -j 2 -N 1 "$1")
    tail -c +4 "$1" | head -c $(((low & 127) + high * 128))
}

@test "root create: the signature is by the key, over the serialized metadata, as OpenSSL judges it" {
    make_root
    serialized_of root.pb >message
    tail -c 64 root.pb >raw
    # r and s as OpenSSL wants them: an ASN.1 sequence of two integers.
    integer() {
        tail -c +"$1" raw | head -c 32 >half
        echo "INTEGER:0x$(od -An -v -tx1 half | tr -d ' \n')"
    }
    printf 'asn1=SEQUENCE:sig\n[sig]\nr=%s\ns=%s\n' "$(integer 1)" "$(integer 33)" >sig.cnf
    openssl asn1parse -genconf sig.cnf -noout -out sig.der
    openssl dgst -sha256 -verify r1.pub -signature sig.der message
}

@test "root create: refuses a threshold above what devices take in signatures" {
    local i keys=()
    for ((i = 0; i < 33; i++)); do
        ok key generate "many-$i"
        keys+=(--targets-key "many-$i.pub")
    done
    refused bad-threshold root create -o root.pb --root-key r1.pub "${keys[@]}" --targets-threshold 33
    says "devices take up to 32 signatures"
    [ ! -e root.pb ]
    ok root create -o root.pb --root-key r1.pub "${keys[@]}" --targets-threshold 32
    refused bad-threshold root rotate root.pb -o new.pb --targets-threshold 33
}

@test "root create: refuses what no device would take" {
    refused shared-key root create -o root.pb --root-key r1.pub --targets-key r1.pub
    refused bad-threshold root create -o root.pb --root-key r1.pub --targets-key t1.pub --root-threshold 2
    refused bad-threshold root create -o root.pb --root-key r1.pub --targets-key t1.pub --targets-threshold 0
    exits 2 root create -o root.pb --root-key r1.pub --root-key r1.pub --targets-key t1.pub
    says "has this key already"
    exits 2 root create -o root.pb --root-key r1.pub
    says "--targets-key PUB is missing"
    exits 2 root create -o root.pb --root-key r1.pub --targets-key t1.pub --version 4294967296
    exits 2 root create -o root.pb --root-key r1.pub --targets-key t1.pub --expires tomorrow
    exits 1 root create -o root.pb --root-key r1 --targets-key t1.pub
    says "r1.pub"
    exits 1 root create -o root.pb --root-key absent --targets-key t1.pub
    [ ! -e root.pb ]
}

@test "root create: never overwrites unless told" {
    make_root
    cp root.pb before
    exits 1 root create -o root.pb --root-key r2.pub --targets-key t1.pub
    says "root.pb: exists already (--force replaces it)"
    cmp root.pb before
    ok root create -o root.pb --root-key r2.pub --targets-key t1.pub --force
    differs root.pb before
}

@test "root create and sign: the same twice, byte for byte" {
    make_root --expires 2099-01-01T00:00:00Z
    cp root.pb first
    ok root create -o root.pb --force --root-key r1.pub --targets-key t1.pub --expires 2099-01-01T00:00:00Z
    ok root sign root.pb --key r1
    cmp root.pb first
}

@test "root sign: several signers one after the other" {
    ok root create -o root.pb --root-key r1.pub --root-key r2.pub --root-threshold 2 --targets-key t1.pub
    refused unsigned root verify root.pb
    ok root sign root.pb --key r1
    says "1 of 2 signatures"
    refused root-self-unsigned root verify root.pb
    says "1 of 2 signatures needed"
    ok root sign root.pb --key r2
    ok root verify root.pb
    prints "accepted: root.pb: root version 1"
}

@test "root sign: the same key again replaces its signature" {
    make_root
    cp root.pb before
    ok root sign root.pb --key r1
    cmp root.pb before
}

@test "root sign: detached signatures, added elsewhere" {
    local root
    ok root create -o root.pb --root-key r1.pub --root-key r2.pub --root-threshold 2 --targets-key t1.pub
    cp root.pb before
    mkdir a b
    for root in a b; do
        cp root.pb "$root/root.pb"
    done
    ok root sign a/root.pb --key r1 --signature-only a.sig
    ok root sign b/root.pb --key r2 --signature-only b.sig
    cmp a/root.pb before
    exits 1 root sign root.pb --key r2 --signature-only b.sig
    says "b.sig: exists already"
    ok root add-signature root.pb a.sig b.sig
    ok root verify root.pb
    # The order of signing is the only difference.
    cp before root.pb
    ok root sign root.pb --key r1 --key r2
    cp root.pb both
    cp before root.pb
    ok root add-signature root.pb a.sig b.sig
    cmp root.pb both
}

@test "root add-signature: refuses signatures over something else and files that hold none" {
    make_root
    ok root create -o other.pb --root-key r1.pub --targets-key t2.pub
    ok root sign other.pb --key r1 --signature-only other.sig
    cp root.pb before
    refused below-threshold root add-signature root.pb other.sig
    says "isn't over this metadata"
    refused unsigned root add-signature root.pb /dev/null
    refused malformed root add-signature root.pb r1.pub
    exits 1 root add-signature root.pb absent
    exits 2 root add-signature root.pb
    cmp root.pb before
}

@test "root rotate: a new targets key, followed by who trusts the old root" {
    make_root
    ok root rotate root.pb -o new.pb --remove-targets-key t1.pub --add-targets-key t2.pub
    refused unsigned root verify new.pb --trusted-root root.pb
    ok root sign new.pb --key r1
    ok root verify new.pb --trusted-root root.pb
    ok root inspect new.pb --json
    [ "$(jq .version <<<"$output")" = 2 ]
    [ "$(jq -r '.keys[] | select(.roles == ["targets"]) | .key_id' <<<"$output")" = "$(key_id t2)" ]
    refused root-rollback root verify root.pb --trusted-root new.pb
    ok root verify root.pb --trusted-root root.pb
}

@test "root rotate: a new root key needs the old one's word, and its own" {
    make_root
    ok root rotate root.pb -o new.pb --remove-root-key "$(key_id r1)" --add-root-key r2.pub
    ok root sign new.pb --key r2
    refused root-untrusted root verify new.pb --trusted-root root.pb
    says "0 of 1 signatures needed"
    ok root rotate root.pb -o other.pb --remove-root-key r1.pub --add-root-key r2.pub
    ok root sign other.pb --key r1
    says "isn't a root key of this root"
    refused root-self-unsigned root verify other.pb --trusted-root root.pb
    ok root sign other.pb --key r2
    ok root verify other.pb --trusted-root root.pb
}

@test "root rotate: keeps what isn't changed, and the class for ever" {
    make_root --key-class prod --expires 2099-01-01T00:00:00Z
    ok root rotate root.pb -o new.pb --add-targets-key t2.pub --targets-threshold 2
    ok root sign new.pb --key r1
    ok root inspect new.pb --json
    [ "$(jq -r '.key_class, .expires, .thresholds.targets' <<<"$output" | tr '\n' ' ')" = "prod 2099-01-01T00:00:00Z 2 " ]
    ok root verify new.pb --trusted-root root.pb
    ok root create -o dev.pb --version 2 --key-class dev --root-key r1.pub --targets-key t1.pub
    ok root sign dev.pb --key r1
    refused root-class root verify dev.pb --trusted-root root.pb
}

@test "root rotate: refuses nonsense" {
    make_root
    refused bad-threshold root rotate root.pb -o new.pb --remove-targets-key t1.pub
    refused shared-key root rotate root.pb -o new.pb --add-targets-key r1.pub
    exits 2 root rotate root.pb -o new.pb --remove-root-key t1.pub
    says "doesn't have this key"
    exits 2 root rotate root.pb -o new.pb --add-root-key r1.pub
    exits 1 root rotate root.pb -o new.pb --remove-root-key 1234
    exits 1 root rotate root.pb -o root.pb --add-root-key r2.pub
    [ ! -e new.pb ]
}

@test "root verify: another root of the same version is no successor" {
    make_root
    ok root create -o same.pb --root-key r1.pub --targets-key t2.pub
    ok root sign same.pb --key r1
    refused root-replaced root verify same.pb --trusted-root root.pb
}

@test "root verify: expiry alone has an exit status of its own" {
    ok root create -o old.pb --root-key r1.pub --targets-key t1.pub --expires 2001-01-01T00:00:00Z
    ok root sign old.pb --key r1
    refused expired root verify old.pb
    exits 4 root verify old.pb --json
    [ "$(jq -r '.verdict, .reason, .role' <<<"$output" | tr '\n' ' ')" = "refuse expired root " ]
    ok root inspect old.pb
    prints "expired 2001-01-01T00:00:00Z"
}

@test "root inspect: shows who signed and whether it is good" {
    make_root
    ok root sign root.pb --key t1
    ok root sign root.pb --key r2
    ok root inspect root.pb
    prints "$(key_id r1): good"
    prints "$(key_id t1): good, but by a key of another role"
    prints "$(key_id r2): by a key that this root doesn't have"
    prints "signatures: 1 good of 1 needed"
    flip root.pb $(($(stat -c %s root.pb) - 210))
    ok root inspect root.pb
    prints ": BAD"
    ok root inspect --json root.pb
    [ "$(jq '[.signatures[] | select(.good == true)] | length' <<<"$output")" -lt 2 ]
}

@test "root inspect: draws a tree that a terminal without UTF-8 shows too" {
    make_root
    output=$(LC_ALL=C "$slipway" root inspect root.pb)
    prints "|- role root: 1 of 1 key must sign"
    prints "\`- signatures"
    output=$(LC_ALL=C.UTF-8 "$slipway" root inspect root.pb)
    prints "├─ role root: 1 of 1 key must sign"
    prints "└─ signatures"
}

@test "root inspect: says when devices would refuse it" {
    # A root of the vectors with one key in both roles.
    "$slipway" bundle inspect "$vectors/bundles/b75_same_key_root_and_targets.pb" >text
    grep -q 'would be refused: shared-key' text
}

@test "root commands: unreadable, missing, empty, truncated, huge and wrong files" {
    local verb
    make_root
    head -c 100 root.pb >short.pb
    : >empty.pb
    head -c 2000 /dev/urandom >random.pb
    truncate -s 1M huge.pb
    for verb in inspect verify; do
        exits 1 root "$verb" absent.pb
        says "absent.pb: No such file"
        exits 1 root "$verb" .
        refused malformed root "$verb" short.pb
        refused malformed root "$verb" random.pb
    done
    refused malformed root inspect empty.pb
    refused too-large root inspect huge.pb
    exits 3 root sign short.pb --key r1
    exits 1 root verify root.pb --trusted-root absent.pb
    refused no-trusted-root root verify root.pb --trusted-root random.pb
    refused no-trusted-root root verify root.pb --trusted-root empty.pb
    says "no-trusted-root: empty.pb: "
}

@test "root sign: a full disk leaves the root as it was" {
    make_root
    cp root.pb before
    run bash -c "ulimit -f 0; '$slipway' root sign root.pb --key r1 2>&1"
    [ "$status" -eq 1 ]
    cmp root.pb before
}

@test "signers at the same moment lose nobody's signature" {
    local i
    for i in 1 2 3 4 5 6; do ok key generate "k$i"; done
    ok key generate t
    ok root create -o root.pb --root-key k1.pub --root-key k2.pub --root-key k3.pub --root-key k4.pub --root-key k5.pub \
        --root-key k6.pub --targets-key t.pub --root-threshold 6
    for i in 1 2 3 4 5 6; do "$slipway" root sign root.pb --key "k$i" 2>/dev/null 3>&- & done
    wait
    ok root verify root.pb
    ok bundle create b --file "app=$slipway" --root root.pb
    ok key generate u
    for i in t u; do "$slipway" bundle sign b --key "$i" --any-key 2>/dev/null 3>&- & done
    wait
    ok bundle inspect b --json
    [ "$(jq '.targets_metadata.signatures | length' <<<"$output")" = 2 ]
}
