# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# A whole signing service for scenarios: keys in a SoftHSM token, a policy signed by administrators, the key process with
# its judge and front on a local socket. Source tests/slipway.bash and tests/token.bash first.
#
#     slipway_setup && signer_setup && signer_start
#     sign submit app.bundle --key lamp-prod --requester-key ci.key --channel stable
#     signer_stop                                     (in teardown too)
#
# The current directory gets: ada, ben, eve, ci, lab, admin1, admin2 (.key, .key.pub), root keys (prod-root.key,
# test-root.key), public keys of the service (prod.pub, test.key.pub), log.key, policy.json, policy.envelope, keys.conf,
# front.conf, state/ and, while it runs, signer.sock.

signer_origin=signer.example/lamp

# signer_pem FILE: the text of a file as a JSON string.
signer_pem() { jq -Rs . <"$1"; }

# signer_policy [JQ-FILTER]: writes policy.json, changed by the filter.
signer_policy() {
    jq -n --argjson admin1 "$(signer_pem admin1.key.pub)" --argjson admin2 "$(signer_pem admin2.key.pub)" \
        --argjson ada "$(signer_pem ada.key.pub)" --argjson ben "$(signer_pem ben.key.pub)" \
        --argjson eve "$(signer_pem eve.key.pub)" --argjson ci "$(signer_pem ci.key.pub)" \
        --argjson lab "$(signer_pem lab.key.pub)" --argjson prod "$(signer_pem prod.pub)" \
        --argjson test "$(signer_pem test.key.pub)" '{
        version: 1, issued: "2026-01-01T00:00:00Z",
        administrators: {threshold: 2, keys: {one: $admin1, two: $admin2}},
        people: {ada: {keys: [$ada]}, ben: {keys: [$ben]}, eve: {keys: [$eve]}},
        machines: {ci: {keys: [$ci]}, lab: {keys: [$lab]}},
        loosening_delay_s: 3600,
        keys: {"lamp-prod": {key: $prod, class: "prod", use: "targets", product: "lamp"},
               "lamp-test": {key: $test, class: "test", use: "targets", product: "lamp"}},
        rules: [{product: "lamp", class: "prod", use: "targets", channels: ["stable"], requesters: ["ada", "ci"],
                 builders: [{machine: "ci", id: "https://ci.example/lamp", build_type: "https://ci.example/type",
                             source: "git+https://git.example/lamp", parameters: {}}],
                 build_types: ["user"], tests: [{suite: "system", machines: ["lab"]}],
                 approvals: {count: 2, people: ["ada", "ben", "eve"]}},
                {product: "lamp", class: "test", use: "targets", requesters: ["ada", "ci"]}]}' |
        jq "${1:-.}" >policy.json
}

# signer_envelope PREDICATE-TYPE SUBJECT-NAME SUBJECT-DIGEST PREDICATE-FILE KEY…: prints a DSSE envelope, made by jq and
# openssl, which share no code with what reads it.
signer_envelope() {
    local type=application/vnd.in-toto+json payload signatures='[]' key
    payload=$(jq -cj --arg type "$1" --arg name "$2" --arg digest "$3" '{"_type": "https://in-toto.io/Statement/v1",
        subject: [({name: $name} | select(.name != "") // {}) + {digest: {sha256: $digest}}], predicateType: $type,
        predicate: .}' "$4")
    for key in "${@:5}"; do
        signatures=$(printf 'DSSEv1 %d %s %d %s' "${#type}" "$type" "$(printf %s "$payload" | wc -c)" "$payload" |
            openssl dgst -sha256 -sign "$key" | base64 -w0 | jq -Rc --argjson others "$signatures" '$others + [{sig: .}]')
    done
    jq -cn --arg payload "$(printf %s "$payload" | base64 -w0)" --arg type "$type" --argjson signatures "$signatures" \
        '{payload: $payload, payloadType: $type, signatures: $signatures}'
}

# signer_policy_envelope KEY…: prints policy.json signed by these.
signer_policy_envelope() {
    signer_envelope urn:slipway:policy:v1 "$signer_origin" "$(printf %s "$signer_origin" | sha256sum | cut -c 1-64)" \
        policy.json "$@"
}

# signer_settings [JQ-FILTER]: writes keys.conf and front.conf.
signer_settings() {
    local bin=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}
    printf '[front]\nsocket = %s/signer.sock\n%s\n' "$PWD" "${signer_front_settings:-}" >front.conf
    jq -n --arg here "$PWD" --arg bin "$bin" --arg origin "$signer_origin" --arg library "$SLIPWAY_PKCS11_MODULE" \
        --arg prod "$(token_uri lamp prod)" --arg user "${signer_user:-}" '{
        state: ($here + "/state"), origin: $origin, log_key: {key: ($here + "/log.key")},
        keys: {"lamp-prod": {key: $prod}, "lamp-test": {key: ($here + "/test.key")}},
        "module": $library, token_paths: [$here + "/token"],
        front: {program: ($bin + "/slipway-signer"), settings: ($here + "/front.conf")},
        judge: {program: ($bin + "/slipway-signer-judge")}}' |
        jq "${1:-.}" >keys.conf
}

