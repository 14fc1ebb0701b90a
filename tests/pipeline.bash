# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# A whole delivery for scenarios: signing service, TUF repository, depot. Source slipway.bash, token.bash, signer.bash and
# depot.bash first.
#
#     slipway_setup && delivery_setup && delivery_start
#     make_build lamp.bundle "an image"; upload_build lamp.bundle      sets $build
#     entered "$build" production
#     delivery_stop                                                    (in teardown too)

# delivery_setup [POLICY-FILTER]: the policy has keys for the roles lamp-daily… and lamp-stable…; ada and ben approve.
delivery_setup() {
    local filter role
    ok key generate roles.key
    ok key generate daily.key
    filter='.machines.depot = {keys: [$depot]}
        | .keys["lamp-roles"] = {key: $roles, class: "dev", use: "role", product: "lamp"}
        | .rules[0].requesters += ["depot"] | .rules[0].channels += ["drill"]
        | .rules[0].approvals = {count: 1, people: ["ada", "ben"]}
        | .rules[1].requesters += ["depot"] | .rules[1].channels = ["daily"]
        | .rules += [{product: "lamp", class: "dev", use: "role", channels: ["daily", "stable", "drill"],
                      requesters: ["depot"], roles: [("daily", "stable", "drill") | "lamp-\(.)", "lamp-\(.)-rollout"]}]
        | .rules += [.rules[-1] | del(.channels)]'
    ok key generate depot.key
    signer_setup "$(printf '%s as $depot | %s as $roles | %s | %s' "$(signer_pem depot.key.pub)" \
        "$(signer_pem roles.key.pub)" "$filter" "${1:-.}")" ".keys[\"lamp-roles\"] = {key: \"$PWD/roles.key\"}"
    make_roots
    make_repository
    depot_setup "[signer]
url = unix:$PWD/signer.sock
log = $log_vkey
requester-key = $PWD/depot.key
keys.lamp-prod = $PWD/prod.pub
keys.lamp-test = $PWD/test.key.pub
roots.lamp-prod = $PWD/prod-root.root
roots.lamp-test = $PWD/test-root.root
[repository]
storage = dir:$PWD/repo
keys = $PWD/repo/keys.conf"
}

make_roots() {
    local class key
    for class in prod test; do
        key=$class.pub
        [ "$class" = prod ] || key=test.key.pub
        ok root create -o "$class-root.root" --root-key "$class-root.key.pub" --targets-key "$key" --key-class "$class"
        ok root sign "$class-root.root" --key "$class-root.key"
    done
}

make_repository() {
    local channel role
    for role in tuf-root tuf-targets online; do
        ok key generate "$role.key"
    done
    ok repo init repo --root-key tuf-root.key.pub --targets-key tuf-targets.key.pub --online-key online.key
    ok repo sign repo root --key tuf-root.key
    ok repo sign repo targets --key tuf-targets.key
    ok repo publish repo
    for role in lamp-{daily,stable,drill}{,-rollout}; do
        channel=${role#lamp-}
        ok repo delegate repo "$role" --key roles.key.pub --path "lamp/${channel%-rollout}/*"
    done
    ok repo sign repo targets --key tuf-targets.key
    ok repo publish repo
    sed -i 's|= .*/online.key|= online.key|' repo/keys.conf
    cp online.key repo/online.key
    for role in lamp-{daily,stable,drill}{,-rollout}; do
        printf '%s = signer:lamp-roles ../roles.key.pub\n' "$role" >>repo/keys.conf
    done
}

# pipeline [JQ-FILTER]: sets the product's pipeline.
pipeline() {
    answers 200 PUT /api/v1/products/lamp/pipeline "$(jq -n '{
        stages: {daily: {gates: [{endorsed: true}], channel: "daily", key: "lamp-test"},
                 candidate: {gates: [{test: "system"}]},
                 production: {gates: [{approvals: 1}, {signed: "lamp-prod"}], channel: "stable", key: "lamp-prod"}},
        emergency: {gates: [{approvals: 1}]}}' |
        jq -c "${1:-.}")"
}

