# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Ports for servers that must be told theirs. The system gives none of these to a connection or to who asks for any port,
# and each is locked by who took it and by the programs that it starts, until the last of them has ended: what begins at the
# same time takes others. Programs that can listen on port 0 and say where they do need none of this.
#
#     port_take && port=$port_taken         not in a subshell, which would let go of it at once

# port_take: a port on loopback in $port_taken, for as long as this shell or a child of it lives.
port_take() {
    local locks=/tmp/slipway-ports-$UID first last tries lock
    read -r first last </proc/sys/net/ipv4/ip_local_port_range
    mkdir -m 700 "$locks" 2>/dev/null || { [ -O "$locks" ] && [ ! -L "$locks" ]; } || return 1 # nobody else's
    for tries in $(seq 200); do
        port_taken=$((10000 + (RANDOM * 32768 + RANDOM) % 50000))
        ((port_taken < first || port_taken > last || last - first > 50000)) || continue
        exec {lock}>>"$locks/$port_taken"
        # somebody who knows nothing of the locks may listen there
        if flock -n "$lock" && ! (exec 2>/dev/null 4<>"/dev/tcp/127.0.0.1/$port_taken"); then
            return 0
        fi
        exec {lock}>&-
    done
    echo "no port is free, after $tries tries" >&2
    return 1
}
