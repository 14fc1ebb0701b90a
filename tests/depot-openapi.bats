#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The HTTP API of the depot as spec/depot-openapi.yaml describes it: each call that the program has is in the file, and
# each example of the file is played, and then each again with hostile texts in each of its fields.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
    mkdir -p repo/metadata
    echo '{}' >repo/metadata/1.root.json
    ok key generate prod.key
    depot_setup "[signer]
url = unix:$PWD/nobody.sock
log = example.com/log+00000000+AQ
requester-key = $PWD/prod.key
keys.lamp-prod = $PWD/prod.key.pub
[repository]
storage = dir:$PWD/repo"
    depot_start
    make_stove
}

teardown() {
    depot_stop
}

# What takes a signing service to come about: releases that are published, and a build that was refused.
make_stove() {
    local digest build
    answers 201 POST /api/v1/products '{"name": "stove"}'
    answers 200 PUT /api/v1/products/stove/pipeline '{"stages": {"daily": {"gates": [{"endorsed": true}]}}}'
    echo 'a bundle' >signed
    echo 'an image' >image
    ok bundle create stove.bundle --file app=image --targets-version 1 --product stove --build-type user
    ok product upload stove stove.bundle --depot "$depot_url" --token-file admin.token
    build=$output
    digest=$(sha256sum signed | cut -c 1-64)
    answers 201 PATCH "/api/v1/blobs/$digest" '' --data-binary @signed -H 'Content-Type: application/octet-stream' \
        -H 'Upload-Offset: 0' -H "Upload-Length: $(stat -c %s signed)"
    for _ in $(seq 100); do
        api GET "/api/v1/products/stove/builds/$build/pipeline"
        [ "$status" != 200 ] || break
        sleep 0.05
    done
    sqlite3 depot.db "PRAGMA busy_timeout = 5000; UPDATE builds SET state = 'failed' WHERE id = '$build';
        UPDATE qualifications SET is_open = 0, reason = 'refused' WHERE build = '$build';
        WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 3)
        INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, kind, release_version, urgency,
            min_installed_version, hardware, notes, changes, state, state_us, reason, prepared_blob, request, blob, size, path,
            role, is_complete, replaces, made_us, made_by) SELECT 'stove', v, '$build', 'production', 'stable', 'stove-prod',
            'prod', 'feature', '1.' || v, 'routine', v - 1, '[]', '', '[]', 'published', 1, '', '', '', '$digest', 9,
            'stove/stable/' || v || '.bundle', 'stove-stable-rollout', 0, 0, 1, 'admin' FROM n" >/dev/null
    echo "$build" >stove.build
}

@test "the examples of the depot's description hold, and it has every call" {
    "$slipway_depot" routes >routes
    node "$source_dir/tests/depot/openapi.mjs" "$depot_url" admin.token routes "stove_build=$(cat stove.build)" >played || {
        grep -A5 '^not ok' played
        return 1
    }
    [ "$(grep -c '^ok' played)" -gt 500 ]
    # The texts of those who would have it otherwise are texts in it, if anything.
    depot_stop
    "$slipway_depot" check --config depot.conf
    [ "$(sqlite3 depot.db 'SELECT COUNT(*) FROM people')" -gt 1 ]
}
