#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `slipway sign` against a signing service of the programs that people run: asking, approving, fetching, and what is refused.

load slipway.bash
load token.bash
load signer.bash
load sign.bash

setup() {
    slipway_setup
    sign_setup
    sign_start
}

teardown() {
    signer_stop
}

@test "a test bundle is signed at once, and verifies with its proof" {
    submits 0 test.bundle --key lamp-test --wait
    verifies test.bundle test
    ok sign show "$id" --config sign.conf --json
    [ "$(jq -r .state <<<"$output")" = signed ]
}

@test "the first one stays as it is with -o" {
    cp test.bundle before
    submits 0 test.bundle --key lamp-test --wait -o signed.bundle
    cmp test.bundle before
    verifies signed.bundle test
}

@test "a production bundle waits for two approvals, by a key of ours and by one of OpenSSH" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    prints "the first release of \"lamp\", class prod: none of the "
    prints "target \"app\": 5,000 bytes"
    says "approved; the request is waiting for: approved by 1 of 2 persons: ben"
    exits 7 sign fetch "$id" prod.bundle --config sign.conf
    ok sign approve "$id" --config sign.conf --ssh-key eve-ssh --yes
    grep -qE '^approved; the request is (signed now|waiting for: (being read and judged once more|witnesses))' stderr
    waits_for "$id" signed
    ok sign fetch "$id" prod.bundle --config sign.conf
    verifies prod.bundle prod
}

@test "an approver sees what differs from the last release of its class that the log proves" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    ok sign approve "$id" --config sign.conf --ssh-key eve-ssh --yes
    waits_for "$id" signed
    sign_bundle test.bundle test 7
    submits 0 test.bundle --key lamp-test --wait
    head -c 6000 /dev/urandom >app.bin
    echo 'Flickers less' >notes
    sign_bundle prod.bundle prod 2 --notes notes --urgency security --file extra=app.bin
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    prints "difference to release 1 of \"lamp\", class prod, entry "
    prints "~ targets version: 1 becomes 2"
    prints "~ urgency: none becomes security"
    prints '~ notes: "" becomes "Flickers less\x0a"'
    prints '~ target "app": 5,000 bytes becomes 6,000 bytes'
    prints '+ target "extra": 6,000 bytes'
}

@test "nobody approves by a log that isn't the service's" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    "$slipway" key generate other --type ed25519 2>/dev/null >/dev/null
    other=$(node "$source_dir/tests/signer/vkey.mjs" "$signer_origin" 1 other.pub)
    exits 3 sign approve "$id" --config sign.conf --log "$other" --approver-key ben.key --yes
    ok sign show "$id" --config sign.conf --json
    [ "$(jq '.approvals | length' <<<"$output")" = 0 ]
}

@test "an approval that nobody can be asked for isn't given" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    exits 2 sign approve "$id" --config sign.conf --approver-key ben.key
    says "--yes approves"
    exits 2 sign approve "$id" --config sign.conf --yes
    exits 2 sign approve "$id" --config sign.conf --yes --approver-key ben.key --ssh-key eve-ssh
    ok sign show "$id" --config sign.conf --json
    [ "$(jq '.approvals | length' <<<"$output")" = 0 ]
}

@test "an approval by somebody whom the policy doesn't name is refused" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    exits 7 sign approve "$id" --config sign.conf --approver-key lab.key --yes
    says "refused: "
    ssh-keygen -q -t ed25519 -N '' -C '' -f stranger
    exits 7 sign approve "$id" --config sign.conf --ssh-key stranger --yes
    says "refused: "
}

@test "a rejection ends the request, whoever else approves it" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    ok sign reject "$id" --config sign.conf --reason 'not on the old board' --approver-key ben.key
    waits_for "$id" refused
    [ "$(jq -r .reason <<<"$output")" = missing-approval ]
    exits 7 sign fetch "$id" prod.bundle --config sign.conf
    says "missing-approval"
}

@test "what the policy doesn't allow is refused by its reason" {
    submits 7 test.bundle --key lamp-none --wait
    says "refused: unknown-key"
    submits 7 test.bundle --key lamp-test --requester-key ben.key --wait
    says "refused: not-permitted"
    "$slipway" bundle create plain.bundle --file app=app.bin --root prod-root.root --product lamp --hardware lamp-1 \
        --build-type user --expires 60d
    submits 7 plain.bundle --key lamp-prod --channel stable --wait
    says "refused: wrong-builder"
}

@test "a stranger can't even stage a file" {
    "$slipway" key generate stranger 2>/dev/null >/dev/null
    exits 7 sign submit test.bundle --key lamp-test --config sign.conf --requester-key stranger
    says "refused: unsigned"
}

@test "a version is never signed twice with other content" {
    submits 0 test.bundle --key lamp-test --wait
    head -c 4000 /dev/urandom >app.bin
    sign_bundle other.bundle test 1
    submits 7 other.bundle --key lamp-test --wait
    says "refused: version-taken"
}

