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
    slipway_setup
}

teardown() {
    delivery_stop KILL
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
    depot_stop KILL
    depot_start
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
}