delivery_start() {
    signer_start
    depot_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
}

delivery_stop() {
    depot_stop "$@"
    signer_stop "$@"
}

# person NAME ROLE…: makes somebody with these roles in lamp; their password is theirs to use by token: $NAME.token.
person() {
    local name=$1 roles admin=$depot_token
    shift
    roles=$(printf '%s\n' "$@" | jq -Rnc '[inputs | {product: "lamp", role: .}]')
    answers 201 POST /api/v1/people "{\"name\":\"$name\",\"kind\":\"person\",\"roles\":$roles}"
    local secret
    secret=$(jq -r .invitation <<<"$output")
    depot_token=
    answers 200 POST /api/v1/invitation "{\"secret\":\"$secret\",\"password\":\"the password of $name\"}"
    answers 200 POST /api/v1/session "{\"name\":\"$name\",\"password\":\"the password of $name\"}" -c "$name.jar"
    local csrf
    csrf=$(jq -r .csrf <<<"$output")
    answers 201 POST /api/v1/tokens "{\"title\":\"test\",\"roles\":$roles}" -b "$name.jar" -H "X-Slipway-CSRF: $csrf"
    jq -r .token <<<"$output" >"$name.token"
    depot_token=$admin
}

# as NAME COMMAND…: calls are theirs.
as() {
    local depot_token
    depot_token=$(cat "$1.token")
    "${@:2}"
}

digest() { sha256sum "$1" | cut -c 1-64; }

# upload FILE KIND: puts it into the depot and says what it is.
upload() {
    answers 201 PATCH "/api/v1/blobs/$(digest "$1")" '' --data-binary "@$1" -H 'Content-Type: application/octet-stream' \
        -H 'Upload-Offset: 0' -H "Upload-Length: $(stat -c %s "$1")"
    api POST /api/v1/products/lamp/artifacts "{\"kind\":\"$2\",\"blob\":\"$(digest "$1")\"}"
    [[ $status = 20[01] ]] || { echo "$status $output"; return 1; }
}

# make_build FILE TEXT [VERSION]: a bundle without root and signatures.
make_build() {
    echo "$2" >image
    ok bundle create "$1" --file app=image --targets-version "${3:-1}" --product lamp --build-type user --force
}

# upload_build FILE: sets build.
upload_build() {
    upload "$1" bundle
    build=$(jq -r .build.id <<<"$output")
    [ ${#build} -eq 64 ]
}

# endorse FILE: by ci; result FILE passed|failed: by lab. Both are uploaded.
endorse() {
    ok build endorse "$1" --key ci.key --builder-id https://ci.example/lamp --build-type https://ci.example/type \
        --source git+https://git.example/lamp --output endorsement.json --force
    upload endorsement.json endorsement
}

result() {
    ok build test-result "$1" --key lab.key --suite system --result "$2" --output result.json --force
    upload result.json test-result
}

# sees FILTER BUILD: waits until this holds of GET …/pipeline of the build.
sees() {
    for _ in $(seq 240); do
        api GET "/api/v1/products/lamp/builds/$2/pipeline"
        [ "$status" != 200 ] || ! jq -e "$1" <<<"$output" >/dev/null || return 0
        sleep 0.05
    done
    echo "never: $1"
    echo "$output"
    api GET /api/v1/products/lamp/releases
    echo "$output"
    tail -n 5 depot.log
    return 1
}

# release FILTER VERSION: likewise of a release.
release() {
    # Longer than the lease of the repository lasts, which a depot that is killed leaves behind: 30 s.
    for _ in $(seq 900); do
        api GET "/api/v1/products/lamp/releases/$2"
        [ "$status" != 200 ] || ! jq -e "$1" <<<"$output" >/dev/null || return 0
        sleep 0.05
    done
    echo "never: $1"
    echo "$output"
    tail -n 5 depot.log
    return 1
}

approve_signature() {
    ok sign approve "$1" --signer "unix:$PWD/signer.sock" --log "$log_vkey" --approver-key "${2:-ada}.key" --yes
}
