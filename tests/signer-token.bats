#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2119
# The signing service with a token that is pulled, fails, lies or is slow, while the service runs confined.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/token.bash
    . "$BATS_TEST_DIRNAME/token.bash"
    # shellcheck source=tests/signer.bash
    . "$BATS_TEST_DIRNAME/signer.bash"
    slipway_setup
    # Test bundles are signed by a key in the token too, so that nobody has to approve them.
    signer_setup
    ok key generate "$(token_uri lamp test)" -o test.key.pub --force
    signer_policy
    signer_policy_envelope admin1.key admin2.key >policy.envelope
    rm -r state
    faulty_setup
    signer_settings ".keys.\"lamp-test\".key = \"$(token_uri lamp test)\""
    "$signer_keys" init --config keys.conf --administrators policy.envelope
    log_vkey=$("$signer_keys" show --config keys.conf | jq -r .log)
    signer_start
}

teardown() { signer_stop; }

# submit VERSION STATUS [TIMEOUT]: asks for a test bundle to be signed; sign must end so. Its request is in $id.
submit() {
    signer_bundle "test$1.bundle" test "$1"
    sign submit "test$1.bundle" --key lamp-test --requester-key ci.key --wait --timeout "${3:-20s}"
    [ "$status" -eq "$2" ] || {
        echo "status $status $output"
        cat stderr signer.log
        return 1
    }
    id=$output
}

# signed VERSION: the request is signed by and by, and its bundle verifies with its proof.
signed() {
    signer_wait "$id" signed
    sign fetch "$id" "test$1.bundle"
    [ "$status" -eq 0 ]
    ok bundle verify "test$1.bundle" --trusted-root test-root.root --log "$log_vkey"
}

health() { curl -sS --unix-socket signer.sock http://signer/v1/health; }

# logged: how many signatures are in the log.
logged() {
    "$slipway" audit show state/log --log "$log_vkey" --json | grep -c '"kind":"signature"'
}

@test "a token that is pulled signs nothing, and what waits is signed when it is back" {
    submit 1 0
    [ "$(health)" = '{"state":"ready"}' ]
    faulty_set 0 1
    submit 2 7 1s
    [ "$(logged)" -eq 1 ]
    [ "$(health | jq -c '[.state, (.failed_keys[] | .key, .key_class, .reason)]')" = '["ready","lamp-test","test","token"]' ]
    faulty_set 0 0
    signed 2
    [ "$(health)" = '{"state":"ready"}' ]
    [ "$(logged)" -eq 2 ]
    [ "$(faulty_get 15)" -eq 2 ] # C_Login: at the start, and when it was back
    submit 3 0
    [ "$(faulty_get 15)" -eq 2 ]
}

@test "a token that is pulled in the middle of a signature, and is back at once" {
    faulty_set 1 1                            # C_Sign
    faulty_set 2 "$(faulty_get 13)"           # from the next one on
    faulty_set 3 50                           # CKR_DEVICE_REMOVED
    faulty_set 4 1                            # once
    submit 1 0
    [ "$(logged)" -eq 1 ]
    [ "$(faulty_get 15)" -eq 2 ]
}

@test "a token that fails, or lies about a signature: nothing leaves, nothing is logged as signed" {
    local fault former=
    for fault in '1 1' '5 1' '5 2' '5 4'; do
        faulty_set 3 6 # CKR_FUNCTION_FAILED
        # The next fault before the former ends: what waits would be signed in between.
        # shellcheck disable=SC2086
        faulty_set $fault
        [ -z "$former" ] || [ "$former" = "${fault% *}" ] || faulty_set "$former" 0
        former=${fault% *}
        submit "${fault/ /}" 7 1s
        sign show "$id"
        [[ $output != *"state: signed"* ]]
        sign fetch "$id" "test${fault/ /}.bundle"
        [ "$status" -ne 0 ]
        [ "$(logged)" -eq 0 ]
    done
    faulty_set "$former" 0
    signed "${fault/ /}"
    kill -0 "$signer_pid"
}

@test "a PIN that was changed while the token was away is tried once, however many ask" {
    submit 1 0
    faulty_set 0 1
    submit 2 7 1s
    faulty_set 1 3   # C_Login
    faulty_set 3 160 # CKR_PIN_INCORRECT
    faulty_set 0 0
    submit 3 7 1s
    submit 4 7 1s
    [ "$(faulty_get 15)" -eq 2 ]
    [ "$(logged)" -eq 1 ]
}

@test "killed while a slow token signs, it signs what was asked for, once" {
    faulty_set 7 3000 # ms
    submit 1 7 1s
    signer_stop KILL
    faulty_set 7 0
    signer_start
    signed 1
    [ "$(logged)" -eq 1 ]
}

@test "a slow token keeps nobody from asking" {
    faulty_set 7 3000
    submit 1 7 1s
    before=$(date +%s%N)
    sign list
    [ "$status" -eq 0 ]
    [ $((($(date +%s%N) - before) / 1000000)) -lt 1500 ]
    faulty_set 7 0
    signed 1
}
