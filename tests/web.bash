# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Web servers for scenarios, with everything of theirs in a directory of their own: nginx, as an origin and as the cache of
# a CDN, and the proxy of tests/tuf/proxy.mjs. Loaded by tests/tuf-network*.bats; ports are free ones of 127.0.0.1, and
# each server is stopped by its process id.
#
#     client -> proxy -> edge (nginx, caching) -> origin (nginx) -> $web/site/current

# shellcheck source=tools/ports.bash
. "${BASH_SOURCE[0]%/*}/../tools/ports.bash"

web=$BATS_FILE_TMPDIR

# start_web: for setup_file, when $web/site has the repositories; `first` is served.
start_web() {
    local origin
    ln -sfn first "$web/site/current"
    start_nginx "$web/origin" "root $web/site/current;"
    origin=http://127.0.0.1:$(cat "$web/origin/port")
    # Whatever has a version or a hash in its name never changes; the timestamp does.
    start_nginx "$web/edge" \
        "proxy_cache cdn;" \
        "proxy_cache_valid 200 1h;" \
        "proxy_cache_valid 404 1s;" \
        "location / { proxy_pass $origin; }" \
        "location = /metadata/timestamp.json { proxy_pass $origin; proxy_cache_valid 200 2s; }"
    start_proxy "$web/proxy" "$(cat "$web/edge/port")"
}

stop_web() {
    stop_server "$web/proxy"
    stop_server "$web/edge"
    stop_server "$web/origin"
}

# enter_web: for setup; $origin, $edge and $proxy are their URLs, and nothing is wrong with any.
enter_web() {
    unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
    origin=http://127.0.0.1:$(cat "$web/origin/port")
    edge=http://127.0.0.1:$(cat "$web/edge/port")
    proxy=http://127.0.0.1:$(cat "$web/proxy/port")
    serve first
    faults
}

# serve NAME: which repository the origin has from now on; the edge forgets what it had.
serve() {
    ln -sfn "$1" "$web/site/current"
    rm -rf "$web/edge/cache"/*
}

# shellcheck disable=SC2120 # scenarios pass them
# faults LINE…: what the proxy does wrong from now on; its log begins anew.
faults() {
    printf '%s\n' "$@" >"$web/proxy/faults.new"
    mv "$web/proxy/faults.new" "$web/proxy/faults"
    : >"$web/proxy/log"
}

# asked PATTERN: how many lines of the proxy's log have it.
asked() { grep -cE "$1" "$web/proxy/log" || true; }

# current NAME ROLE: the newest metadata file of a role in a repository, `N.ROLE.json`.
current() {
    if [ "$2" = timestamp ]; then
        echo timestamp.json
    else
        basename "$(find "$web/site/$1/metadata" -name "*.$2.json" | sort -V | tail -n 1)"
    fi
}

# start_nginx DIR TEXT…: serves with the lines of a server's configuration; its port is in DIR/port, its pid in DIR/pid.
start_nginx() {
    local dir=$1
    shift
    mkdir -p "$dir"
    port_take
    nginx_configuration "$dir" "$port_taken" "$@" >"$dir/nginx.conf"
    # Debian keeps it where only root's PATH leads
    PATH=$PATH:/usr/sbin nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" </dev/null >"$dir/out.log" 2>&1 3>&- &
    echo $! >"$dir/pid"
    if ! wait_for_nginx "$dir"; then
        cat "$dir/error.log"
        return 1
    fi
}

# nginx_configuration DIR PORT LINE…: one process, nothing outside of DIR.
nginx_configuration() {
    local dir=$1 port=$2
    shift 2
    echo "$port" >"$dir/port"
    cat <<END
daemon off;
master_process off;
pid $dir/nginx.pid;
events { worker_connections 256; }
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/temp-body;
    proxy_temp_path $dir/temp-proxy;
    fastcgi_temp_path $dir/temp-fastcgi;
    uwsgi_temp_path $dir/temp-uwsgi;
    scgi_temp_path $dir/temp-scgi;
    types { application/json json; }
    default_type application/octet-stream;
    proxy_cache_path $dir/cache keys_zone=cdn:1m;
    server {
        listen 127.0.0.1:$port;
$(printf '        %s\n' "$@")
    }
}
END
}

# Until it listens, which it does when it has written its pid; fails when it ended instead.
wait_for_nginx() {
    local tenths=100
    while [ ! -s "$1/nginx.pid" ]; do
        kill -0 "$(cat "$1/pid")" 2>/dev/null || return 1
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# start_proxy DIR UPSTREAM-PORT: its port is in DIR/port, its pid in DIR/pid, what it shall do wrong in DIR/faults.
start_proxy() {
    local dir=$1 tenths=100
    mkdir -p "$dir"
    : >"$dir/faults"
    : >"$dir/log"
    node "$BATS_TEST_DIRNAME/tuf/proxy.mjs" "$2" "$dir" </dev/null >"$dir/out.log" 2>&1 3>&- &
    echo $! >"$dir/pid"
    while [ ! -f "$dir/port" ]; do
        if ! kill -0 "$(cat "$dir/pid")" 2>/dev/null || [ $((tenths--)) -eq 0 ]; then
            cat "$dir/out.log"
            return 1
        fi
        sleep 0.1
    done
}

# stop_server DIR: by its process id; once is enough.
stop_server() {
    local pid tenths=50
    [ -f "$1/pid" ] || return 0
    pid=$(cat "$1/pid")
    rm "$1/pid"
    kill "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do
        [ $((tenths--)) -gt 0 ] || kill -KILL "$pid" 2>/dev/null || true
        sleep 0.1
    done
}
