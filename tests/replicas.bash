# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Several depots on one database, behind nginx. Source slipway.bash and depot.bash first.
#
#     replicas_setup && database_start postgresql && depot_setup ''
#     replica_start 1; replica_start 2; replica_start 3
#     front_start                 $depot_url is nginx's; https where $front_certificate and $front_key are set
#     replicas_kill               in teardown

replicas_setup() {
    replica_pids=()
    replica_ports=()
    nginx_pid=
}

replicas_kill() {
    local pid
    for pid in "${replica_pids[@]}" ${nginx_pid:+"$nginx_pid"}; do
        kill -CONT "$pid" 2>/dev/null || true
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# replica_start NUMBER: always on the same port.
replica_start() {
    local number=$1
    if [ -z "${replica_ports[number]:-}" ]; then
        port_take
        replica_ports[number]=$port_taken
    fi
    sed "s/^listen = .*/listen = 127.0.0.1:${replica_ports[number]}/" depot.conf >"depot-$number.conf"
    : >"depot-$number.out"
    "$slipway_depot" run --config "depot-$number.conf" >"depot-$number.out" 2>>"depot-$number.log" 3>&- &
    replica_pids[number]=$!
    for _ in $(seq 400); do
        ! grep -q '^listening on' "depot-$number.out" || return 0
        kill -0 "${replica_pids[number]}" 2>/dev/null || break
        sleep 0.05
    done
    cat "depot-$number.log"
    return 1
}

# replica_end NUMBER SIGNAL
replica_end() {
    kill "-$2" "${replica_pids[$1]}"
    wait "${replica_pids[$1]}" 2>/dev/null || true
}

# front_start: nginx before all of them; $depot_url is its own.
front_start() {
    port_take
    depot_url=http${front_certificate:+s}://127.0.0.1:$port_taken
    front_configuration "$port_taken" >nginx.conf
    PATH=$PATH:/usr/sbin nginx -p "$PWD" -c "$PWD/nginx.conf" -e "$PWD/nginx.log" </dev/null >nginx.out 2>&1 3>&- &
    nginx_pid=$!
    for _ in $(seq 400); do
        [ ! -s nginx.pid ] || return 0
        kill -0 "$nginx_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat nginx.log
    return 1
}

# What nginx needs to keep connections to the depots.
front_keeps_connections() {
    [ -z "${front_certificate:-}" ] || printf 'proxy_http_version 1.1; proxy_set_header Connection "";'
}

# It asks another one only when nothing of a call has been sent: what is done twice, nginx didn't do.
front_configuration() {
    cat <<END
daemon off;
master_process off;
pid $PWD/nginx.pid;
events { worker_connections ${front_connections:-256}; }
http {
    access_log off;
    client_body_temp_path $PWD/temp-body;
    proxy_temp_path $PWD/temp-proxy;
    fastcgi_temp_path $PWD/temp-fastcgi;
    uwsgi_temp_path $PWD/temp-uwsgi;
    scgi_temp_path $PWD/temp-scgi;
    upstream depots {
$(printf '        server 127.0.0.1:%s max_fails=1 fail_timeout=1s;\n' "${replica_ports[@]}")
        ${front_certificate:+keepalive 64;}
    }
    server {
        listen 127.0.0.1:$1${front_certificate:+ ssl};
        ${front_certificate:+ssl_certificate $front_certificate; ssl_certificate_key $front_key;}
        location / {
            proxy_pass http://depots;
            $(front_keeps_connections)
            proxy_connect_timeout 1s;
            proxy_read_timeout ${front_timeout:-3s};
        }
    }
}
END
}
