#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway key: files that others read and write too, secrets that stay secret, and clear words for what is no key.

load slipway.bash

setup() {
    slipway_setup
}

@test "key generate: a private key for its owner alone, and a public one beside it" {
    ok key generate key
    [ "$(mode_of key)" = 600 ]
    [ "$(mode_of key.pub)" = 644 ]
    leaves_only key key.pub
    prints "type: p256"
    head -n 1 key | grep -qx -- '-----BEGIN PRIVATE KEY-----'
    head -n 1 key.pub | grep -qx -- '-----BEGIN PUBLIC KEY-----'
}

@test "key generate: the private key is never readable by others, not even while it is written" {
    umask 0
    ok key generate key
    [ "$(mode_of key)" = 600 ]
    printf old >key
    chmod 666 key
    ok key generate key --force
    [ "$(mode_of key)" = 600 ]
}

@test "key generate: never overwrites unless told" {
    ok key generate key
    cp key before
    exits 1 key generate key
    says "key: exists already"
    cmp key before
    rm key
    cp key.pub before
    exits 1 key generate key
    says "key.pub: exists already"
    cmp key.pub before
    [ ! -e key ]
    ok key generate key --force
    differs key.pub before
}

@test "key generate: OpenSSL reads both kinds, and they belong together" {
    local type
    for type in p256 ed25519; do
        ok key generate "$type" --type "$type"
        openssl pkey -in "$type" -pubout 2>/dev/null | cmp - "$type.pub"
        openssl pkey -in "$type" -check -noout
    done
    openssl pkey -in p256 -text -noout | grep -q 'ASN1 OID: prime256v1'
    openssl pkey -in ed25519 -text -noout | grep -q '^ED25519'
}

@test "key generate: a passphrase encrypts, and is wanted again" {
    echo 'open sesame' >secret
    ok key generate key --passphrase-file secret
    grep -q 'BEGIN ENCRYPTED PRIVATE KEY' key
    openssl pkey -in key -passin pass:'open sesame' -noout
    exits 1 key show key
    says "key: is encrypted; --passphrase-file"
    ok key show key --passphrase-file secret
    prints "holds: private key"
    echo wrong >secret
    exits 1 key show key --passphrase-file secret
    says "can't be decrypted with this passphrase"
    : >secret
    exits 1 key generate other --passphrase-file secret
    says "secret: its first line is empty"
    [ ! -e other ]
}

@test "key show: the same type and key id for both halves" {
    local type private
    for type in p256 ed25519; do
        ok key generate "$type" --type "$type"
        ok key show "$type"
        prints "holds: private key"
        private=$(grep 'key id' <<<"$output")
        ok key show "$type.pub"
        prints "holds: public key"
        prints "$private"
        prints "type: $type"
    done
}

@test "key show: the key id is SHA-256 over type, scheme and value" {
    local id
    ok key generate key
    openssl pkey -pubin -in key.pub -pubout -outform DER | tail -c 65 >value
    id=$( (printf '\x03\x03' && cat value) | sha256sum | cut -d ' ' -f 1)
    ok key show key.pub --json
    [ "$(jq -r .key_id <<<"$output")" = "$id" ]
    ok key generate ed --type ed25519
    openssl pkey -pubin -in ed.pub -pubout -outform DER | tail -c 32 >value
    id=$( (printf '\x02\x02' && cat value) | sha256sum | cut -d ' ' -f 1)
    ok key show ed --json
    [ "$(jq -r .key_id <<<"$output")" = "$id" ]
    [ "$(jq -r .private <<<"$output")" = true ]
}

@test "key show: the id that a key has in a TUF repository" {
    local type id
    for type in p256 ed25519; do
        ok key generate "$type" --type "$type"
        ok key show "$type.pub" --json
        id=$(jq -r .repository_key_id <<<"$output")
        ok key show "$type.pub"
        prints "key id in a TUF repository: $id"
        ok repo init "repo-$type" --root-key "$type.pub" --targets-key "$type.pub" --online-key "$type"
        [ "$(jq -r '.signed.keys | keys[0]' "repo-$type/staged/root.json")" = "$id" ]
    done
}

@test "key show: reads keys that others made" {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec 2>/dev/null
    openssl pkey -in ec -pubout -out ec.pub
    openssl pkey -in ec -pubout -ec_conv_form compressed -out compressed.pub
    ok key show ec
    local id=$output
    ok key show ec.pub
    [ "$(grep 'key id' <<<"$output")" = "$(grep 'key id' <<<"$id")" ]
    ok key show compressed.pub
    [ "$(grep 'key id' <<<"$output")" = "$(grep 'key id' <<<"$id")" ]
    ok key show "$vectors/keys/root1.pem"
    ok key show "$vectors/keys/edroot1.pub.pem"
}

@test "key show: says what a file is that holds no key of ours" {
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa 2>/dev/null
    exits 1 key show rsa
    says "rsa: a key of type RSA"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384 2>/dev/null
    exits 1 key show p384
    says "p384: an EC key on another curve"
    openssl ecparam -name prime256v1 -genkey -noout -out sec1
    exits 1 key show sec1
    says "sec1: holds an old-style EC key"
    openssl ecparam -name prime256v1 -genkey -out sec1
    exits 1 key show sec1
    says "sec1: holds an old-style EC key"
    openssl genpkey -algorithm ED25519 -outform DER -out der
    exits 1 key show der
    says "der: looks like DER"
    openssl genpkey -algorithm X25519 -out x25519
    exits 1 key show x25519
    says "x25519: a key of type X25519"
}

