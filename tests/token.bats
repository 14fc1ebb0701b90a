#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# Keys in security tokens at the command line: wherever a key file is named, a pkcs11 URI will do.

load slipway.bash
load token.bash

setup() {
    slipway_setup
    token_setup
    token_make prod
}

# token_keys: root key r and targets key t in the token, their public halves in r.pub and t.pub.
token_keys() {
    local name
    for name in r t; do
        ok key generate "$(token_uri prod $name)" -o $name.pub
    done
}

@test "a pair is made in the token, and shown as what it is" {
    ok key generate "$(token_uri prod lamp)" -o lamp.pub
    prints "type: p256"
    prints "could leave the token: no"
    [[ $output != *pin* ]]
    id=$("$slipway" key show --json lamp.pub | jq -r .key_id)
    ok key show --json "$(token_uri prod lamp)"
    [ "$(jq -r .key_id <<<"$output")" = "$id" ]
    [ "$(jq -r .exportable <<<"$output")" = false ]
    [ "$(jq -r .private <<<"$output")" = true ]
    # The URI that it shows names the key again, without where its PIN is.
    uri=$(jq -r .uri <<<"$output")
    ok key show --passphrase-file token/prod.pin "$uri"
    exits 1 key show "$uri"
    says "wants a PIN"
}

@test "OpenSC sees the key as private, sensitive and not extractable" {
    ok key generate --type ed25519 "$(token_uri prod e)" -o e.pub
    ok key generate "$(token_uri prod p)" -o p.pub
    pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234 --list-objects --type privkey >objects
    [ "$(grep -c 'Access: .*sensitive.*never extractable, local' objects)" = 2 ]
    pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234 --read-object --type pubkey --label p -o p.der
    openssl pkey -pubin -inform DER -in p.der | cmp - p.pub
}

@test "keys that OpenSC made are used, and told to be exportable where they are" {
    pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234 --keypairgen --key-type EC:prime256v1 \
        --label hard --id 01 --usage-sign >/dev/null
    pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234 --keypairgen --key-type EC:prime256v1 \
        --label soft --id 02 --usage-sign --extractable >/dev/null
    pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234 --keypairgen --key-type EC:secp384r1 \
        --label other --id 03 --usage-sign >/dev/null
    ok key show "$(token_uri prod hard)"
    ok key show "$(token_uri prod soft)"
    prints "could leave the token: yes"
    exits 1 key show "$(token_uri prod other)"
    says "a key of another kind"
}

@test "a root and a bundle are signed with keys in a token, and verify" {
    token_keys
    ok root create -o root.pb --root-key r.pub --targets-key t.pub
    ok root sign root.pb --key "$(token_uri prod r)"
    head -c 5000 /dev/urandom >app.bin
    ok bundle create app.bundle --root root.pb --file app=app.bin --key "$(token_uri prod t)"
    ok bundle verify app.bundle --trusted-root root.pb
    ok bundle create other.bundle --root root.pb --file app=app.bin
    refused unsigned bundle verify other.bundle --trusted-root root.pb
    ok bundle sign other.bundle --key "$(token_uri prod t)"
    ok bundle verify other.bundle --trusted-root root.pb
    refused below-threshold bundle sign other.bundle --key "$(token_uri prod r)"
}

@test "a repository's roles are signed with keys in a token" {
    for name in root targets online; do
        ok key generate "$(token_uri prod $name)" -o $name.pub
    done
    export URI_ROOT URI_TARGETS
    URI_ROOT=$(token_uri prod root)
    URI_TARGETS=$(token_uri prod targets)
    ok repo init repo --root-key root.pub --targets-key targets.pub --online-key "$(token_uri prod online)"
    ok repo sign repo root --key "$URI_ROOT"
    ok repo sign repo targets --key "$URI_TARGETS"
    ok repo publish repo
    grep -q 'pkcs11:token=prod;object=online' repo/keys.conf
    ok repo check repo
}