@test "what was signed for one bundle goes into no other" {
    submits 0 test.bundle --key lamp-test --wait
    sign_bundle other.bundle test 2
    cp other.bundle before
    exits 3 sign fetch "$id" prod.bundle --config sign.conf
    says "below-threshold"
    refused bad-signature sign fetch "$id" other.bundle --config sign.conf
    says "not the key's over what was submitted"
    cmp other.bundle before
}

@test "nothing is written that a device's log wouldn't prove" {
    submits 0 test.bundle --key lamp-test --wait -o signed.bundle
    "$slipway" key generate other --type ed25519 2>/dev/null >/dev/null
    other=$(node "$source_dir/tests/signer/vkey.mjs" "$signer_origin" 1 other.pub)
    cp test.bundle before
    refused bad-proof sign fetch "$id" test.bundle --config sign.conf --log "$other"
    cmp test.bundle before
}

@test "a root is signed, and gets its signature" {
    "$slipway" key generate next 2>/dev/null >/dev/null
    ok root create -o next-root --root-key root.key.pub --targets-key next.pub --version 2 --key-class test --expires 90d
    submits 0 next-root --key lamp-root --operation root --wait
    ok root verify next-root --json
}

@test "an approver of a root sees it as a tree" {
    signer_stop
    mkdir other
    cd other
    sign_setup '.rules[2].approvals = {count: 1, people: ["ben"]}'
    sign_start
    "$slipway" key generate next 2>/dev/null >/dev/null
    ok root create -o next-root --root-key root.key.pub --targets-key next.pub --version 2 --key-class test --expires 90d
    submits 7 next-root --key lamp-root --operation root
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    prints "root version 2"
    prints "role targets: 1 of 1 key must sign"
    waits_for "$id" signed
    ok sign fetch "$id" next-root --config sign.conf
}

