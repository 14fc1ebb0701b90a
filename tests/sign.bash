# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2120
# A signing service for scenarios: key process, judges and front, as their programs, with keys of the test's own. Sourced by
# sign.bats and signer-http.bats after slipway.bash and token.bash.

origin=signer.example/lamp

# sign_setup: keys, policy and settings of a service in the working directory; nothing runs yet.
sign_setup() {
    bin=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}
    [ -x "$bin/slipway-signer-keys" ] || skip "the signing service isn't built"
    token_setup
    token_make lamp
    local name
    for name in one two ada ben eve ci lab test root; do
        "$slipway" key generate "$name" >/dev/null 2>&1 || return 1
    done
    "$slipway" key generate log --type ed25519 >/dev/null 2>&1
    "$slipway" key generate "$(token_uri lamp prod)" -o prod.pub >/dev/null 2>&1 || return 1
    ssh-keygen -q -t ed25519 -N '' -C '' -f eve-ssh
    log=$(node "$source_dir/tests/signer/policy.mjs" vkey "$origin" 1 log.pub)
    sign_policy
    sign_settings
    sign_bundles
}

# sign_policy [JQ-FILTER]: writes and signs the policy; the filter changes it.
sign_policy() {
    jq -n --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{
        version: 1, issued: $now, loosening_delay_s: 3600,
        administrators: {threshold: 2, keys: {one: {file: "one.pub"}, two: {file: "two.pub"}}},
        people: {ada: {keys: [{file: "ada.pub"}]}, ben: {keys: [{file: "ben.pub"}]}, eve: {keys: [{file: "eve-ssh.pub"}]}},
        machines: {ci: {keys: [{file: "ci.pub"}]}, lab: {keys: [{file: "lab.pub"}]}},
        keys: {
            "lamp-test": {key: {file: "test.pub"}, class: "test", use: "targets", product: "lamp"},
            "lamp-prod": {key: {file: "prod.pub"}, class: "prod", use: "targets", product: "lamp"},
            "lamp-root": {key: {file: "root.pub"}, class: "test", use: "root", product: "lamp"}},
        rules: [
            {product: "lamp", class: "test", use: "targets", requesters: ["ada", "ci"]},
            {product: "lamp", class: "test", use: "root", requesters: ["ada"]},
            {product: "lamp", class: "prod", use: "targets", channels: ["stable"], requesters: ["ada"],
             builders: [{machine: "ci", id: "https://ci.example/prod", build_type: "https://ci.example/make/v1",
                         source: "git+https://git.example/lamp", parameters: {}}],
             build_types: ["user"], tests: [{suite: "system", machines: ["lab"]}],
             approvals: {count: 2, people: ["ada", "ben", "eve"]}}]
    } | '"${1:-.}" >policy.json
    node "$source_dir/tests/signer/policy.mjs" policy "$origin" policy.json one two >policy.envelope
}

# Settings of key process, front and client, and what the service is initialized with.
sign_settings() {
    printf '[front]\nsocket = %s/signer.sock\n%s\n' "$PWD" "${1:-}" >front.conf
    jq -n --arg here "$PWD" --arg bin "$bin" --arg origin "$origin" --arg softhsm "$softhsm" \
        --arg prod "$(token_uri lamp prod)" '{
        state: ($here + "/state"), origin: $origin, log_key: {key: ($here + "/log")},
        keys: {"lamp-test": {key: ($here + "/test")}, "lamp-root": {key: ($here + "/root")},
               "lamp-prod": {key: $prod}},
        "module": $softhsm, sessions: 2, threads: 2, token_paths: [$here + "/token"],
        front: {program: ($bin + "/slipway-signer"), settings: ($here + "/front.conf")},
        judge: {program: ($bin + "/slipway-signer-judge")}
    }' >keys.json
    cat >sign.conf <<END
[sign]
signer = unix:$PWD/signer.sock
log = $log
requester-key = $PWD/ada
END
}

# Bundles to be signed: test.bundle at once, prod.bundle when all that the policy wants is there.
sign_bundles() {
    head -c 5000 /dev/urandom >app.bin
    local class
    for class in test prod; do
        "$slipway" root create -o $class-root --root-key root.pub --targets-key $class.pub --key-class $class \
            --expires 90d || return 1
        "$slipway" root sign $class-root --key root 2>/dev/null || return 1
        sign_bundle $class.bundle $class 1 || return 1
    done
}

# sign_bundle FILE test|prod VERSION [OPTION…]: an unsigned bundle, and what was said of it.
sign_bundle() {
    local file=$1 class=$2 version=$3
    shift 3
    "$slipway" bundle create "$file" --file app=app.bin --root "$class-root" --targets-version "$version" \
        --product lamp --hardware lamp-1 --build-type user --expires 60d "$@" || return 1
    "$slipway" build endorse "$file" --key ci --builder-id https://ci.example/prod --build-type https://ci.example/make/v1 \
        --source git+https://git.example/lamp || return 1
    "$slipway" build test-result "$file" --key lab --suite system --result passed
}

# Starts the service, and waits until it answers.
sign_start() {
    [ -e state ] || "$bin/slipway-signer-keys" init --config keys.json --administrators policy.envelope || return 1
    "$bin/slipway-signer-keys" run --config keys.json >keys.out 2>keys.err </dev/null 3>&- &
    keys_pid=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [ "$(curl -s --unix-socket signer.sock http://signer/v1/health 2>/dev/null)" != '{"state":"ready"}' ] || return 0
        kill -0 "$keys_pid" 2>/dev/null || break
        sleep 0.05
    done
    echo "the signing service doesn't start"
    cat keys.err
    return 1
}

sign_stop() {
    [ -n "${keys_pid:-}" ] || return 0
    kill "$keys_pid" 2>/dev/null || true
    wait "$keys_pid" 2>/dev/null || true
    keys_pid=
}

# submits STATUS FILE OPTION…: `slipway sign submit` must exit with STATUS; the request's id is in $id.
submits() {
    local status=$1
    shift
    exits "$status" sign submit --config sign.conf "$@" || return 1
    id=$output
}

# waits_for ID STATE: until the request is there; fails when it doesn't get there.
waits_for() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        ok sign show "$1" --config sign.conf --json || return 1
        [ "$(jq -r .state <<<"$output")" != "$2" ] || return 0
        sleep 0.05
    done
    echo "never $2: $output"
    return 1
}

# An authority, a server's certificate for 127.0.0.1, ada's, and a stranger's by itself.
sign_certificates() {
    local new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    openssl req -x509 "${new[@]}" -subj /CN=authority -days 9 -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -x509 "${new[@]}" -subj /CN=stranger -days 9 -keyout stranger.key -out stranger.pem 2>/dev/null
    echo 'subjectAltName=IP:127.0.0.1' >server.ext
    echo 'extendedKeyUsage=clientAuth' >ada.ext
    local name
    for name in server ada; do
        openssl req "${new[@]}" -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
        openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 5 -extfile "$name.ext" \
            -out "$name.pem" 2>/dev/null || return 1
    done
}
