#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154
# Several depots on one PostgreSQL, behind nginx: any of them may end, or stand still, at any time.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    # shellcheck source=tests/database.bash
    . "$BATS_TEST_DIRNAME/database.bash"
    # shellcheck source=tests/replicas.bash
    . "$BATS_TEST_DIRNAME/replicas.bash"
    slipway_setup
    load_pids=()
    replicas_setup
    database_start postgresql
    depot_setup ''
    local number
    for number in 1 2 3; do
        replica_start "$number"
    done
    front_start
}

teardown() {
    touch load-ends
    local pid
    for pid in "${load_pids[@]}"; do
        kill -CONT "$pid" 2>/dev/null || true
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    replicas_kill
    database_stop
}

# load NAME: makes products, each asked for until there is an answer that settles it: 201, or 409 when it had been made
# although nobody said so. What was settled is in load-NAME.
load() {
    local number=0 answer
    while [ ! -e load-ends ]; do
        number=$((number + 1))
        answer=
        while [ "$answer" != 201 ] && [ "$answer" != 409 ]; do
            answer=$(curl --noproxy '*' -s -m 5 -o /dev/null -w '%{http_code}' -X POST -H "Authorization: Bearer $depot_token" \
                -H 'Content-Type: application/json' --data-binary "{\"name\":\"$1-$number\"}" "$depot_url/api/v1/products") ||
                true
            echo "$1-$number $answer" >>"load-$1.log"
        done
        echo "$1-$number" >>"load-$1"
    done
}

load_start() {
    local name
    for name in a b c; do
        load "$name" 3>&- &
        load_pids+=($!)
    done
}

load_end() {
    touch load-ends
    wait "${load_pids[@]}"
    load_pids=()
    cat load-a load-b load-c | sort >settled
}

# Everything that was settled is there, nothing else is, and each is in the trail once.
nothing_lost_nothing_twice() {
    database_sql "SELECT name FROM products WHERE name LIKE '_-%'" | LC_ALL=C sort >there
    LC_ALL=C sort settled | diff - there
    [ "$(database_sql "SELECT COUNT(*), COUNT(DISTINCT subject) FROM audit WHERE subject LIKE '_-%'")" = \
        "$(wc -l <settled)|$(wc -l <settled)" ]
    [ "$(database_sql 'SELECT COUNT(*) = MAX(number) AND MAX(number) = (SELECT value FROM counters WHERE name = '"'audit'"') FROM audit')" = t ]
    "$slipway_depot" check --config depot.conf
}

@test "depots that are killed in turn under load lose nothing and do nothing twice" {
    load_start
    local number
    for number in 1 2 3; do
        sleep 0.5
        replica_end "$number" KILL
        sleep 0.3
        replica_start "$number"
    done
    sleep 0.5
    load_end
    echo "settled: $(wc -l <settled)"
    [ "$(wc -l <settled)" -gt 20 ]
    cut -d ' ' -f 2 load-?.log | sort | uniq -c
    nothing_lost_nothing_twice
    # Each of them did its part.
    for number in 1 2 3; do
        depot_url=http://127.0.0.1:${replica_ports[number]}
        answers 200 GET /api/v1/products/a-1
    done
}

# A release and a group, as rows; what this is about is who starts the rollout.
fleet_rows() {
    answers 201 POST /api/v1/products '{"name": "lamp"}'
    database_sql "
        INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, made_us, made_by, state,
            state_us, furthest) VALUES ('0', 'lamp', '', 1, 1, 'user', '[]', '[]', 1, 'ci', 'production', 1, 4);
        INSERT INTO groups (product, name, query, consent, windows, made_us)
            VALUES ('lamp', 'all', '{\"tag\":\"home\"}', 'automatic', '[]', 1);
        INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, kind, release_version, urgency,
            min_installed_version, hardware, notes, changes, state, state_us, reason, prepared_blob, request, blob, size, path,
            role, is_complete, replaces, made_us, made_by) VALUES ('lamp', 2, '0', 'production', 'stable', 'lamp-prod', 'prod',
            'feature', '2.0', 'routine', 0, '[]', '', '[]', 'published', 1, '', '', '', '0', 4711, 'lamp/stable/2.bundle',
            'lamp-stable-rollout', 0, 0, 1, 'admin')"
}

# leader LEASE: the number of the replica that holds it.
leader() {
    local holder number
    holder=$(database_sql "SELECT holder FROM leases WHERE name = '$1' AND until_us > 0")
    for number in 1 2 3; do
        [[ $holder != *"-${replica_pids[number]}-"* ]] || echo "$number"
    done
}

