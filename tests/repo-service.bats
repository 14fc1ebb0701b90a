#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Roles of a TUF repository whose keys are in the signing service: `slipway repo … --signer`, against the service itself
# with keys in files.

load slipway.bash

setup() {
    slipway_setup
    bin=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}
    make_service
    make_repository
}

teardown() {
    [ -z "${service:-}" ] || kill "$service" 2>/dev/null || true
    [ -z "${service:-}" ] || wait "$service" 2>/dev/null || true
}

# Keys of everybody, the policy, and the service on a local socket.
make_service() {
    local name
    for name in admin1 admin2 pat ben role root targets online; do
        "$slipway" key generate -q "$name" >/dev/null
    done
    [ -z "${role_type:-}" ] || "$slipway" key generate -q --force --type "$role_type" role >/dev/null
    "$slipway" key generate -q --type ed25519 logkey >/dev/null
    vkey=$(node "$source_dir/tests/transparency/policy.mjs" --vkey signer.example/lamp logkey.pub)
    make_policy '{"count":1,"people":["ben"]}'
    mkdir -m 777 sock
    printf '[front]\nsocket = %s/sock/signer\nsocket-mode = 0666\n' "$work" >front.conf
    cat >signer.json <<JSON
{"state":"$work/state","origin":"signer.example/lamp","log_key":{"key":"$work/logkey"},
 "keys":{"lamp-stable-2026":{"key":"$work/role"}},"threads":2,
 "front":{"program":"$bin/slipway-signer","settings":"$work/front.conf"},"judge":{"program":"$bin/slipway-signer-judge"}}
JSON
    "$bin/slipway-signer-keys" init --config signer.json --administrators policy.json
    start_service
    signer=(--signer "unix:$work/sock/signer" --log "$vkey" --requester-key pat --timeout 1s)
}

# make_policy APPROVALS: who has to approve what the role is to list.
make_policy() {
    cat >policy.in <<JSON
{"version":1,"issued":"$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)",
 "administrators":{"threshold":2,"keys":{"one":"file:admin1.pub","two":"file:admin2.pub"}},
 "people":{"pat":{"keys":["file:pat.pub"]},"ben":{"keys":["file:ben.pub"]}},
 "keys":{"lamp-stable-2026":{"key":"file:role.pub","class":"dev","use":"role","product":"lamp"}},
 "rules":[{"product":"lamp","class":"dev","use":"role","roles":["lamp-stable"],"channels":["stable"],"requesters":["pat"],
           "approvals":$1}]}
JSON
    node "$source_dir/tests/transparency/policy.mjs" signer.example/lamp policy.in admin1 admin2 >policy.json
}

start_service() {
    "$bin/slipway-signer-keys" run --config signer.json >service.log 2>&1 3>&- &
    service=$!
    for _ in $(seq 100); do
        [ ! -S sock/signer ] || return 0
        kill -0 "$service" || break
        sleep 0.1
    done
    cat service.log
    return 1
}

# A repository whose role lamp-stable is signed by the service, everything else by files.
make_repository() {
    ok repo init repo --root-key root.pub --targets-key targets.pub --online-key online
    ok repo sign repo root --key root
    ok repo sign repo targets --key targets
    ok repo publish repo
    ok repo delegate repo lamp-stable --key role.pub --path 'lamp/stable/*'
    ok repo sign repo targets --key targets
    printf 'lamp-stable = signer:lamp-stable-2026 ../role.pub\n' >>repo/keys.conf
    ok root create -o root.pb --root-key root.pub --targets-key targets.pub
    ok root sign root.pb --key root
    printf 'application' >app.bin
    ok bundle create v2.bundle --file app=app.bin --targets-version 2 --product lamp --key targets
}

waiting_request() {
    "$slipway" sign list "${signer[@]:0:4}" --json | jq -r '[.requests[] | select(.state == "waiting")][0].id'
}

