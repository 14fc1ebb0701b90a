#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The signing service as processes: key process, judge, front, and the command line that asks it.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/token.bash
    . "$BATS_TEST_DIRNAME/token.bash"
    # shellcheck source=tests/signer.bash
    . "$BATS_TEST_DIRNAME/signer.bash"
    slipway_setup
}

teardown() { signer_stop; }

@test "a production bundle is signed by a key in a token once two people approved it" {
    signer_setup
    signer_start
    grep -q 'key lamp-prod: pkcs11:.*object=prod' signer.log
    signer_bundle app.bundle prod 3
    sign submit app.bundle --key lamp-prod --channel stable --requester-key ci.key
    [ "$status" -eq 7 ]
    id=$output
    signer_wait "$id" waiting
    sign approve "$id" --approver-key ada.key --yes
    [ "$status" -eq 0 ] || { cat stderr; false; }
    sign approve "$id" --approver-key ben.key --yes
    [ "$status" -eq 0 ] || { cat stderr; false; }
    signer_wait "$id" signed
    sign fetch "$id" app.bundle
    [ "$status" -eq 0 ] || { cat stderr; false; }
    ok bundle verify app.bundle --trusted-root prod-root.root --log "$log_vkey"
}

# Asks for a test bundle of this version to be signed, and waits for it.
sign_test_bundle() {
    signer_bundle "test$1.bundle" test "$1"
    sign submit "test$1.bundle" --key lamp-test --requester-key ci.key --wait --timeout 20s
    [ "$status" -eq 0 ] || { cat stderr signer.log; false; }
}

@test "the key process maps no library but its own, the C library, libcrypto, libseccomp and the module's" {
    signer_setup
    signer_start
    sign_test_bundle 1
    # The module needs the C++ library and what that needs.
    grep -o '/.*' "/proc/$signer_pid/maps" | sed 's/ (deleted)$//' | grep -v '^/memfd:\|^/dev/zero' | sort -u >mapped
    grep -vE '/(slipway-signer-keys|ld-linux-x86-64\.so\.2|libc\.so\.6|libcrypto\.so\.3|libseccomp\.so\.2(\.[0-9.]+)?|libsofthsm2\.so|libstdc\+\+\.so\.6(\.[0-9.]+)?|libgcc_s\.so\.1|libm\.so\.6)$' \
        mapped >others || true
    [ ! -s others ] || { cat others; false; }
    grep -q libsofthsm2.so mapped
}

# A fork for each bundle copies each mapping of a library: with libraries it is dearer by half.
@test "a judge maps no library where there are archives of them" {
    local judge library
    judge=$(dirname "$slipway")/slipway-signer-judge
    ! grep -q __asan_init "$judge" || skip "sanitizers need their libraries"
    for library in crypto seccomp c; do
        [ -e "$(cc -print-file-name="lib$library.a")" ] || skip "no lib$library.a"
    done
    readelf --program-headers "$judge" >headers
    grep -q 'LOAD' headers
    [ "$(grep -c 'INTERP' headers)" -eq 0 ]
    readelf --file-header "$judge" | grep -q 'DYN' # and is at another address each time
}

@test "the key process has no network, gains no privileges, and starts nothing" {
    signer_setup
    signer_start
    grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$signer_pid/status"
    grep -q '^Seccomp:[[:space:]]*2' "/proc/$signer_pid/status"
    # A sanitizer's memory is too much to be locked, so that it takes these calls away.
    is_sanitized "$signer_keys" || grep -q '^VmLck:[[:space:]]*[1-9]' "/proc/$signer_pid/status"
    local sockets
    sockets=$(find "/proc/$signer_pid/fd" -lname 'socket:*' | wc -l)
    # Those to the front, to whoever starts fronts, and to whoever starts judges.
    [ "$sockets" -le 3 ]
    [ -z "$(tr '\0' '\n' <"/proc/$signer_pid/environ" 2>/dev/null | grep -i pin)" ]
}

# before_init: what others than root need. Their way here, the programs, for the project may be where only root gets to, a
# place for the socket, the token, and the state.
before_init() {
    local folder=$PWD
    cp "${SLIPWAY_BIN_DIR:-$source_dir/build/bin}"/slipway-signer{,-judge} .
    while [ "$folder" != /tmp ] && [ "$folder" != / ]; do
        chmod o+x "$folder"
        folder=$(dirname "$folder")
    done
    chmod 1777 .
    chown -R nobody:root token
    chmod -R g+rwX token
    install -d -m 700 -o nobody state
}

