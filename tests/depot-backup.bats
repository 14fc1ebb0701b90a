#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A depot's backup: taken while it runs, restored elsewhere, damaged in every way.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    # shellcheck source=tests/database.bash
    . "$BATS_TEST_DIRNAME/database.bash"
    slipway_setup
    depot_setup
    depot_start
    answers 201 POST /api/v1/products '{"name": "lamp", "title": "Glüh\u0001\"birne\\ \n"}'
    answers 201 POST /api/v1/people \
        '{"name": "ada", "password": "the password of ada", "roles": [{"product": "lamp", "role": "developer"}]}'
    "$slipway_depot" backup --config depot.conf backup
}

teardown() {
    depot_stop
    database_stop
}

# other_depot: settings of an empty one with the same secret, in other.conf.
other_depot() {
    rm -rf other other.db*
    sed -e "s|$PWD/depot.db|$PWD/other.db|" -e "s|$PWD/blobs|$PWD/other|" depot.conf >other.conf
}

@test "what was backed up is there again elsewhere" {
    answers 201 POST /api/v1/products '{"name": "later"}'
    depot_stop
    # Values as no part writes them: ends of numbers, empty bytes, bytes of all kinds.
    sqlite3 depot.db "UPDATE people SET made_us = 9223372036854775807, disabled_us = -9223372036854775808,
        totp_new = zeroblob(0), totp = x'00ff0a2222005c' WHERE name = 'ada'"
    rm -r backup
    "$slipway_depot" backup --config depot.conf backup
    other_depot
    "$slipway_depot" restore --config other.conf backup
    "$slipway_depot" check --config other.conf
    depot_start other.conf
    answers 200 GET /api/v1/products/lamp
    [ "$(jq -r .title <<<"$output")" = "$(printf 'Glüh\001"birne\\ \n.' | sed '$ s/\.$//')" ]
    # Numbers go on, and nothing is the same as before the backup.
    answers 200 GET /api/v1/audit
    [ "$(jq -r '.entries[0].action' <<<"$output")" = depot.restore ]
    answers 201 POST /api/v1/products '{"name": "fan"}'
    [ "$(sqlite3 other.db "SELECT value FROM counters WHERE name = 'restores'")" = 1 ]
    depot_stop
    for table in people roles tokens token_roles; do
        diff <(sqlite3 -quote depot.db "SELECT * FROM $table") <(sqlite3 -quote other.db "SELECT * FROM $table")
    done
}

@test "SQLite's backup goes on in PostgreSQL, and back" {
    depot_stop
    database_start postgresql
    other_depot
    sed "s|^database = .*|database = $depot_database|" other.conf >postgresql.conf
    "$slipway_depot" restore --config postgresql.conf backup
    "$slipway_depot" check --config postgresql.conf
    depot_start postgresql.conf
    answers 200 GET /api/v1/products/lamp
    # The next number is a new one.
    depot_token=
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' -D head
    answers 201 POST /api/v1/tokens '{"title": "t", "roles": [{"product": "lamp", "role": "viewer"}]}' \
        -H "Cookie: $(sed -n 's/^set-cookie: \([^;]*\);.*/\1/Ip' head)" -H "X-Slipway-CSRF: $(jq -r .csrf <<<"$output")"
    [ "$(jq .id <<<"$output")" = 2 ]
    depot_stop
    "$slipway_depot" backup --config postgresql.conf second
    "$slipway_depot" restore --config other.conf second
    "$slipway_depot" check --config other.conf
    diff <(sqlite3 depot.db "SELECT * FROM people ORDER BY name") <(sqlite3 other.db "SELECT * FROM people ORDER BY name")
    [ "$(sqlite3 other.db "SELECT value FROM counters WHERE name = 'restores'")" = 2 ]
}

@test "a backup that is taken while things change is of one moment" {
    for i in $(seq 40); do
        curl -s --noproxy '*' -o /dev/null -H "Authorization: Bearer $depot_token" -d "{\"name\": \"p$i\"}" \
            "$depot_url/api/v1/products"
    done &
    local writer=$!
    for i in 1 2 3; do
        "$slipway_depot" backup --config depot.conf "during$i"
    done
    wait "$writer"
    depot_stop
    for i in 1 2 3; do
        other_depot
        "$slipway_depot" restore --config other.conf "during$i"
        "$slipway_depot" check --config other.conf
        # The trail and what it is about are of the same moment.
        [ "$(sqlite3 other.db "SELECT COUNT(*) FROM audit WHERE action = 'product.make'")" = \
            "$(sqlite3 other.db 'SELECT COUNT(*) FROM products')" ]
    done
}

@test "sessions don't outlive a restore" {
    depot_token=
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' -c jar
    answers 200 GET /api/v1/session '' -b jar
    rm -r backup
    "$slipway_depot" backup --config depot.conf backup
    depot_stop
    other_depot
    "$slipway_depot" restore --config other.conf backup
    depot_start other.conf
    answers 401 GET /api/v1/session '' -b jar
}

@test "the backup of an older version is brought up to date" {
    depot_stop
    # As the first version's: its migration and its tables alone.
    local of_first=' products people roles login_failures sessions tokens token_roles audit events counters '
    {
        sed -n 1p backup/database.jsonl | jq -c '.migrations = .migrations[:1]'
        sed -n '2,$p' backup/database.jsonl | sed '$d' | while IFS= read -r line; do
            [[ $line != '{'* ]] || table=$(jq -r .table <<<"$line")
            [[ $of_first != *" $table "* ]] || printf '%s\n' "$line"
        done
    } >old
    printf '{"rows":%d,"sha256":"%s"}\n' "$(grep -c '^\[' old)" "$(sha256sum <old | cut -d ' ' -f 1)" >>old
    cp old backup/database.jsonl
    other_depot
    "$slipway_depot" restore --config other.conf backup
    "$slipway_depot" check --config other.conf
    [ "$(sqlite3 other.db 'SELECT COUNT(*) FROM schema_migrations')" -gt 1 ]
    depot_start other.conf
    answers 200 GET /api/v1/products/lamp
}

@test "a damaged backup is refused, whole" {
    depot_stop
    cp backup/database.jsonl good
    local lines
    lines=$(wc -l <good)
    # Quotes in these are meant as they stand.
    # shellcheck disable=SC2089
    for damage in 'head -c -1' 'head -n -1' "sed -n 2,${lines}p" "sed 4d" 'sed s/lamp/LAMP/' 'sed s/ada/eva/' 'sed 1s/v1/v9/' \
        'sed s/0001-people/0001-others/' 'sed 2s/"name"/"nome"/' 'sed 2s/products/products2/' 'sed s/"i/"t/' 'sed $s/rows":/rows":1/' \
        'sed $p' 'sed 3p' 'sed y/[/{/' 'head -c 0'; do
        other_depot
        # shellcheck disable=SC2090
        $damage good >backup/database.jsonl
        run -1 "$slipway_depot" restore --config other.conf backup
        [[ $output == "slipway-depot: "* ]]
        [ "$(sqlite3 other.db 'SELECT COUNT(*) FROM people, products' 2>/dev/null || echo 0)" = 0 ]
    done
    cp good backup/database.jsonl
    other_depot
    "$slipway_depot" restore --config other.conf backup
}

@test "a depot that is in use isn't written over" {
    run -1 "$slipway_depot" restore --config depot.conf backup
    [[ $output == *"has people already"* ]]
    run -1 "$slipway_depot" restore --config depot.conf nowhere
    answers 200 GET /api/v1/products/lamp
}

@test "a backup is nobody else's, and a second one takes its place" {
    [ "$(mode_of backup)" = 700 ]
    [ "$(mode_of backup/database.jsonl)" = 600 ]
    cp backup/database.jsonl first
    answers 201 POST /api/v1/products '{"name": "fan"}'
    "$slipway_depot" backup --config depot.conf backup
    differs first backup/database.jsonl
    run ! grep -q "$(cut -d_ -f3 admin.token)" backup/database.jsonl
    run ! grep -q "the password of ada" backup/database.jsonl
}