# signer_setup [POLICY-FILTER [SETTINGS-FILTER [COMMAND]]]: everything up to a log with its first two entries; the command
# runs before that is made.
signer_setup() {
    signer_keys=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}/slipway-signer-keys
    # A sanitizer looks for leaks at the end by calls that a confined process gave up.
    ! is_sanitized "$signer_keys" || export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
    token_setup
    token_make lamp
    local name
    for name in ada ben eve ci lab admin1 admin2 prod-root test-root test; do
        ok key generate "$name.key"
    done
    ok key generate log.key --type ed25519
    ok key generate "$(token_uri lamp prod)" -o prod.pub
    signer_policy "${1:-.}"
    signer_policy_envelope admin1.key admin2.key >policy.envelope
    signer_settings "${2:-.}"
    ${3:-true}
    "$signer_keys" init --config keys.conf --administrators policy.envelope
    log_vkey=$("$signer_keys" show --config keys.conf | jq -r .log)
    export log_vkey
}

# signer_start: runs it until signer_stop; its words are in signer.log, its addresses in signer.out. Fails when it ends instead.
signer_start() {
    rm -f signer.sock
    "$signer_keys" run --config keys.conf >signer.out 2>>signer.log 3>&- &
    signer_pid=$!
    for _ in $(seq 200); do
        [ ! -S signer.sock ] || return 0
        kill -0 "$signer_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat signer.log
    return 1
}

# signer_stop [SIGNAL]
signer_stop() {
    [ -n "${signer_pid:-}" ] || return 0
    kill "-${1:-TERM}" "$signer_pid" 2>/dev/null || true
    wait "$signer_pid" 2>/dev/null || true
    signer_pid=
}

# sign VERB ARGUMENT…: slipway sign, on the service's socket; sets output and status.
sign() {
    status=0
    output=$("$slipway" sign "$1" "${@:2}" --signer "unix:$PWD/signer.sock" --log "$log_vkey" 2>stderr </dev/null) ||
        status=$?
}

# signer_wait ID STATE: until a request has come so far.
signer_wait() {
    for _ in $(seq 200); do
        sign show "$1"
        [[ $output != *"state: $2"* ]] || return 0
        sleep 0.05
    done
    echo "$output"
    return 1
}

# signer_bundle NAME CLASS VERSION [TEXT]: a bundle of class prod or test, endorsed by ci and tested by lab.
signer_bundle() {
    local key=$2.pub
    [ "$2" = prod ] || key=test.key.pub
    if [ ! -e "$2-root.root" ]; then
        ok root create -o "$2-root.root" --root-key "$2-root.key.pub" --targets-key "$key" --key-class "$2"
        ok root sign "$2-root.root" --key "$2-root.key"
    fi
    echo "${4:-an image of version $3}" >image
    ok bundle create "$1" --file app=image --root "$2-root.root" --targets-version "$3" --product lamp --build-type user \
        --force
    ok build endorse "$1" --key ci.key --builder-id https://ci.example/lamp --build-type https://ci.example/type \
        --source git+https://git.example/lamp
    ok build test-result "$1" --key lab.key --suite system --result passed
}