@test "key show: unreadable, missing, empty, truncated, huge and wrong files fail with a word" {
    exits 1 key show absent
    says "absent: No such file or directory"
    exits 1 key show .
    says ".: Is a directory"
    : >empty
    exits 1 key show empty
    says "empty: is empty"
    echo hello >text
    exits 1 key show text
    says "text: not a key file"
    ok key generate key
    head -c 100 key >short
    exits 1 key show short
    says "short: not a key file"
    head -c 100000 /dev/zero >huge
    exits 1 key show huge
    says "huge: too large for a key file"
    exits 1 key show /dev/zero
    says "/dev/zero: too large for a key file"
    head -c 1000 /dev/urandom >random
    exits 1 key show random
    cat key key >both
    exits 1 key show both
    says "both: holds more than one key"
}

@test "key generate: a directory that isn't there or can't be written leaves nothing" {
    exits 1 key generate absent/key
    says "absent/: No such file"
    exits 1 key generate /proc/key
    mkdir key
    exits 1 key generate key --force
    says "key: is a directory"
    leaves_only key
}

@test "a full disk leaves no key behind, and says so" {
    run bash -c "ulimit -f 0; '$slipway' key generate key 2>&1"
    [ "$status" -eq 1 ]
    [[ $output == *"File too large"* ]]
    run ls -A
    [ -z "$output" ]
}

@test "what can't be printed is a failure" {
    ok key generate key
    run bash -c "'$slipway' key show key >/dev/full"
    [ "$status" -eq 1 ]
    [[ $output == *"standard output: No space left on device"* ]]
}

@test "warns of a private key that others may read, and uses it" {
    ok key generate r
    ok key generate t
    chmod 644 r
    ok root create -o root.pb --root-key r.pub --targets-key t.pub
    ok root sign root.pb --key r
    says "warning: r: others may read this private key"
}

@test "usage: says what is wrong, what may have been meant, and exits 2" {
    exits 2
    says "which command?"
    exits 2 kye
    says "unknown command kye; key?"
    exits 2 key
    says "which verb"
    exits 2 key generte x
    says "slipway key has no generte; generate?"
    exits 2 key generate
    says "too few arguments"
    exits 2 key generate one two
    says "one argument too many: two"
    exits 2 key generate key --tpye p256
    says "unknown option --tpye; --type?"
    exits 2 key generate key --type
    says "--type needs a value"
    exits 2 key generate key --type rsa
    says "--type rsa: p256 or ed25519"
    exits 2 key generate key --type p256 --type p256
    says "--type was given twice"
    exits 2 key generate key --force=yes
    says "--force takes no value"
    exits 2 key generate key --color sometimes
    says "--color sometimes: auto, always or never"
    leaves_only
}

@test "options stand before or after, with = or a space, and -- ends them" {
    ok --json key generate --type=ed25519 a
    [ "$(jq -r .type <<<"$output")" = ed25519 ]
    ok key --quiet generate b --type ed25519
    [ ! -s stderr ]
    ok key generate -q -- --odd
    [ -f ./--odd ]
    ok key show -- --odd
}

@test "help: for the program, nouns and verbs, on stdout, exit 0" {
    ok --help
    prints "From nothing to a verified bundle"
    prints "Exit codes:"
    ok key --help
    prints "slipway key VERB"
    prints "generate"
    ok key generate --help
    prints "--passphrase-file FILE"
    prints "Examples:"
    [ ! -s stderr ]
    ok bundle verify -h
    prints "--as-pigweed"
    ok --version
    [[ $output =~ ^slipway\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "every command has help of its own" {
    local noun verb
    for noun in key root bundle build; do
        for verb in $("$slipway" "$noun" --help | sed -n '/^Verbs:/,/^$/p' | awk '/^  / { print $1 }'); do
            ok "$noun" "$verb" --help
            prints "slipway $noun $verb"
            prints "Usage:"
        done
    done
    for verb in $("$slipway" --help | sed -n '/^Pigweed/,/^$/p' | awk '/^  / { print $1 }'); do
        ok "$verb" --help
        prints "slipway $verb"
    done
}

@test "messages: no control sequences and no lines that a name brings along" {
    run "$slipway" root inspect $'no\e[2Jsuch\nslipway: all is well\xc2\x9b2Jkey'
    [ "$status" -ne 0 ]
    [[ $output != *$'\e'* && $output != *$'\xc2\x9b'* ]]
    [[ $output != *$'\n'slipway:\ all* ]]
    [[ $output == *'no\x1b[2Jsuch\x0aslipway: all is well\xc2\x9b2Jkey'* ]]
}

@test "colour only where it is wanted" {
    ok key generate r
    ok key generate t
    ok root create -o root.pb --root-key r.pub --targets-key t.pub
    ok root inspect root.pb
    [[ $output != *$'\e'* ]]
    ok root inspect root.pb --color always
    [[ $output == *$'\e[1m'* ]]
    ok root inspect root.pb --color=never
    [[ $output != *$'\e'* ]]
    run env TERM=xterm script -qec "'$slipway' root inspect root.pb" /dev/null
    [[ $output == *$'\e[1m'* ]]
    run env TERM=xterm NO_COLOR=1 script -qec "'$slipway' root inspect root.pb" /dev/null
    [[ $output != *$'\e[1m'* ]]
}