lists() {
    ok repo list --from repo --root repo/metadata/1.root.json --metadata-dir client --role lamp-stable
    prints "$1"
}

# add VERSION: a bundle of that version, to be listed.
make_bundle() {
    ok bundle create "v$1.bundle" --file app=app.bin --targets-version "$1" --product lamp --key targets
}

approve_waiting() {
    local id
    id=$(waiting_request)
    [ ${#id} -eq 64 ]
    ok sign approve "$id" "${signer[@]:0:4}" --approver-key ben --yes
}

requests_kept() {
    find repo/requests -type f 2>/dev/null | wc -l
}

@test "repo: a release waits for its approval, and is published by the same request" {
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    [ "$(requests_kept)" -eq 1 ]
    id=$(waiting_request)
    [ ${#id} -eq 64 ]
    ok repo publish repo "${signer[@]}"
    [ "$(waiting_request)" = "$id" ]
    approve_waiting
    ok repo publish repo "${signer[@]}"
    lists lamp/stable/v2.bundle
    [ "$(requests_kept)" -eq 0 ]
    [ "$("$slipway" sign list "${signer[@]:0:4}" --json | jq -r '[.requests[].state] | unique | join(" ")')" = signed ]
}

@test "repo: the next version is made from the last one, which is brought to the service" {
    local version
    for version in 2 3 4; do
        [ -e "v$version.bundle" ] || make_bundle "$version"
        ok repo add repo "v$version.bundle" --channel stable "${signer[@]}"
        approve_waiting
        ok repo publish repo "${signer[@]}"
        lists "lamp/stable/v$version.bundle"
    done
    ok repo remove repo lamp/stable/v2.bundle --role lamp-stable "${signer[@]}"
    approve_waiting
    ok repo publish repo "${signer[@]}"
    lists lamp/stable/v3.bundle
    [[ $output != *v2.bundle* ]]
    ok repo check repo
}

@test "repo: what an approver rejects isn't listed, and can be asked for again" {
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    ok sign reject "$(waiting_request)" "${signer[@]:0:4}" --approver-key ben --reason 'not on a Friday'
    ok repo publish repo "${signer[@]}"
    says 'the signer refuses: the signing service refused: '
    says 'ben rejected it'
    [ "$(requests_kept)" -eq 0 ]
    ok repo publish repo "${signer[@]}"
    approve_waiting
    ok repo publish repo "${signer[@]}"
    lists lamp/stable/v2.bundle
}

@test "repo: a requester, a key and a service that aren't the right ones get nothing" {
    exits 1 repo add repo v2.bundle --channel stable "${signer[@]:0:4}" --requester-key ben --timeout 1s
    says 'ben may not ask for this'
    [ "$(requests_kept)" -eq 0 ]
    sed -i 's/signer:lamp-stable-2026/signer:lamp-stable-2027/' repo/keys.conf
    exits 1 repo add repo v2.bundle --channel stable "${signer[@]}"
    says 'the signer refuses: the signing service refused: unknown-key'
    sed -i 's/signer:lamp-stable-2027/signer:lamp-stable-2026/' repo/keys.conf
    other=$(node "$source_dir/tests/transparency/policy.mjs" --vkey signer.example/desk logkey.pub)
    exits 1 repo add repo v2.bundle --channel stable --signer "unix:$work/sock/signer" --log "$other" --requester-key pat
    says 'the signer refuses: the signing service refused: bad-statement'
    [ "$("$slipway" sign list "${signer[@]:0:4}" --json | jq '[.requests[] | select(.state == "signed")] | length')" -eq 0 ]
}

@test "repo: a signature by another key than keys.conf names counts for nothing" {
    sed -i 's|[.][.]/role.pub|../online.pub|' repo/keys.conf
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    approve_waiting
    ok repo publish repo "${signer[@]}"
    says "signature: not the key's"
    [ "$(jq .waiting_for_signatures <<<"$("$slipway" repo publish repo "${signer[@]}" --json 2>/dev/null)")" != 0 ]
    sed -i 's|[.][.]/online.pub|../role.pub|' repo/keys.conf
    ok repo publish repo "${signer[@]}"
    lists lamp/stable/v2.bundle
}

@test "repo: a service that is away is a failure, and afterwards it goes on" {
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    kill "$service"
    wait "$service" || true
    ok repo publish repo "${signer[@]}"
    says "Couldn't connect"
    [ "$(requests_kept)" -eq 1 ]
    rm -f sock/signer
    start_service
    approve_waiting
    ok repo publish repo "${signer[@]}"
    lists lamp/stable/v2.bundle
}

@test "repo: keys.conf and options that make no sense" {
    exits 2 repo publish repo
    says '--signer is missing'
    exits 2 repo publish repo "${signer[@]:0:4}"
    says '--requester-key is missing'
    exits 2 repo publish repo "${signer[@]}" --timeout soon
    exits 2 repo publish repo --signer ftp://signer --log "$vkey" --requester-key pat
    exits 2 repo publish repo --signer "unix:$work/sock/signer" --requester-key pat
    ok repo check repo
    printf 'lamp-beta = signer:lamp-beta\n' >>repo/keys.conf
    exits 1 repo check repo
    says 'wants NAME PUBLIC-KEY-FILE'
    sed -i 's|^lamp-beta.*|lamp-beta = signer:lamp-beta nothing.pub|' repo/keys.conf
    exits 1 repo check repo
}

@test "repo: an auditor finds what the service's key signed behind its back" {
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    approve_waiting
    ok repo publish repo "${signer[@]}"
    ok audit verify state/log --log "$vkey" --repo repo
    says ' 1 signatures by keys of the service, 0 not in the log'
    # Somebody with a copy of the key.
    sed -i 's|signer:lamp-stable-2026 ../role.pub|../role|' repo/keys.conf
    ok repo remove repo lamp/stable/v2.bundle --role lamp-stable
    ok repo publish repo
    exits 3 audit verify state/log --log "$vkey" --repo repo --json
    says "lamp-stable.json: signed by lamp-stable-2026, and the log doesn't contain that"
    [ "$(jq -c '[.verdict, .missing_role_signatures]' <<<"$output")" = '["refuse",1]' ]
    # It counts whatever the file says of it, and what was verified before.
    node -e 'const fs = require("fs"); const file = fs.readdirSync("repo/metadata").filter((name) => /lamp-stable/.test(name)).pop();
        const role = JSON.parse(fs.readFileSync(`repo/metadata/${file}`)); role.signatures[0].keyid = "00".repeat(32);
        fs.mkdirSync("found"); fs.writeFileSync("found/a.json", JSON.stringify(role));'
    ok audit verify state/log --log "$vkey" --state audit.state
    exits 3 audit verify state/log --log "$vkey" --state audit.state --repo found
    says "found/a.json: signed by lamp-stable-2026"
    exits 1 audit verify state/log --log "$vkey" --repo sock
    echo '{}' >found/b.json
    exits 3 audit verify state/log --log "$vkey" --repo found
    says malformed
}

@test "repo: what an Ed25519 key signs is in the log whole, so that its signature can be verified" {
    kill "$service" && wait "$service" || true
    rm -rf ./*
    role_type=ed25519
    make_service
    make_repository
    ok repo add repo v2.bundle --channel stable "${signer[@]}"
    approve_waiting
    ok repo publish repo "${signer[@]}"
    ok audit verify state/log --log "$vkey" --repo repo
    says ' 1 signatures by keys of the service, 0 not in the log'
    ok audit show state/log --log "$vkey" --json
    [ "$(jq -r 'select(.record.kind == "signature").record.metadata | @base64d | fromjson._type' <<<"$output")" = targets ]
}
