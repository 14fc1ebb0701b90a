# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Databases for scenarios: SQLite in the current directory, or a PostgreSQL of the test's own on a local socket.
#
#     database_start postgresql           sets $depot_database, which depot_setup takes
#     database_sql 'SELECT COUNT(*) FROM products'
#     database_halt; database_again       (PostgreSQL alone: it goes away and comes back)
#     database_stop                       in teardown
#
# database_serve_tls makes one that was started listen on a port, with TLS and passwords.
# With database_durable=1, for measurements, it waits for the disk as it would in earnest.
# With database_room=64m it is on a file system of its own, of that size (who isn't root can't have one: returns 2).
# A server runs as nobody when the test runs as root, and sorts as people do, not by bytes.

# database_start KIND
database_start() {
    database_kind=$1
    depot_database=sqlite:$PWD/depot.db
    [ "$1" = postgresql ] || return 0
    local program
    for program in /usr/lib/postgresql/*/bin; do
        [ ! -x "$program/postgres" ] || database_programs=$program
    done
    database_dir=$(mktemp -d "$(database_place)/slipway-database-XXXXXX")
    depot_database="postgresql://slipway@/depot?host=$database_dir"
    [ -z "${database_room:-}" ] || mount -t tmpfs -o "size=$database_room" tmpfs "$database_dir" 2>mount.log || return 2
    [ "$(id -u)" -ne 0 ] || chown nobody "$database_dir"
    (cd "$database_dir" && database_as_nobody "$database_programs/initdb" -D data -U slipway -A trust -N -E UTF8 \
        --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --wal-segsize="${database_segment:-16}") >"$PWD/initdb.log" 2>&1
    database_again
    "$database_programs/createdb" -h "$database_dir" -U slipway depot
}

# In memory where there is room, for a disk takes twice as long with its thousand files; but not when it shall wait for one.
database_place() {
    local room
    room=$(df --output=avail -B 1G /dev/shm 2>/dev/null | tail -n 1)
    if [ -z "${database_durable:-}" ] && [ -w /dev/shm ] && [ "${room:-0}" -ge 2 ]; then echo /dev/shm; else echo /tmp; fi
}

database_as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
    exec "$@"
}

# database_again: starts the server.
database_again() {
    (cd "$database_dir" && database_as_nobody "$database_programs/postgres" -D data -k "$database_dir" -h "${database_listen:-}" \
        -c "fsync=$([ -n "${database_durable:-}" ] && echo on || echo off)" -c max_connections=60 -c shared_buffers=16MB) </dev/null >>"$PWD/postgres.log" 2>&1 3>&- &
    database_pid=$!
    for _ in $(seq 400); do
        ! grep -qs '^ready' "$database_dir/data/postmaster.pid" || return 0
        kill -0 "$database_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat "$PWD/postgres.log"
    return 1
}

# database_serve_tls: over TCP on $database_port, with certificates of ca.crt; slipway's password is in pgpass.
database_serve_tls() {
    local data=$database_dir/data
    database_sql "ALTER ROLE slipway PASSWORD 'of the test'" >psql.log
    database_halt
    port_take
    database_port=$port_taken
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 9 \
        -addext 'subjectAltName = DNS:localhost' -keyout "$data/server.key" -out "$data/server.crt" 2>openssl.log
    cp "$data/server.crt" ca.crt
    [ "$(id -u)" -ne 0 ] || chown nobody "$data/server.key" "$data/server.crt"
    chmod 600 "$data/server.key"
    printf "port = %s\nlisten_addresses = '127.0.0.1'\nssl = on\n" "$database_port" >>"$data/postgresql.conf"
    printf 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n' >"$data/pg_hba.conf"
    (umask 077 && echo "localhost:$database_port:*:slipway:of the test" >pgpass)
    database_listen=127.0.0.1
    database_again
}

# database_halt [SIGNAL]: INT ends sessions and goes down in order, QUIT is as if the power were cut.
database_halt() {
    [ -n "${database_pid:-}" ] || return 0
    kill "-${1:-INT}" "$database_pid" 2>/dev/null || true
    wait "$database_pid" 2>/dev/null || true
    database_pid=
}

database_stop() {
    database_halt QUIT
    [ -z "${database_room:-}" ] || umount "${database_dir:-/none}" 2>/dev/null || true
    [ -z "${database_dir:-}" ] || rm -rf "$database_dir"
    database_dir=
    database_room=
    database_listen=
}

# database_sql SQL: what it gives, a row a line, columns with | between.
database_sql() {
    if [ "$database_kind" = sqlite ]; then
        sqlite3 -bail depot.db "$1"
    else
        "$database_programs/psql" -XAtq -v ON_ERROR_STOP=1 -h "$database_dir" -p "${database_port:-5432}" -U slipway depot -c "$1"
    fi
}
