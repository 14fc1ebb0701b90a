#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From a build to a published release: depot, signing service and repository, as processes.
# shellcheck disable=SC2154

setup() {
    load slipway.bash
    load token.bash
    load signer.bash
    load depot.bash
    load pipeline.bash
    load swift.bash
    slipway_setup
}

teardown() {
    delivery_stop KILL
    swift_stop
}

@test "a build comes through its stages to production, signed, approved, published, and is found there" {
    delivery_setup
    delivery_start
    pipeline
    person ada approver
    make_build lamp.bundle 'an image'
    upload_build lamp.bundle
    sees '.next.stage == "daily" and .next.gates[0].why == "nobody has said where it comes from"' "$build"
    endorse lamp.bundle
    sees '.state == "daily" and .next.stage == "candidate"' "$build"
    release '.state == "published" and .key == "lamp-test" and .role == "lamp-daily-rollout"' 1
    result lamp.bundle passed
    sees '.state == "candidate" and .next.gates[0].why == "0 of 1 approvals"' "$build"
    api GET /api/v1/products/lamp/releases/2
    [ "$status" = 404 ]
    as ada answers 200 POST "/api/v1/products/lamp/builds/$build/approve" '{"stage":"production"}'
    release '.state == "signing" and (.reason | contains("waits for"))' 2
    request=$(jq -r .request <<<"$output")
    approve_signature "$request"
    sees '.state == "production"' "$build"
    release '.state == "published" and .role == "lamp-stable-rollout" and .path == "lamp/stable/2.bundle"' 2
    [ "$(jq -r .request <<<"$output")" = "$request" ]
    # Until it has reached everybody, whoever doesn't ask the depot doesn't find it.
    refused wrong-channel repo fetch lamp/stable/2.bundle --from "$depot_url/repository" --root repo/metadata/1.root.json \
        --metadata-dir client --dir fetched
    sqlite3 depot.db "UPDATE releases SET is_complete = 1 WHERE version = 2"
    release '.role == "lamp-stable" and .state == "published"' 2
    ok repo fetch lamp/stable/2.bundle --from "$depot_url/repository" --root repo/metadata/1.root.json --metadata-dir client \
        --dir fetched
    # What the depot gives is what a device takes: by the root's keys, with the proof.
    ok bundle verify "$output" --trusted-root prod-root.root --product lamp --key-class prod --log "$log_vkey"
    [ "$(sqlite3 depot.db "SELECT COUNT(*) FROM audit WHERE action IN ('build.approve', 'build.state', 'release.published')")" = 6 ]
    # The emergency is rehearsed: signed and published, and nobody's.
    answers 200 GET /api/v1/products/lamp/readiness
    [ "$(jq -c '[.ready, (.checks[] | select(.ok | not).name)]' <<<"$output")" = '[false,"drill"]' ]
    local by_token=(--depot "$depot_url" --token-file admin.token)
    exits 7 release readiness lamp "${by_token[@]}"
    "$slipway" release drill lamp "$build" --watch --every 1s "${by_token[@]}" >drill.out 3>&- &
    drill=$!
    release '.reason | contains("waits for")' 3
    request=$(jq -r .request <<<"$output")
    answers 409 POST /api/v1/products/lamp/drill "{\"build\":\"$build\"}"
    approve_signature "$request" ben
    release '.state == "published" and .role == "lamp-drill-rollout"' 3
    wait "$drill"
    [ "$(head -n 1 drill.out)" = 'version: 3' ]
    grep -qx 'drill published' drill.out
    [ "$(tail -n 4 drill.out | cut -d ' ' -f 1 | xargs)" = 'prepared signing publishing published' ]
    ok release readiness lamp "${by_token[@]}"
    # What a reviewer asks for is all there, from the signing service and the depot as they run.
    ok review -o review --repo repo --signing-log "unix:$PWD/signer.sock" --log "$log_vkey" \
        --include prod-root.root "${by_token[@]}"
    [[ $output != *missing:* ]]
    [ "$(head -n 1 review/signer/checkpoint)" = "${log_vkey%%+*}" ]
    # The policy is the one in force, as its administrators signed it, and what it allows is said.
    [ "$(jq -r .payload review/signer/policy.envelope)" = "$(jq -r .payload policy.envelope)" ]
    [ "$(jq -c .rules review/signer/policy.json)" = "$(jq -c .rules policy.json)" ]
    [[ $output == *'look at: the signing policy: '*'administrator'* ]]
    ok review -o whose --repo repo --signing-log "unix:$PWD/signer.sock" "${by_token[@]}"
    [[ $output == *"missing: signer/policy.json: --log wasn't given"* ]]
    ok key generate other.key --type ed25519
    other=$(node "$source_dir/tests/transparency/policy.mjs" --vkey "${log_vkey%%+*}" other.key.pub)
    ok review -o other --repo repo --signing-log "unix:$PWD/signer.sock" --log "$other" "${by_token[@]}"
    [[ $output == *"look at: the signing service's log: "* ]]
    [ ! -e other/signer/policy.json ]
    [ "$(jq -r '.pipeline.stages.production.gates[0].approvals' review/depot/lamp/pipeline.json)" = 1 ]
    [ "$(jq -r .drill.version review/depot/lamp/readiness.json)" = 3 ]
    [ "$(jq -r '[.roles[] | select(.expires) | .role] | unique | length' review/summary.json)" -ge 4 ]
    [[ $output == *'look at: token 1 of admin '*' may do everything, until '* ]]
    answers 200 GET /api/v1/products/lamp/readiness
    [ "$(jq -c '[.ready, .drill.version, [.drill.steps[].state]]' <<<"$output")" = \
        '[true,3,["prepared","signing","publishing","published"]]' ]
    api POST /api/v1/products/lamp/rollouts '{"release":3,"group":"all","plan":{"phases":[{"ppm":1000000}]}}'
    [ "$status" = 404 ]
}

