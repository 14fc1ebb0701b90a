#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A release is added to a production role of a repository: by a key in a token, once somebody approved it for the channel,
# and only the very bundle that the service signed.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/token.bash
    . "$BATS_TEST_DIRNAME/token.bash"
    # shellcheck source=tests/signer.bash
    . "$BATS_TEST_DIRNAME/signer.bash"
    slipway_setup
    signer_setup
    role_setup
    signer_start
    repository
    signed_bundle
}

teardown() { signer_stop; }

# The service once more from its beginning, with a key of the role lamp-stable in the token.
role_setup() {
    ok key generate "$(token_uri lamp role)" -o role.pub
    signer_policy ".keys += {\"lamp-role\": {key: $(signer_pem role.pub), class: \"prod\", use: \"role\", product: \"lamp\"}} |
        .rules += [{product: \"lamp\", class: \"prod\", use: \"role\", roles: [\"lamp-stable\"], channels: [\"stable\"],
                    requesters: [\"ada\"], approvals: {count: 1, people: [\"ben\"]}}]"
    signer_policy_envelope admin1.key admin2.key >policy.envelope
    signer_settings ".keys += {\"lamp-role\": {key: \"$(token_uri lamp role)\"}}"
    rm -rf state
    "$signer_keys" init --config keys.conf --administrators policy.envelope
}

repository() {
    local name
    for name in root targets online; do
        ok key generate "$name.key"
    done
    ok repo init repo --root-key root.key.pub --targets-key targets.key.pub --online-key online.key
    ok repo sign repo root --key root.key
    ok repo delegate repo lamp-stable --key role.pub --path 'lamp/stable/*'
    ok repo sign repo targets --key targets.key
    ok repo publish repo
    printf 'lamp-stable = signer:lamp-role ../role.pub\n' >>repo/keys.conf
    service=(--signer "unix:$PWD/signer.sock" --log "$log_vkey" --requester-key ada.key --timeout 2s)
}

# app.bundle: version 3, signed; unsigned.bundle: as it was before.
signed_bundle() {
    local id name
    signer_bundle app.bundle prod 3
    cp app.bundle unsigned.bundle
    sign submit app.bundle --key lamp-prod --channel stable --requester-key ci.key
    id=$output
    signer_wait "$id" waiting
    for name in ada ben; do
        sign approve "$id" --approver-key "$name.key" --yes
        [ "$status" -eq 0 ] || { cat stderr; false; }
    done
    signer_wait "$id" signed
    sign fetch "$id" app.bundle
    [ "$status" -eq 0 ]
}

# The request for the role that is open; its state.
role_request() {
    sign list --json
    jq -r '[.requests[] | select(.operation == "sign-role")][0].id' <<<"$output"
}

@test "the bundle that was signed is uploaded by whoever adds it, approved for the channel, and listed" {
    ok repo add repo app.bundle --channel stable --role lamp-stable "${service[@]}"
    id=$(role_request)
    signer_wait "$id" waiting
    [ -e "state/staged/$(sha256sum app.bundle | cut -c 1-64)" ]
    sign approve "$id" --approver-key ben.key --yes
    [ "$status" -eq 0 ] || { cat stderr; false; }
    signer_wait "$id" signed
    ok repo publish repo "${service[@]}"
    ok repo list --from repo --root repo/metadata/1.root.json --metadata-dir client --role lamp-stable
    prints lamp/stable/app.bundle
    signer_stop
    ok audit verify state/log --log "$log_vkey"
}

@test "another file of that version is refused, whatever it says of itself" {
    run "$slipway" repo add repo unsigned.bundle --channel stable --role lamp-stable "${service[@]}"
    id=$(role_request)
    signer_wait "$id" refused
    [[ $output == *below-threshold* ]]
    ok bundle verify app.bundle --trusted-root prod-root.root --log "$log_vkey"
    sign list --json
    [ "$(jq '[.requests[] | select(.operation == "sign-role" and .state != "refused")] | length' <<<"$output")" -eq 0 ]
}