# eventually SECONDS COMMAND…: it comes true.
eventually() {
    local tenths=$(($1 * 10))
    shift
    until "$@"; do
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

rollout_is() { [ "$(database_sql 'SELECT state FROM rollouts')" = "$1" ]; }
rollout_is_not() { ! rollout_is "$1"; }
leader_is_not() { [ "$(leader rollouts)" != "$1" ] && [ -n "$(leader rollouts)" ]; }

@test "a leader that stood still past its lease and goes on does nothing twice" {
    fleet_rows
    eventually 10 leader_is_not none
    local stopped token start
    stopped=$(leader rollouts)
    token=$(database_sql "SELECT token FROM leases WHERE name = 'rollouts'")
    start=$(date -u -d '+6 seconds' +%Y-%m-%dT%H:%M:%SZ)
    answers 201 POST /api/v1/products/lamp/rollouts "{\"release\": 2, \"group\": \"all\", \"start\": \"$start\",
        \"plan\": {\"phases\": [{\"ppm\": 1000000, \"failure_ppm\": 100000}]}}"
    answers 200 POST "/api/v1/products/lamp/rollouts/$(jq .id <<<"$output")/start" '{}'
    rollout_is scheduled
    load_start
    kill -STOP "${replica_pids[stopped]}"
    # Its lease is over for the others, and isn't for itself: its clock stands as it stands.
    database_sql "UPDATE leases SET until_us = until_us - 10000000 WHERE token = $token AND name = 'rollouts'"
    eventually 15 leader_is_not "$stopped"
    eventually 15 rollout_is_not scheduled
    kill -CONT "${replica_pids[stopped]}"
    eventually 15 grep -q 'rollouts: lost' "depot-$stopped.log"
    sleep 2
    load_end
    [ "$(database_sql "SELECT token FROM leases WHERE name = 'rollouts'")" -gt "$token" ]
    leader_is_not "$stopped"
    database_sql "SELECT who, action, detail FROM audit WHERE action LIKE 'rollout%' ORDER BY number"
    database_sql "SELECT id, subject, data FROM events WHERE kind = 'rollout' ORDER BY id"
    [ "$(database_sql "SELECT COUNT(*) FROM events WHERE data LIKE '%its time has come%'")" = 1 ]
    [ "$(database_sql "SELECT COUNT(*) - COUNT(DISTINCT data) FROM events WHERE kind = 'rollout'")" = 0 ]
    [ "$(database_sql "SELECT COUNT(*) - COUNT(DISTINCT detail) FROM audit WHERE action LIKE 'rollout.%'")" = 0 ]
    nothing_lost_nothing_twice
}

@test "without the database every depot says so, and with it they go on" {
    local number
    answers 201 POST /api/v1/products '{"name": "before"}'
    database_halt
    for number in 1 2 3; do
        depot_url=http://127.0.0.1:${replica_ports[number]}
        answers 503 GET /api/v1/products/before
        answers 503 POST /api/v1/products '{"name": "meanwhile"}'
    done
    database_again
    for number in 1 2 3; do
        depot_url=http://127.0.0.1:${replica_ports[number]}
        answers 200 GET /api/v1/products/before
        answers 404 GET /api/v1/products/meanwhile
        answers 201 POST /api/v1/products "{\"name\": \"after-$number\"}"
    done
    "$slipway_depot" check --config depot.conf
}

# A device of that fleet that has enrolled and reported, as a row; its secret is $device_secret.
device_secret=$(printf 'secret-%.0s' {1..9})s
device_row() {
    database_sql "
        INSERT INTO devices (product, id, state, key_pem, new_key_pem, epoch, restores, secret, class, hardware, channel,
            attributes, tags, utc_offset_s, version, root_version, boot_state, slots, sequence, report, report_answer, healthy,
            pin, log_wanted, made_us) VALUES ('lamp', 'd1', 'enrolled', '', '', 1, 0,
            decode('$(printf %s "$device_secret" | sha256sum | cut -c 1-64)', 'hex'), 'prod', 'lamp-1', 'stable', '{}', '[\"home\"]', 0, 1, 1,
            'confirmed', '[]', 1, decode('$(printf '%064d' 0)', 'hex'), '', 1, 0, 0, 1)"
}

# offers NUMBER: what this replica answers the device: yes, no, or the status of HTTP.
offers() {
    depot_url=http://127.0.0.1:${replica_ports[$1]}
    depot_token=$device_secret api GET "/device/v1/lamp/d1/checkin?e=1&v=1&s=$(printf '%016d' 0)"
    if [ "$status" = 200 ]; then
        jq -r 'if .offer.release == 2 then "yes" else "no" end' <<<"$output"
    else
        echo "$status"
    fi
}
all_offer() { [ "$(offers 1) $(offers 2) $(offers 3)" = "$1 $1 $1" ]; }

# somebody_waits: for a lock in the database.
somebody_waits() { [ "$(database_sql 'SELECT COUNT(*) FROM pg_locks WHERE NOT granted')" -gt 0 ]; }

somebody_has_all_consents() {
    [ "$(database_sql "SELECT COUNT(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND relation = 'consents'::regclass")" = 1 ]
}

# stands_still_while_it_asks ROLLOUT: a depot that has read that it runs, and goes on after a halt of more than 5 s ago.
stands_still_while_it_asks() {
    local checkin holder
    holder='BEGIN; LOCK TABLE consents IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT'
    database_sql "$holder" >/dev/null 3>&- &
    load_pids+=($!)
    eventually 10 somebody_has_all_consents
    offers 1 >offered 3>&- &
    checkin=$!
    eventually 3 somebody_waits
    kill -STOP "${replica_pids[1]}"
    wait "${load_pids[-1]}"
    depot_url=http://127.0.0.1:${replica_ports[2]}
    answers 200 POST "$1/halt" '{}'
    sleep 5.2
    kill -CONT "${replica_pids[1]}"
    wait "$checkin"
    cat offered
    [ "$(cat offered)" = 503 ]
    answers 200 POST "$1/resume" '{}'
    eventually 10 all_offer yes
}

@test "no depot offers anything after a halt that another one committed, nor without the database" {
    fleet_rows
    device_row
    database_sql "UPDATE groups SET consent = 'ask'"
    answers 201 POST /api/v1/products/lamp/rollouts '{"release": 2, "group": "all",
        "plan": {"phases": [{"ppm": 1000000, "failure_ppm": 100000}]}}'
    local rollout number
    rollout=/api/v1/products/lamp/rollouts/$(jq .id <<<"$output")
    answers 200 POST "$rollout/start" '{}'
    eventually 10 all_offer yes
    for number in 1 2 3; do
        depot_url=http://127.0.0.1:${replica_ports[number]}
        answers 200 POST "$rollout/halt" '{}'
        SECONDS=0
        eventually 5 all_offer no
        [ "$SECONDS" -le 5 ]
        for _ in 1 2 3; do
            all_offer no
        done
        depot_url=http://127.0.0.1:${replica_ports[number]}
        answers 200 POST "$rollout/resume" '{}'
        eventually 10 all_offer yes
    done
    stands_still_while_it_asks "$rollout"
    database_halt
    for _ in 1 2 3; do
        all_offer 503
    done
    database_again
    eventually 10 all_offer yes
}

# device_event: what every replica hears of.
device_event() {
    database_sql "
        INSERT INTO events (id, time_us, product, kind, subject, data)
            SELECT value + 1, 1, 'lamp', 'device', 'd1', '{}' FROM counters WHERE name = 'events';
        UPDATE counters SET value = value + 1 WHERE name = 'events'"
}
# device_back: what was revoked isn't any more, by somebody elsewhere.
device_back() {
    database_sql "UPDATE devices SET state = 'enrolled',
        secret = decode('$(printf %s "$device_secret" | sha256sum | cut -c 1-64)', 'hex')"
    device_event
}
two_say() { [ "$(offers 1) $(offers 2)" = "$1 $1" ]; }
# all_remember: each answers without the row, which says that a log is wanted, though nobody told them.
all_remember() {
    all_offer no || return 1
    database_sql 'UPDATE devices SET log_wanted = 1'
    local number remembered=0
    for number in 1 2 3; do
        [ "$(offers "$number")" = no ]
        [ "$(jq .log api.out)" = true ] || remembered=$((remembered + 1))
    done
    database_sql 'UPDATE devices SET log_wanted = 0'
    [ "$remembered" = 3 ]
}

@test "what a depot remembers of check-ins ends with what another one does, and with the database" {
    fleet_rows
    device_row
    eventually 5 all_offer no
    eventually 15 all_remember
    # What is offered.
    answers 201 POST /api/v1/products/lamp/rollouts '{"release": 2, "group": "all",
        "plan": {"phases": [{"ppm": 1000000, "failure_ppm": 100000}]}}'
    local rollout
    rollout=/api/v1/products/lamp/rollouts/$(jq .id <<<"$output")
    answers 200 POST "$rollout/start" '{}'
    eventually 5 all_offer yes
    answers 200 POST "$rollout/halt" '{}'
    eventually 5 all_offer no
    eventually 15 all_remember
    # One that stood still has heard nothing meanwhile, and asks.
    kill -STOP "${replica_pids[3]}"
    depot_url=http://127.0.0.1:${replica_ports[2]}
    answers 204 POST /api/v1/products/lamp/devices/d1/revoke
    [ "$(offers 2)" = 403 ]
    eventually 3 two_say 403
    sleep 2.1
    kill -CONT "${replica_pids[3]}"
    [ "$(offers 3)" = 403 ]
    # Without the database nothing is remembered for longer than it was heard of.
    device_back
    eventually 5 all_offer no
    eventually 15 all_remember
    database_halt
    eventually 3 all_offer 503
    for _ in 1 2 3; do
        all_offer 503
    done
    database_again
    eventually 10 all_offer no
}