# straight: a pipeline without gates of the depot's own, as a thief of the depot would set it.
straight='.stages = {production: {gates: [], channel: "stable", key: "lamp-prod"}}'

# direct: one stage.
direct='.stages = {production: {gates: [{endorsed: true}, {test: "system"}], channel: "stable", key: "lamp-prod"}}'

# timestamp_is_renewed DAYS: by a depot that begins again after so many days, when what it signed is over; it lives for three
# days at least. (Sanitized programs and another clock don't go together: for them it is due after a second.)
timestamp_is_renewed() {
    local former shift_s=0 slipway_depot=$slipway_depot
    former=$(jq .signed.version repo/metadata/timestamp.json)
    depot_stop
    if depot_is_sanitized; then
        sed -i 's/"timestamp":{[^}]*}/"timestamp":{"expires_s":600000,"due_s":599999}/' repo/state/settings.json
        sleep 1.1
    else
        shift_s=$(($1 * 86400))
        "$BATS_TEST_DIRNAME/clock/jump" "$PWD/clock" "$shift_s"
        printf '#!/bin/sh\nexec %s @%s %s "$@"\n' "$later" "$PWD/clock" "$slipway_depot" >depot-later
        chmod +x depot-later
        slipway_depot=$PWD/depot-later
    fi
    depot_start
    for _ in $(seq 100); do
        [ "$(jq .signed.version repo/metadata/timestamp.json)" = "$former" ] || break
        sleep 0.1
    done
    tail -n 3 depot.log
    [ "$(jq ".signed.version > $former and (.signed.expires | fromdateiso8601) - now > $shift_s + 259200" \
        repo/metadata/timestamp.json)" = true ]
}

@test "a signing service that is away delays a release, and the request is one, whoever is killed when" {
    delivery_setup '.rules[0].approvals.count = 1'
    delivery_start
    pipeline "$direct"
    make_build lamp.bundle 'an image'
    upload_build lamp.bundle
    endorse lamp.bundle
    result lamp.bundle passed
    signer_stop
    for try in 1 2 3; do
        sleep "0.$try"
        depot_stop KILL
        depot_start
    done
    release '.state == "signing" and (.reason | contains("the signing service is away"))' 1
    request=$(jq -r .request <<<"$output")
    signer_start
    release '.reason | contains("waits for")' 1
    approve_signature "$request"
    for try in 2 4 6; do
        sleep "0.$try"
        depot_stop KILL
        depot_start
    done
    release '.state == "published"' 1
    [ "$(jq -r .request <<<"$output")" = "$request" ]
    sign list --json
    [ "$(jq '[.requests[] | select(.operation == "sign-targets")] | length' <<<"$output")" = 1 ]
    [ "$(sqlite3 depot.db "SELECT COUNT(*), SUM(version) FROM releases")" = '1|1' ]
    [ "$(sqlite3 depot.db "SELECT COUNT(*) FROM stage_entries")" = 1 ]
    # What can't be signed, and what can't be read, doesn't cost the timestamp its life.
    signer_stop
    answers 200 POST /api/v1/products/lamp/releases/1/withdraw '{"reason":"it flickers"}'
    timestamp_is_renewed 8
    sqlite3 depot.db "CREATE TEMP TABLE lost AS SELECT * FROM releases; UPDATE lost SET version = 2, channel = 'daily', state = 'publishing',
        blob = '$(printf '%064d' 7)', path = '', retry_us = 0; INSERT INTO releases SELECT * FROM lost"
    timestamp_is_renewed 16
    release '.state == "publishing" and (.reason | contains("0000007"))' 2
    depot_stop
    sqlite3 depot.db 'DELETE FROM releases WHERE version = 2; UPDATE releases SET retry_us = 0'
    signer_start
    depot_start
    # Withdrawn, it is listed no longer.
    release '.state == "withdrawn" and .path == "" and .reason == "it flickers"' 1
    ok repo list --from "$depot_url/repository" --root repo/metadata/1.root.json --metadata-dir client
    [[ $output != *1.bundle* ]]
}

