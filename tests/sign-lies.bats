#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `slipway sign` against a service that lies: what it says is changed on its way to the client, one thing at a time. Nothing
# may be approved that isn't what was shown, and nothing written that doesn't verify.

load slipway.bash
load token.bash
load signer.bash
load sign.bash

setup() {
    slipway_setup
    sign_setup
    sign_start
    lies '{"path": "^never$", "flip": 0}'
    node "$source_dir/tests/signer/liar.mjs" signer.sock liar.sock lie.json >liar.out 3>&- &
    liar_pid=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        grep -q ready liar.out && break
        sleep 0.05
    done
    liar=(--config sign.conf --signer "unix:$PWD/liar.sock")
}

teardown() {
    kill "${liar_pid:-}" 2>/dev/null || true
    signer_stop
}

# lies JSON: from now on.
lies() {
    echo "$1" >lie.new
    mv lie.new lie.json
}

# A production bundle that waits for approval, after a release of the product.
waiting_request() {
    submits 0 test.bundle --key lamp-test --wait
    sign_bundle prod.bundle prod 2
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
}

approvals_are() {
    ok sign show "$id" --config sign.conf --json
    [ "$(jq '.approvals | length' <<<"$output")" = "$1" ]
}

@test "the liar that tells the truth changes nothing" {
    waiting_request
    ok sign approve "$id" "${liar[@]}" --approver-key ben.key --yes
    approvals_are 1
}

@test "nothing is approved when metadata and what is said of them differ" {
    waiting_request
    local other=0000000000000000000000000000000000000000000000000000000000000000 lie
    for lie in '"path": "/metadata$", "flip": 30' '"path": "/metadata$", "cut": 1' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "targets_sha256", "value": "'$other'"' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "content_digest", "value": "'$other'"' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "content_digest"' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "key_id", "value": "12"' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "key_class", "value": "other"' \
        '"path": "^/v1/requests/[0-9a-f]*$", "member": "policy_version", "value": 0'; do
        lies "{$lie}"
        refused bad-statement sign approve "$id" "${liar[@]}" --approver-key ben.key --yes || {
            echo "$lie"
            return 1
        }
    done
    approvals_are 0
}

@test "an approval of what the service lies about isn't counted for anything else" {
    waiting_request
    local other=0000000000000000000000000000000000000000000000000000000000000000 lie
    for lie in '"member": "key_id", "value": "'$other'"' '"member": "key_class", "value": "test"' \
        '"member": "channel", "value": "beta"' '"member": "policy_version", "value": 9'; do
        lies "{\"path\": \"^/v1/requests/[0-9a-f]*$\", $lie}"
        exits 7 sign approve "$id" "${liar[@]}" --approver-key ben.key --yes || {
            echo "$lie"
            return 1
        }
    done
    approvals_are 0
}

@test "nothing is approved by a log that was changed" {
    waiting_request
    local lie
    for lie in '"path": "/log/checkpoint", "flip": 70' '"path": "/log/checkpoint", "cut": 20' \
        '"path": "/log/checkpoint", "status": 200, "text": "nothing"' \
        '"path": "/log/tile/entries", "flip": 300' '"path": "/log/tile/entries", "cut": 50'; do
        lies "{$lie}"
        exits 3 sign approve "$id" "${liar[@]}" --approver-key ben.key --yes || {
            echo "$lie"
            return 1
        }
    done
    lies '{"path": "/log/tile", "status": 404, "text": "{\"reason\":\"not-found\",\"detail\":\"away\"}"}'
    exits 1 sign approve "$id" "${liar[@]}" --approver-key ben.key --yes
    approvals_are 0
}

@test "the last release's metadata are those of the log, or somebody has to bring them" {
    waiting_request
    ok sign approve "$id" --config sign.conf --approver-key ben.key --yes
    ok sign approve "$id" --config sign.conf --ssh-key eve-ssh --yes
    waits_for "$id" signed
    cp prod.bundle last.bundle
    sign_bundle prod.bundle prod 3
    submits 7 prod.bundle --key lamp-prod --channel stable
    waits_for "$id" waiting
    # Whatever the service gives for the former release isn't it.
    lies '{"path": "^/v1/requests[?]", "member": "requests", "value": []}'
    exits 1 sign approve "$id" "${liar[@]}" --approver-key ben.key --yes
    says "doesn't have the metadata of release 2"
    refused wrong-hash sign approve "$id" "${liar[@]}" --approver-key ben.key --yes --previous prod.bundle
    approvals_are 0
    ok sign approve "$id" "${liar[@]}" --approver-key ben.key --yes --previous last.bundle
    prints 'difference to release 2 of "lamp"'
    approvals_are 1
}

@test "nothing is written when signature, proof or key aren't what they are said to be" {
    submits 0 test.bundle --key lamp-test --wait -o signed.bundle
    cp test.bundle before
    local other=0000000000000000000000000000000000000000000000000000000000000000
    lies '{"path": "/signature$", "flip": 9}'
    exits 3 sign fetch "$id" test.bundle "${liar[@]}"
    lies '{"path": "/signature$", "cut": 1}'
    exits 3 sign fetch "$id" test.bundle "${liar[@]}"
    lies '{"path": "/proof$", "flip": 60}'
    refused bad-proof sign fetch "$id" test.bundle "${liar[@]}"
    lies '{"path": "/proof$", "status": 200, "text": ""}'
    refused no-proof sign fetch "$id" test.bundle "${liar[@]}"
    lies '{"path": "^/v1/requests/[0-9a-f]*$", "member": "key_id", "value": "'$other'"}'
    refused below-threshold sign fetch "$id" test.bundle "${liar[@]}"
    cmp test.bundle before
}

@test "answers that aren't the service's are told" {
    submits 0 test.bundle --key lamp-test --wait -o signed.bundle
    local lie
    for lie in '"status": 200, "text": "[]"' '"status": 200, "text": "{\"state\":\"signed\"}"' '"status": 500, "text": "<p>"' \
        '"status": 302, "text": ""' '"member": "state", "value": "done"' '"member": "id"'; do
        lies "{\"path\": \"^/v1/requests/\", $lie}"
        exits 5 sign show "$id" "${liar[@]}" || {
            echo "$lie"
            return 1
        }
    done
    lies '{"path": "^/v1/requests/", "status": 200, "text": "\u001b[31m{"}'
    exits 5 sign show "$id" "${liar[@]}"
}
