#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The depot as a program: commands, start, stop.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
}

teardown() {
    depot_stop
    [ "$(type -t database_stop)" != function ] || database_stop
}

@test "a depot starts, serves, and ends on SIGTERM within its time" {
    depot_setup
    [ "$(mode_of secret)" = 600 ]
    [ "$(mode_of admin.token)" = 600 ]
    depot_start
    answers 201 POST /api/v1/products '{"name": "lamp"}'
    answers 200 GET /api/v1/products/lamp
    [ "$(jq -r .name <<<"$output")" = lamp ]
    # It gave up what it doesn't need.
    if ! depot_is_sanitized; then
        grep -q '^Seccomp:[[:space:]]*2$' "/proc/$depot_pid/status"
        grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$depot_pid/status"
    fi
    kill "$depot_pid"
    local result=0
    SECONDS=0
    wait "$depot_pid" || result=$?
    depot_pid=
    [ "$result" = 0 ]
    [ "$SECONDS" -lt 10 ]
    depot_start
    answers 200 GET /api/v1/products/lamp
    depot_stop INT
    "$slipway_depot" check --config depot.conf
}

@test "a depot killed at any time has what it answered" {
    depot_setup
    depot_start
    for name in a b c; do
        answers 201 POST /api/v1/products "{\"name\": \"$name\"}"
        depot_stop KILL
        depot_start
        answers 200 GET "/api/v1/products/$name"
    done
    "$slipway_depot" check --config depot.conf
}

@test "init makes one administrator, once" {
    depot_setup
    run -1 "$slipway_depot" init --config depot.conf --administrator eve --password-file admin.password
    [[ $output == *"has people already"* ]]
    rm -r depot.db* blobs
    run -0 "$slipway_depot" init --config depot.conf --administrator ada
    [[ $output == "invitation for ada: "*/#/invitation/* ]]
}

@test "a secret that others may read ends the start" {
    depot_setup
    chmod 644 secret
    run -1 "$slipway_depot" run --config depot.conf
    [[ $output == *"mode must be 0600"* ]]
    chmod 600 secret
    echo short >secret
    run -1 "$slipway_depot" run --config depot.conf
    [[ $output == *"shorter than"* ]]
}

@test "check notices a changed audit trail" {
    depot_setup
    depot_start
    answers 201 POST /api/v1/products '{"name": "lamp"}'
    answers 201 POST /api/v1/products '{"name": "fan"}'
    depot_stop
    "$slipway_depot" check --config depot.conf
    cp depot.db good.db
    sqlite3 depot.db "UPDATE audit SET who = 'eve' WHERE number = 3"
    run -1 "$slipway_depot" check --config depot.conf
    [[ $output == *"entry 3 isn't as it was written"* ]]
    cp good.db depot.db
    sqlite3 depot.db "DELETE FROM audit WHERE number = 4"
    run -1 "$slipway_depot" check --config depot.conf
    [[ $output == *"entries 4 to 4 are gone"* ]]
    cp good.db depot.db
    sqlite3 depot.db "DELETE FROM audit WHERE number = 2"
    run -1 "$slipway_depot" check --config depot.conf
    [[ $output == *"entry 2 isn't as it was written"* ]]
}

@test "arguments that make no sense are refused" {
    depot_setup
    for arguments in "" "run" "fly --config depot.conf" "run --config depot.conf there" "init --config depot.conf" \
        "check --config depot.conf --administrator ada" "run --config a --config b"; do
        # shellcheck disable=SC2086
        run -2 "$slipway_depot" $arguments
        [[ $output == usage:* ]]
    done
}

@test "check notices a database that its disk damaged" {
    depot_setup ''
    "$slipway_depot" check --config depot.conf
    printf '\245%.0s' $(seq 64) | dd of=depot.db bs=4096 seek=5 conv=notrunc status=none
    run -1 "$slipway_depot" check --config depot.conf
    [[ $output == *depot.db*damaged* || $output == *depot.db*malformed* ]]
}

@test "a database whose host has no name that is known is unavailable, and not the end of a confined depot" {
    depot_setup ''
    sed -i 's|^database = .*|database = postgresql://nobody@slipway-test.invalid/depot|' depot.conf
    RES_OPTIONS='timeout:1 attempts:1' run -1 "$slipway_depot" run --config depot.conf
    [[ $output == *slipway-test.invalid* ]]
}

@test "a confined depot reaches PostgreSQL over TLS, with a password, and no impostor" {
    # shellcheck source=tests/database.bash
    . "$BATS_TEST_DIRNAME/database.bash"
    database_start postgresql
    database_serve_tls
    mkdir elsewhere
    mv pgpass ca.crt elsewhere
    local files="passfile=$PWD/elsewhere/pgpass&sslrootcert=$PWD/elsewhere/ca.crt"
    depot_database="postgresql://slipway@localhost:$database_port/depot?sslmode=verify-full&$files"
    depot_setup ''
    depot_start
    answers 201 POST /api/v1/products '{"name": "lamp"}'
    [ "$(database_sql "SELECT COUNT(*) FROM pg_stat_ssl WHERE ssl AND version = 'TLSv1.3'")" -gt 0 ]
    depot_stop
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 9 \
        -addext 'subjectAltName = DNS:localhost' -keyout other.key -out elsewhere/ca.crt 2>openssl.log
    run -1 "$slipway_depot" run --config depot.conf
    [[ $output == *'certificate verify failed'* ]]
}