@test "a stolen depot gets nothing signed that wasn't built, tested and approved" {
    delivery_setup '.rules[0].approvals.count = 1'
    delivery_start
    pipeline "$straight"
    # Nobody endorsed it: the thief's own gates let it through, the service doesn't.
    make_build evil.bundle 'evil'
    upload_build evil.bundle
    sees '.state == "failed" and (.reason | contains("unendorsed") or contains("endorse"))' "$build"
    evil=$build
    # Endorsements of another build are about another build.
    make_build lamp.bundle 'an image'
    upload_build lamp.bundle
    lamp=$build
    sees '.state == "failed" and (.reason | contains("endorse"))' "$lamp"
    endorse lamp.bundle
    result lamp.bundle passed
    sqlite3 depot.db "UPDATE artifacts SET build = '$evil' WHERE build = '$lamp'"
    answers 200 POST "/api/v1/products/lamp/builds/$evil/retry" '{}'
    sees '.state == "failed" and (.reason | contains("is for another build"))' "$evil"
    sqlite3 depot.db "UPDATE artifacts SET build = '$lamp' WHERE build = '$evil'"
    answers 200 POST "/api/v1/products/lamp/builds/$lamp/retry" '{}'
    version=$(sqlite3 depot.db "SELECT MAX(version) FROM releases WHERE build = '$lamp'")
    version=$((version + 1))
    for _ in $(seq 100); do
        version=$(sqlite3 depot.db "SELECT COALESCE(MAX(version), 0) FROM releases WHERE build = '$lamp' AND state = 'signing'")
        [ "$version" = 0 ] || break
        sleep 0.1
    done
    release '.reason | contains("waits for")' "$version"
    # It says in its own database that this is signed and everybody's: what devices find is refused by them.
    depot_stop
    sqlite3 depot.db "UPDATE releases SET state = 'publishing', blob = prepared_blob, retry_us = 0,
        size = (SELECT size FROM blobs WHERE sha256 = prepared_blob) WHERE version = $version"
    depot_start
    release '.state == "published" or (.reason | contains("refuse"))' "$version"
    api GET "/api/v1/products/lamp/releases/$version/bundle"
    [ "$status" = 200 ]
    exits 3 bundle verify api.out --trusted-root prod-root.root --log "$log_vkey"
    sign list --json
    [ "$(jq '[.requests[] | select(.operation == "sign-targets" and .state == "signed")] | length' <<<"$output")" = 0 ]
}

@test "numbers that a thief of the depot lowers are refused, and two replicas promote once" {
    delivery_setup '.rules[0].approvals.count = 1'
    delivery_start
    first_url=$depot_url first_pid=$depot_pid
    depot_start
    second_pid=$depot_pid depot_pid=$first_pid
    pipeline "$direct"
    answers 200 PUT /api/v1/products/lamp/release-number '{"next":7}'
    make_build lamp.bundle 'an image'
    upload_build lamp.bundle
    endorse lamp.bundle
    result lamp.bundle passed
    release '.reason | contains("waits for")' 7
    approve_signature "$(jq -r .request <<<"$output")"
    kill -KILL "$first_pid"
    wait "$first_pid" || true
    depot_pid=$second_pid
    release '.state == "published"' 7
    [ "$(sqlite3 depot.db "SELECT COUNT(*) FROM releases; SELECT COUNT(*) FROM stage_entries")" = $'1\n1' ]
    [ "$first_url" != "$depot_url" ]
    sqlite3 depot.db "UPDATE release_numbers SET next = 3"
    make_build next.bundle 'another image'
    upload_build next.bundle
    endorse next.bundle
    result next.bundle passed
    release '.reason | contains("waits for")' 3
    approve_signature "$(jq -r .request <<<"$output")"
    sees '.state == "failed" and (.reason | contains("rollback"))' "$build"
    # A role that isn't signed is a line of the log, however often it is asked for.
    sed -i 's/signer:lamp-roles/signer:lamp-none/' repo/keys.conf
    answers 200 POST /api/v1/products/lamp/releases/7/withdraw '{"reason":"it flickers"}'
    for _ in 1 2; do
        waits_to_ask_again 7
        [ "$(grep -c '"level":"warning","part":"releases",.*refuse' depot.log)" = 1 ]
        grep -q '"text":"lamp-stable-rollout: the signer refuses: the signing service refused: unknown-key: ' depot.log
        sqlite3 depot.db 'UPDATE releases SET retry_us = 0 WHERE version = 7'
    done
}