# status_of PID NAME: a line of /proc/PID/status, without its name.
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# As tmpfiles.d and the unit have it: root with the unit's capabilities, and the state is the key process's.
@test "as its unit starts it, the three are three users without capabilities" {
    [ "$(id -u)" -eq 0 ] || skip "only root becomes others"
    local pid judge front keys bounds
    signer_setup . ".user = \"nobody\" | .front += {user: \"daemon\", program: \"$PWD/slipway-signer\"} |
        .judge += {user: \"bin\", program: \"$PWD/slipway-signer-judge\"}" before_init
    [ "$(stat -c %U state state/log/checkpoint | sort -u)" = nobody ]
    mapfile -t bounds < <(sed -n 's/^CapabilityBoundingSet=//p' "$source_dir/packaging/systemd/slipway-signer.service" |
        tr 'A-Z ' 'a-z\n' | sed 's/^cap_/+/')
    [ "${#bounds[@]}" -eq 2 ]
    keys=$signer_keys
    # LimitMEMLOCK is for systemd to set; where this shell may not, memory stays unlocked here, as another test's concern.
    echo '#!/bin/sh' >bounded
    if ! ulimit -l unlimited 2>/dev/null; then
        echo 'int mlockall(int flags); int mlockall(int flags) { return flags & 0; }' >unlocked.c
        "${CC:-cc}" -shared -fPIC -o unlocked.so unlocked.c
        echo "export LD_PRELOAD='$PWD/unlocked.so'" >>bounded
    fi
    echo "exec setpriv --no-new-privs --bounding-set=-all,$(IFS=,; echo "${bounds[*]}") '$keys' \"\$@\"" >>bounded
    chmod +x bounded
    signer_keys=$PWD/bounded
    signer_start
    judge=$(pgrep -P "$signer_pid" -f slipway-signer-judge)
    front=$(pgrep -P "$(pgrep -P "$signer_pid" -f 'slipway-signer-keys run')" -x slipway-signer)
    [ "$(for pid in "$signer_pid" "$front" "$judge"; do status_of "$pid" Uid | xargs -n 1 | sort -u | xargs id -nu; done | xargs)" = 'nobody daemon bin' ]
    for pid in "$signer_pid" "$front" "$judge"; do
        [ "$(status_of "$pid" CapPrm)$(status_of "$pid" CapEff)$(status_of "$pid" CapInh)$(status_of "$pid" CapAmb)" = "$(printf '%064d' 0)" ]
        [ "$(status_of "$pid" NoNewPrivs) $(status_of "$pid" Seccomp)" = '1 2' ]
        chrt --pid "$pid" | grep -q SCHED_BATCH
    done
    sign_test_bundle 1
}

@test "a service that is killed loses nothing that it answered" {
    signer_setup
    signer_start
    sign_test_bundle 1
    signer_bundle app.bundle prod 1
    sign submit app.bundle --key lamp-prod --channel stable --requester-key ci.key
    id=$output
    signer_wait "$id" waiting
    sign approve "$id" --approver-key ada.key --yes
    signer_stop KILL
    signer_start
    sign show "$id"
    [[ $output == *ada* ]]
    sign approve "$id" --approver-key ben.key --yes
    signer_stop KILL
    signer_start
    signer_wait "$id" signed
    sign fetch "$id" app.bundle
    [ "$status" -eq 0 ]
    signer_stop
    ok audit verify state/log --log "$log_vkey"
}

@test "a front that ends is started again" {
    signer_setup
    signer_start
    local front
    front=$(pgrep -P "$(pgrep -P "$signer_pid" -f 'slipway-signer-keys run')" -x slipway-signer)
    kill -KILL "$front"
    for _ in $(seq 100); do
        sleep 0.05
        sign list
        [ "$status" -ne 0 ] || break
    done
    [ "$status" -eq 0 ]
    sign_test_bundle 1
}

@test "a hostile front in the place of the front gets nothing signed" {
    # It has the front's socket and sends what a front never would.
    cat >hostile <<'END'
#!PYTHON
import os, socket, sys
end = socket.socket(fileno=3)
end.settimeout(2)
for packet in (b"", b"\x08\x01", b"\xff" * 4000, os.urandom(190000), b"\x08\x01\x10\x01\x3a\x04null"):
    try:
        end.send(packet)
    except OSError:
        sys.exit(0)
END
    sed -i "1s|.*|#!$(command -v python3)|" hostile
    chmod +x hostile
    signer_setup . ".front.program = \"$PWD/hostile\" | del(.front.settings)"
    "$signer_keys" run --config keys.conf 2>>signer.log 3>&- &
    signer_pid=$!
    for _ in $(seq 200); do
        ! grep -q 'broke the protocol' signer.log || break
        sleep 0.1
    done
    grep 'broke the protocol' signer.log && kill -0 "$signer_pid" || { cat signer.log; false; }
    signer_stop
    # Nothing but the start came into the log.
    [ "$("$signer_keys" show --config keys.conf | jq .size)" -eq 3 ]
}

# front_program NAME PYTHON: a program for the front's place, which calls what tests/signer/fronts.py has.
front_program() {
    printf '#!%s -B\nimport sys\nsys.path.insert(0, "%s/tests/signer")\nimport fronts\n%s\n' "$(command -v python3)" "$source_dir" "$2" >"$1"
    chmod +x "$1"
}

# effects: how many signatures, approvals and requests the log has.
effects() {
    local kind
    ok audit show state/log --log "$log_vkey"
    for kind in signature approval request; do grep -c "^[0-9]*  [^ ]*  $kind  " <<<"$output"; done | xargs
}

@test "a hostile front with all recorded traffic gets nothing signed and nothing approved" {
    front_program recorder "fronts.record('$(dirname "$slipway")/slipway-signer', '$PWD/traffic')"
    front_program hostile "fronts.attack('$PWD/traffic', '$PWD/rounds', 1.5)"
    signer_setup . ".front.program = \"$PWD/recorder\""
    signer_start
    sign_test_bundle 1
    local version
    for version in 1 2; do
        signer_bundle "app$version.bundle" prod "$version"
        sign submit "app$version.bundle" --key lamp-prod --channel stable --requester-key ci.key
        id=$output
        signer_wait "$id" waiting
        sign approve "$id" --approver-key ada.key --yes
        [ "$version" = 2 ] || sign approve "$id" --approver-key ben.key --yes
        [ "$version" = 2 ] || signer_wait "$id" signed
    done
    signer_stop
    [ "$(effects)" = "2 3 3" ]

    signer_settings ".front.program = \"$PWD/hostile\""
    "$signer_keys" run --config keys.conf 2>>signer.log 3>&- &
    signer_pid=$!
    for _ in $(seq 1200); do
        [ ! -e rounds ] || [ "$(wc -l <rounds)" -lt 3 ] || break
        sleep 0.05
    done
    kill -0 "$signer_pid"
    signer_stop
    # It was heard: this isn't about a front that nobody listens to.
    awk '{ said += $1; answered += $2 } END { exit !(said > 200 && answered > said / 2) }' rounds
    [ "$(effects)" = "2 3 3" ]
    ok audit verify state/log --log "$log_vkey"

    signer_settings
    signer_start
    sign show "$id"
    [[ $output == *"state: waiting"* ]]
    sign approve "$id" --approver-key ben.key --yes
    signer_wait "$id" signed
}

@test "a wrong PIN is tried once, and a production key in a file not at all" {
    signer_setup
    echo 9999 >token/lamp.pin
    for _ in 1 2 3; do
        status=0
        "$signer_keys" run --config keys.conf 2>err </dev/null || status=$?
        [ "$status" -ne 0 ]
        grep -q 'token' err
    done
    # Three starts with it, and the token isn't locked: the right one still opens it.
    echo 1234 >token/lamp.pin
    ok key show "$(token_uri lamp prod)" --retry-pin
    ok key generate prod-file.key
    signer_policy ".keys.\"lamp-prod\".key = $(signer_pem prod-file.key.pub)"
    signer_policy_envelope admin1.key admin2.key >policy.envelope
    rm -r state
    signer_settings ".keys.\"lamp-prod\".key = \"$PWD/prod-file.key\""
    "$signer_keys" init --config keys.conf --administrators policy.envelope
    status=0
    "$signer_keys" run --config keys.conf 2>err </dev/null || status=$?
    [ "$status" -eq 3 ]
    grep -q 'refused: wrong-class' err
}

@test "a copy of a log starts only when its administrators say so" {
    signer_setup
    signer_start
    sign_test_bundle 1
    signer_stop
    cp -a state elsewhere
    signer_settings ".state = \"$PWD/elsewhere\""
    status=0
    "$signer_keys" run --config keys.conf 2>err </dev/null || status=$?
    [ "$status" -eq 3 ]
    grep -q 'refused: not-active' err
    "$signer_keys" show --config keys.conf >shown
    jq --arg signer "$signer_origin" '{signer: $signer, epoch: (.epoch + 1), size, root, marks: .marks,
        issued: "2026-01-01T00:00:00Z"}' shown >takeover.json
    signer_envelope urn:slipway:takeover:v1 '' "$(jq -r .root shown)" takeover.json admin1.key >one.envelope
    status=0
    "$signer_keys" takeover --config keys.conf --statement one.envelope 2>err || status=$?
    [ "$status" -eq 3 ]
    signer_envelope urn:slipway:takeover:v1 '' "$(jq -r .root shown)" takeover.json admin1.key admin2.key >both.envelope
    "$signer_keys" takeover --config keys.conf --statement both.envelope
    signer_start
    sign_test_bundle 2
}
