#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is uploaded to the depot, as processes: killed between pieces and while they are put together, two replicas on
# one PostgreSQL and one bucket of S3, a store that goes away.
# shellcheck disable=SC2154

setup() {
    load slipway.bash
    load depot.bash
    load database.bash
    load swift.bash
    slipway_setup
}

teardown() {
    depot_stop
    if [ -n "${second_pid:-}" ]; then
        kill "$second_pid" 2>/dev/null || true
        wait "$second_pid" 2>/dev/null || true
    fi
    database_stop
    swift_stop
}

# digest FILE
digest() {
    sha256sum "$1" | cut -c 1-64
}

# offset_of FILE: how much of it the depot has; "" for nothing.
offset_of() {
    api HEAD "/api/v1/blobs/$(digest "$1")"
    tr -d '\r' <api.out | sed -n 's/^[Uu]pload-[Oo]ffset: //p'
}

# piece FILE OFFSET COUNT: status is that of HTTP.
piece() {
    tail -c +$(($2 + 1)) "$1" | head -c "$3" >piece.bin
    api PATCH "/api/v1/blobs/$(digest "$1")" '' --data-binary @piece.bin -H 'Content-Type: application/octet-stream' \
        -H "Upload-Offset: $2" -H "Upload-Length: $(stat -c %s "$1")"
}

# upload FILE: whatever is missing of it, in pieces of 300,000 bytes.
upload() {
    local offset
    for _ in $(seq 100); do
        offset=$(offset_of "$1")
        [ "$offset" != "$(stat -c %s "$1")" ] || return 0
        piece "$1" "${offset:-0}" 300000
        [ "$status" != 201 ] || return 0
        [ "$status" = 204 ] || [ "$status" = 409 ] || break
    done
    echo "$status $output"
    return 1
}

# say KIND FILE [MEMBERS]
say() {
    api POST /api/v1/products/lamp/artifacts "{\"kind\":\"$1\",\"blob\":\"$(digest "$2")\"${3:-}}"
}

make_build() {
    head -c 1000000 /dev/urandom >image.bin
    ok bundle create "$1" --file app=image.bin --targets-version 1 --product lamp
}

@test "an upload goes on wherever the depot was killed" {
    depot_setup
    depot_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
    make_build lamp.bundle
    piece lamp.bundle 0 300000
    [ "$status" = 204 ]
    depot_stop KILL
    depot_start
    [ "$(offset_of lamp.bundle)" = 300000 ]
    for delay in 0.001 0.003 0.006 0.01; do
        offset=$(offset_of lamp.bundle)
        (piece lamp.bundle "${offset:-0}" 9000000) &
        caller=$!
        sleep "$delay"
        depot_stop KILL
        wait "$caller" || true
        depot_start
    done
    upload lamp.bundle
    say bundle lamp.bundle
    [ "$status" = 201 ]
    build=$(jq -r .build.id api.out)
    depot_stop KILL
    depot_start
    answers 200 GET "/api/v1/products/lamp/builds/$build/bundle"
    cmp api.out lamp.bundle
    "$slipway_depot" check --config depot.conf
}

@test "two replicas on PostgreSQL and S3 take pieces of one upload" {
    database_start postgresql
    swift_start
    depot_setup "$swift_settings"
    sed -i 's/^blobs = .*/blobs = s3:/' depot.conf
    depot_start
    first_url=$depot_url
    first_pid=$depot_pid
    depot_start
    second_url=$depot_url
    second_pid=$depot_pid
    depot_pid=$first_pid
    depot_url=$first_url
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
    make_build lamp.bundle
    piece lamp.bundle 0 300000
    [ "$status" = 204 ]
    depot_url=$second_url
    [ "$(offset_of lamp.bundle)" = 300000 ]
    piece lamp.bundle 300000 300000
    [ "$status" = 204 ]
    depot_url=$first_url
    piece lamp.bundle 300000 300000
    [ "$status" = 409 ]
    upload lamp.bundle
    say bundle lamp.bundle
    [ "$status" = 201 ]
    build=$(jq -r .build.id api.out)
    printf '{"spdxVersion":"SPDX-2.3","packages":[{"name":"zlib","versionInfo":"1.2"}]}' >sbom.json
    upload sbom.json
    say sbom sbom.json ",\"build\":\"$build\""
    [ "$status" = 201 ]
    depot_url=$second_url
    answers 200 GET "/api/v1/products/lamp/builds/$build/bundle"
    cmp api.out lamp.bundle
    answers 200 GET "/api/v1/products/lamp/builds/$build/packages"
    [ "$(jq -r '.packages[0].name' api.out)" = zlib ]
    answers 200 GET "/api/v1/products/lamp/affected?purl=pkg:npm/none"
    answers 200 GET "/api/v1/products/lamp/builds"
    # The bucket is out of reach, and the depot says so; what is in the database is shown.
    kill -STOP "$swift_pid"
    kill -KILL "$swift_pid"
    wait "$swift_pid" 2>/dev/null || true
    printf 'a log' >run.log
    piece run.log 0 100
    [ "$status" = 503 ]
    answers 200 GET "/api/v1/products/lamp/builds/$build"
    answers 503 GET "/api/v1/products/lamp/builds/$build/bundle"
}