# waits_to_ask_again VERSION: until the depot has asked for what the release needs, and got nothing.
waits_to_ask_again() {
    for _ in $(seq 200); do
        [ "$(sqlite3 depot.db "SELECT retry_us FROM releases WHERE version = $1")" = 0 ] || return 0
        sleep 0.05
    done
    tail -n 3 depot.log
    return 1
}

@test "a bucket of S3 is the repository, its online key in a token: a replica goes on where another was killed, and clients find it at its URL" {
    local file before
    delivery_setup '.rules[0].approvals.count = 1'
    swift_start public:
    for file in $(cd repo && find metadata targets state staged -type f 2>/dev/null); do swift_put "repo/$file" "repository/$file"; done
    # The online key is in a token.
    token_make depot
    softhsm2-util --import online.key --token depot --label online --id 01 --pin 1234 >/dev/null
    sed -i "s|= online.key|= $(token_uri depot online)|" repo/keys.conf
    rm online.key repo/online.key
    sed -i "s|^storage = .*|storage = s3:repository/\nwork = $PWD/work\nurl = $swift_public/repository|; s|^blobs = .*|blobs = s3:|" \
        depot.conf
    sed -i "s|^work = |token-path = $PWD/token\n&|" depot.conf
    echo "$swift_settings" >>depot.conf
    # Without its token it doesn't start.
    sed 's|token=depot|token=none|' repo/keys.conf >none.keys
    sed "s|^keys = .*|keys = $PWD/none.keys|" depot.conf >none.conf
    status=0
    timeout 20 "$slipway_depot" run --config none.conf >none.out 2>none.log || status=$?
    [ "$status" = 1 ] && [ ! -s none.out ] && grep -q 'token' none.log
    delivery_start
    local first_pid=$depot_pid second_pid
    depot_start
    second_pid=$depot_pid depot_pid=$first_pid
    pipeline "$direct"
    make_build lamp.bundle 'an image'
    upload_build lamp.bundle
    endorse lamp.bundle
    result lamp.bundle passed
    release '.reason | contains("waits for")' 1
    before=$(curl -sS --noproxy '*' "$swift_public/repository/metadata/timestamp.json" | jq .signed.version)
    approve_signature "$(jq -r .request <<<"$output")"
    release '.state == "publishing" or .state == "published"' 1
    kill -KILL "$first_pid"
    wait "$first_pid" || true
    depot_pid=$second_pid
    release '.state == "published" and .role == "lamp-stable-rollout"' 1
    [ "$(curl -sS --noproxy '*' "$swift_public/repository/metadata/timestamp.json" | jq .signed.version)" -gt "$before" ]
    [ "$(sqlite3 depot.db "SELECT COUNT(*) FROM releases")" = 1 ]
    sqlite3 depot.db "PRAGMA busy_timeout = 5000; UPDATE releases SET is_complete = 1 WHERE version = 1" >/dev/null
    release '.role == "lamp-stable"' 1
    ok repo fetch lamp/stable/1.bundle --from "$swift_public/repository" --root repo/metadata/1.root.json \
        --metadata-dir client --dir fetched
    ok bundle verify "$output" --trusted-root prod-root.root --product lamp --key-class prod --log "$log_vkey"
    # Nothing of it is in the directory that it came from, and nothing of the depot's is public.
    [ "$(find repo/targets -name '*.bundle' 2>/dev/null | wc -l)" = 0 ]
    answers 404 GET /repository/metadata/1.root.json
    answers 200 POST /api/v1/products/lamp/releases/1/withdraw '{"reason":"it flickers"}'
    release '.path == ""' 1
    ok repo list --from "$swift_public/repository" --root repo/metadata/1.root.json --metadata-dir client
    [[ $output != *1.bundle* ]]
}