@test "keys.conf takes a URI of any length, comments behind a blank, and no line that isn't a setting" {
    local pad name line
    for name in root targets online; do
        ok key generate "$(token_uri prod $name)" -o $name.pub
    done
    pad=$(printf '/.%.0s' $(seq 90))
    ok repo init repo --root-key root.pub --targets-key targets.pub \
        --online-key "pkcs11:token=prod;object=online?pin-source=file:$PWD/token$pad/prod.pin"
    ok repo sign repo root --key "$(token_uri prod root)"
    ok repo sign repo targets --key "$(token_uri prod targets)"
    ok repo publish repo
    cp repo/keys.conf good
    sed -i 's/^\(timestamp.*\)$/\1 ; the online key/' repo/keys.conf
    printf '  # more\n\n; and more\n' >>repo/keys.conf
    ok repo refresh repo
    for line in 'snapshot' '[keys' "snapshot = $(printf 'x%.0s' $(seq 5000))" 'snapshot = a\000b'; do
        # shellcheck disable=SC2059
        { cat good && printf "$line\n"; } >repo/keys.conf
        exits 1 repo refresh repo
        says "keys.conf: line"
    done
    printf '[locks]\nsnapshot = a\n' >repo/keys.conf
    exits 1 repo refresh repo
    says "unknown section"
}

@test "a wrong PIN is given once, however often the command is run" {
    faulty_setup
    ok key generate "$(token_uri prod lamp)"
    echo 9999 >wrong
    logins=$(faulty_get 15)
    exits 1 key show "$(token_uri prod lamp "$PWD/wrong")"
    says "refused the PIN"
    [ "$(faulty_get 15)" = $((logins + 1)) ]
    for _ in 1 2 3 4 5; do
        exits 1 key show "$(token_uri prod lamp "$PWD/wrong")"
        says "a wrong PIN was given since the last right one"
        exits 1 key show "$(token_uri prod lamp)"
    done
    [ "$(faulty_get 15)" = $((logins + 1)) ]
    ok key show --retry-pin "$(token_uri prod lamp)"
    ok key show "$(token_uri prod lamp)"
}

@test "a token that is away, or pulled while it signs, fails with a word and changes nothing" {
    token_keys
    ok root create -o root.pb --root-key r.pub --targets-key t.pub
    cp root.pb before.pb
    faulty_setup
    faulty_set 0 1 # away
    exits 1 root sign root.pb --key "$(token_uri prod r)"
    says "has no such token now"
    cmp root.pb before.pb
    faulty_set 0 0
    faulty_set 1 1  # C_Sign
    faulty_set 3 50 # CKR_DEVICE_REMOVED, always
    exits 1 root sign root.pb --key "$(token_uri prod r)"
    says "the token was removed"
    cmp root.pb before.pb
    faulty_set 1 0
    faulty_set 5 1 # one bit of the signature is wrong
    exits 1 root sign root.pb --key "$(token_uri prod r)"
    says "doesn't verify"
    cmp root.pb before.pb
    faulty_set 5 0
    ok root sign root.pb --key "$(token_uri prod r)"
    ok root verify root.pb
}

@test "PINs come from files, descriptors and credentials, never from the command line" {
    ok key generate "$(token_uri prod lamp)"
    exits 1 key show "pkcs11:token=prod;object=lamp?pin-value=1234"
    says "others can read command lines"
    status=0
    "$slipway" key show "pkcs11:token=prod;object=lamp?pin-source=fd:7" 7<token/prod.pin >shown || status=$?
    [ "$status" = 0 ]
    CREDENTIALS_DIRECTORY=$PWD/token ok key show "pkcs11:token=prod;object=lamp?pin-source=credential:prod.pin"
    ok key show --passphrase-file token/prod.pin "pkcs11:token=prod;object=lamp"
}

@test "a URI that isn't understood is refused, whatever a token would make of it" {
    local uri
    for uri in "pkcs11:token" "pkcs11:token=prod;token=prod;object=lamp" "pkcs11:token=prod;library-version=2" \
        "pkcs11:token=pr%0Aod" "pkcs11:token=prod;object=lamp?module-path=softhsm.so" "pkcs11:?module-name=softhsm"; do
        exits 1 key show "$uri"
        says "pkcs11 URI: "
    done
}

@test "two tokens of one label are told apart by their serials, or not used" {
    token_make prod
    exits 1 key show "$(token_uri prod lamp)"
    says "2 tokens fit it"
    serial=$(pkcs11-tool --module "$softhsm" --list-slots | sed -n 's/.*serial num *: *//p' | head -n 1)
    ok key generate "pkcs11:token=prod;serial=$serial;object=lamp?pin-source=file:$PWD/token/prod.pin"
    prints "serial=$serial"
}