@test "an upload that was killed goes on where it was" {
    head -c 300000000 /dev/urandom >big.bin
    "$slipway" bundle create big.bundle --file app=big.bin --root test-root.root --product lamp --hardware lamp-1 \
        --build-type user --expires 60d
    "$slipway" sign submit big.bundle --key lamp-test --config sign.conf 3>&- >/dev/null 2>&1 &
    local client=$! tries
    for ((tries = 0; tries < 400; tries++)); do
        [ "$(cat state/staged/*.part 2>/dev/null | head -c 20000000 | wc -c)" -lt 20000000 ] || break
        sleep 0.02
    done
    kill -9 "$client"
    wait "$client" || true
    local there
    there=$(stat -c %s state/staged/*.part)
    [ "$there" -gt 0 ] && [ "$there" -lt 300000000 ]
    # Hashing reads all of it, uploading only what wasn't there.
    id=$(strace -e trace=pread64 -o reads "$slipway" sign submit big.bundle --key lamp-test --config sign.conf 2>stderr) || true
    local read
    read=$(sed -n 's/.* = \([0-9]*\)$/\1/p' reads | awk '{ sum += $1 } END { printf "%d", sum }')
    [ "$read" -lt $((600100000 - there)) ]
    waits_for "$id" signed
    ok sign fetch "$id" big.bundle --config sign.conf
    verifies big.bundle test
}

@test "requests outlive a key process that is killed" {
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    kill -9 "$signer_pid"
    wait "$signer_pid" || true
    sign_start
    waits_for "$id" waiting
    ok sign approve "$id" --config sign.conf --ssh-key eve-ssh --yes
    waits_for "$id" signed
    ok sign fetch "$id" prod.bundle --config sign.conf
    verifies prod.bundle prod
}

@test "administrators send the next policy, and nobody else does" {
    signer_policy ".version = 2 | .people.eve.keys = [$(signer_pem eve-ssh.pub)]
        | .keys[\"lamp-root\"] = {key: $(signer_pem root.key.pub), class: \"test\", use: \"root\", product: \"lamp\"}
        | .rules = [.rules[0]]"
    signer_policy_envelope admin1.key ada.key >few.envelope
    exits 7 sign send few.envelope --config sign.conf
    says "refused: "
    submits 0 test.bundle --key lamp-test --wait -o first.bundle
    signer_policy_envelope admin1.key admin2.key >policy.envelope
    ok sign send policy.envelope --config sign.conf --json
    [ "$(jq -r .state <<<"$output")" = received ]
    # It only tightens, so it is in force at once.
    sign_bundle second.bundle test 2
    submits 7 second.bundle --key lamp-test --wait
    says "refused: not-permitted"
    exits 1 sign send nothing --config sign.conf
    echo '{}' >no.envelope
    exits 7 sign send no.envelope --config sign.conf
}

@test "lists are pages, the newest first" {
    local i first
    for i in 1 2 3; do
        sign_bundle "$i.bundle" test "$i"
        submits 0 "$i.bundle" --key lamp-test --wait
        [ "$i" != 1 ] || first=$id
    done
    ok sign list --config sign.conf --json --limit 2
    [ "$(jq '.requests | length' <<<"$output")" = 2 ]
    [ "$(jq -r '.requests[0].id' <<<"$output")" = "$id" ]
    ok sign list --config sign.conf --json --limit 2 --after "$(jq -r .next <<<"$output")"
    [ "$(jq -r '.requests[0].id' <<<"$output")" = "$first" ]
    ok sign list --config sign.conf
    prints "$first signed sign-targets lamp version 1 by key lamp-test, asked for by ada"
}

@test "settings that make no sense are told" {
    echo 'colour = red' >>sign.conf
    exits 1 sign list --config sign.conf
    says "not a setting"
    exits 2 sign list --config /dev/null
    says "--signer is missing"
    exits 2 sign submit test.bundle --key lamp-test --config /dev/null --signer "unix:$PWD/signer.sock" --requester-key ada.key
    says "--log is missing"
    exits 2 sign show 12 --config /dev/null
    exits 1 sign list --config nothing
    exits 2 sign list --config /dev/null --signer ftp://x
}

@test "a service that is away is told by exit code 5" {
    signer_stop
    exits 5 sign list --config /dev/null --signer "unix:$PWD/nobody.sock"
}

@test "over HTTPS it takes a certificate of the service's authority" {
    signer_stop
    sign_certificates
    signer_front_settings=$(printf 'listen = 127.0.0.1:0\ntls-certificate = %s/server.pem\ntls-key = %s/server-tls.key\nclient-ca = %s/ca.pem' \
        "$PWD" "$PWD" "$PWD")
    signer_settings '.keys["lamp-root"] = {key: (.state[:-5] + "root.key")}'
    sign_start
    local url
    url=$(sed -n 's/^listening on \(https:.*\)/\1/p' signer.out)
    local tls=(--config sign.conf --signer "$url" --ca-file ca.pem)
    ok sign submit test.bundle --key lamp-test --wait "${tls[@]}" --certificate ada.pem --certificate-key ada-tls.key
    verifies test.bundle test
    exits 7 sign list "${tls[@]}"
    says "refused: not-permitted"
    exits 7 sign list "${tls[@]}" --certificate stranger.pem --certificate-key stranger-tls.key
    says "of an authority that isn't ours"
    exits 5 sign list --config sign.conf --signer "$url"
}

@test "a service is told of a repository's next roots, and takes no others" {
    exits 7 sign root root.key --product lamp --config sign.conf
    says "refused: no-trusted-root"
    signer_stop
    local name
    for name in one two three; do ok key generate "$name.key"; done
    ok repo init repo --root-key one.key.pub --targets-key three.key.pub --online-key three.key
    ok repo sign repo root --key one.key
    ok repo sign repo targets --key three.key
    ok repo publish repo
    ok repo rotate repo root --key two.key.pub --threshold 1
    ok repo sign repo root --key one.key --key two.key
    ok repo publish repo
    signer_settings '.keys["lamp-root"] = {key: (.state[:-5] + "root.key")}
        | .tuf_roots = {lamp: (.state[:-5] + "repo/metadata/1.root.json")}'
    sign_start
    ok sign root repo/metadata/1.root.json repo/metadata/2.root.json --product lamp --config sign.conf
    says "2.root.json: trusted"
    ok sign root repo/metadata/2.root.json --product lamp --config sign.conf --json
    exits 7 sign root repo/metadata/1.root.json --product lamp --config sign.conf
    says "refused: root-rollback"
    exits 7 sign root app.bin --product lamp --config sign.conf
    says "refused: malformed"
    ok audit verify state/log --log "$log_vkey" --state log.state
    ok audit show state/log --log "$log_vkey"
    [ "$(grep -c '  trusted-root  product lamp  version 1$' <<<"$output")" = 1 ]
    signer_stop
    # The settings go on to root 4 without root 3: an auditor takes the former from whoever knows it to be right.
    for name in one three; do
        ok repo rotate repo root --key two.key.pub --key "$name.key.pub" --threshold 1
        ok repo sign repo root --key two.key
        ok repo publish repo
    done
    signer_settings '.tuf_roots = {lamp: (.state[:-5] + "repo/metadata/4.root.json")}'
    sign_start
    exits 3 audit verify state/log --log "$log_vkey" --state log.state
    says "a root of the service's settings that doesn't follow: root 4 doesn't follow root 2, which is trusted"
    exits 3 audit monitor state/log --log "$log_vkey" --state log.state --once --tuf-root repo/metadata/3.root.json
    ok audit verify state/log --log "$log_vkey" --state log.state --tuf-root repo/metadata/4.root.json
    ok audit monitor state/log --log "$log_vkey" --state log.state --once
}
