#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A repository on a real web server, behind the cache of a CDN, and behind a proxy that cuts, stalls, corrupts, truncates
# and replays: each fault ends in the refusal that names it, or in a completed transfer; and none of them keeps the
# client from the next update.

load web

slipway=${SLIPWAY_BIN_DIR:-$BATS_TEST_DIRNAME/../build/bin}/slipway

setup_file() {
    node "$BATS_TEST_DIRNAME/tuf/publish.mjs" "$web/site"
    start_web
}

teardown_file() { stop_web; }

setup() {
    cd "$BATS_TEST_TMPDIR"
    enter_web
    new_client state
}

# What a test started for itself.
teardown() {
    local pid
    for pid in "$BATS_TEST_TMPDIR"/*/client; do
        [ ! -f "$pid" ] || kill -KILL "$(cat "$pid")" 2>/dev/null || true
    done
    for pid in "$BATS_TEST_TMPDIR"/*/proxy/pid; do
        stop_server "${pid%/pid}"
    done
}

# new_client DIR: one that trusts the first root and knows nothing else.
new_client() {
    rm -rf "$1"
    mkdir -p "$1/metadata" "$1/targets"
    "$slipway" tuf --metadata-dir "$1/metadata" init "$web/site/root.json"
}

# refresh URL [DIR], download URL TARGET [DIR]
refresh() { "$slipway" tuf --metadata-dir "${2:-state}/metadata" --metadata-url "$1/metadata" refresh 2>stderr; }
download() {
    "$slipway" tuf --metadata-dir "${3:-state}/metadata" --metadata-url "$1/metadata" --target-name "$2" \
        --target-base-url "$1/targets" --target-dir "${3:-state}/targets" download 2>stderr
}

# fails REASONS COMMAND…: exits 1 for one of these reasons (`a|b`).
fails() {
    local reasons=$1 status=0
    shift
    "$@" || status=$?
    if [ "$status" -ne 1 ] || ! grep -qE "^(refused|failed): ($reasons): ." stderr; then
        echo "$*: exit $status, expected $reasons, said:"
        cat stderr "$web/proxy/log"
        return 1
    fi
}

succeeds() {
    if ! "$@"; then
        echo "$*: failed, saying:"
        cat stderr "$web/proxy/log"
        return 1
    fi
}

# has_app RELEASE [DIR], has_image [DIR]: it is there, and nothing else is but those two.
has_app() { [ "$(cat "${2:-state}/targets/team%2Fapp")" = "release $1" ]; }
has_image() { cmp "${1:-state}/targets/team%2Fimage" "$web/site/image"; }
has_nothing() { [ -z "$(ls -A state/targets)" ]; }

version_of() { jq .signed.version "state/metadata/$1.json"; }

@test "serves a client from an origin, from a cache and through a proxy" {
    for url in "$origin" "$edge" "$proxy"; do
        new_client state
        succeeds download "$url" team/app
        succeeds download "$url" team/image
        has_app 1
        has_image
    done
}

@test "a refresh with nothing new is two requests" {
    succeeds download "$proxy" team/app
    faults
    succeeds download "$proxy" team/app
    [ "$(wc -l <"$web/proxy/log")" -eq 2 ]
    [ "$(asked '^/metadata/2.root.json - 404$')" -eq 1 ]
    [ "$(asked '^/metadata/timestamp.json - 200$')" -eq 1 ]
}

@test "a second client is served by the cache alone" {
    succeeds download "$edge" team/image
    : >"$web/origin/access.log"
    new_client second
    succeeds download "$edge" team/image second
    has_image second
    [ "$(grep -cE 'image|snapshot|targets\.json|team\.json' "$web/origin/access.log" || true)" -eq 0 ]
}

@test "a cache that is behind delays an update, and rolls nobody back" {
    succeeds download "$edge" team/app
    ln -sfn second "$web/site/current"
    # the timestamp stays in the cache for two seconds
    succeeds download "$edge" team/app
    new_client ahead
    succeeds download "$origin" team/app ahead
    has_app 2 ahead
    has_app 1
    if ! refresh "$edge" ahead; then
        grep -q '^refused: rollback: ' stderr
    fi
    for _ in $(seq 50); do
        succeeds download "$edge" team/app
        if has_app 2; then break; fi
        sleep 0.2
    done
    has_app 2
    [ "$(version_of root)" -eq 2 ]
    succeeds refresh "$edge" ahead
}

# check_fault KIND FILE REASONS: a client that knows the first release doesn't get the second one, and does when the fault
# is gone. KIND may have an argument: `status=503`.
check_fault() {
    local kind=${1%%=*} argument=
    [[ $1 != *=* ]] || argument=${1#*=}
    rm -rf state
    cp -r before state
    faults "always $kind $2 $argument"
    fails "$3" download "$proxy" team/app
    has_nothing
    [ "$(version_of root)" -eq 2 ]
    faults
    succeeds download "$proxy" team/app
    has_app 2
}

# check_faults ROLE: each of those below in the role's file.
check_faults() {
    local fault reasons
    succeeds refresh "$origin"
    serve second
    cp -r state before
    while read -r fault reasons; do
        check_fault "$fault" "metadata/$(current second "$1")" "$reasons"
    done <<END
cut unavailable
reset unavailable
truncate malformed
extend malformed
corrupt malformed|below-threshold|bad-key|wrong-role|bad-spec-version
status=503 unavailable
status=404 unavailable
encode unavailable
redirect=http://localhost:9/ unavailable
replay=$web/site/image too-large|malformed
replay=$web/site/second/metadata/2.root.json wrong-role
END
}

@test "each fault of a timestamp is refused by its name, and gone with the fault" {
    check_faults timestamp
}

@test "each fault of a snapshot is refused by its name, and gone with the fault" {
    check_faults snapshot
}

@test "each fault of the targets is refused by its name, and gone with the fault" {
    check_faults targets
}

@test "each fault of a delegated role is refused by its name, and gone with the fault" {
    check_faults team
}

@test "each fault of a root is refused by its name, and gone with the fault" {
    local fault reasons
    serve second
    while read -r fault reasons; do
        faults "always ${fault/=/ 2.root.json }"
        [[ $fault == *=* ]] || faults "always $fault 2.root.json"
        new_client state
        fails "$reasons" refresh "$proxy"
        [ "$(version_of root)" -eq 1 ]
        [ "$(ls state/metadata)" = root.json ]
        faults
        succeeds refresh "$proxy"
        [ "$(version_of root)" -eq 2 ]
    done <<END
cut unavailable
truncate malformed
corrupt malformed|below-threshold|root-untrusted|root-self-unsigned|bad-key|bad-threshold|wrong-role|bad-spec-version
status=500 unavailable
status=401 unavailable
encode unavailable
replay=$web/site/root.json root-rollback
replay=$web/site/second/metadata/timestamp.json wrong-role
END
}

@test "replayed metadata roll nothing back and don't mix" {
    succeeds download "$origin" team/app
    serve second
    succeeds download "$origin" team/app
    has_app 2
    cp -r state before
    faults "always replay timestamp.json $web/site/first/metadata/timestamp.json"
    fails rollback refresh "$proxy"
    # whoever knows only the first release is kept there, and is given nothing of both
    new_client state
    serve first
    succeeds refresh "$origin"
    serve second
    succeeds refresh "$proxy"
    [ "$(version_of timestamp)" -eq "$(jq .signed.version "$web/site/first/metadata/timestamp.json")" ]
    faults "always replay $(current second snapshot) $web/site/first/metadata/$(current first snapshot)"
    fails mix-and-match download "$proxy" team/app
    faults "always replay $(current second targets) $web/site/first/metadata/$(current first targets)"
    fails mix-and-match download "$proxy" team/app
    faults "always replay $(current second team) $web/site/first/metadata/$(current first team)"
    fails mix-and-match download "$proxy" team/app
    has_nothing
    faults
    succeeds download "$proxy" team/app
    has_app 2
}

@test "each fault of a target is refused by its name, and gone with the fault" {
    local fault reasons
    serve second
    while read -r fault reasons; do
        new_client state
        faults "always ${fault/=/ .app }"
        [[ $fault == *=* ]] || faults "always $fault .app"
        fails "$reasons" download "$proxy" team/app
        has_nothing
        faults
        succeeds download "$proxy" team/app
        has_app 2
    done <<END
corrupt wrong-hash
truncate wrong-length
extend too-large
status=503 unavailable
status=404 unavailable
encode unavailable
redirect=https://localhost:9/ unavailable
replay=$(ls "$web/site/first/targets/team/"*.app) wrong-hash
replay=$web/site/image too-large
END
}

@test "a transfer that breaks once is completed by its rest" {
    local kind
    for kind in cut reset; do
        new_client state
        faults "1 $kind .image 1000000"
        succeeds download "$proxy" team/image
        has_image
        [ "$(asked '\.image - 200$')" -eq 1 ]
        [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
    done
}

@test "a transfer that breaks again and again is completed piece by piece" {
    faults "always cut .image 300000"
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=.* 206$')" -eq 9 ]
}

@test "a transfer that brings nothing more ends, and the next run completes it" {
    faults "1 cut .image 1000000" "always cut .image 0"
    fails unavailable download "$proxy" team/image
    has_nothing
    faults
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
}

@test "a rest that begins elsewhere is refused, and the next run completes the transfer" {
    faults "1 cut .image 1000000" "always shift .image"
    fails unavailable download "$proxy" team/image
    has_nothing
    faults
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
}

@test "a server without ranges sends the whole again" {
    faults "1 cut .image 1000000" "always whole .image"
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=1000000- 200$')" -eq 1 ]
}

@test "a rest that is corrupt is refused, and the next run begins again" {
    faults "1 cut .image 1000000" "1 corrupt .image"
    fails wrong-hash download "$proxy" team/image
    has_nothing
    faults
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image - 200$')" -eq 1 ]
}

@test "a beginning of another day that was corrupt costs the whole, and no more" {
    faults "1 cut .image 1000000" "always cut .image 0"
    fails unavailable download "$proxy" team/image
    local partial
    partial=$(find state/metadata -size +900k)
    printf 'X' | dd of="$partial" bs=1 seek=5000 conv=notrunc status=none
    faults
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
    [ "$(asked '\.image - 200$')" -eq 1 ]
}

@test "a client that was killed in a transfer goes on with its rest" {
    faults "1 stall .image 1000000"
    download "$proxy" team/image &
    local client=$! tenths=100
    until [ "$(find state/metadata -size +900k | wc -l)" -eq 1 ]; do
        [ $((tenths--)) -gt 0 ]
        sleep 0.1
    done
    # the program itself, which the shell's function started
    kill -KILL "$(cat "/proc/$client/task/$client/children")"
    wait "$client" || true
    has_nothing
    succeeds download "$proxy" team/image
    has_image
    [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
}

# slow NAME FAULT: a client and a proxy of its own, in the background.
slow() {
    new_client "$1"
    start_proxy "$BATS_TEST_TMPDIR/$1/proxy" "$(cat "$web/edge/port")"
    echo "always $2" >"$1/proxy/faults"
    local url
    url=http://127.0.0.1:$(cat "$1/proxy/port")
    "$slipway" tuf --metadata-dir "$1/metadata" --metadata-url "$url/metadata" --target-name "team/${1%-*}" \
        --target-base-url "$url/targets" --target-dir "$1/targets" download 2>"$1/stderr" &
    echo $! >"$1/client"
}

# All at once, since each takes as long as the floor's window.
@test "attack_slow_retrieval: anything that is slow ends after the window, and the next run goes on" {
    local name status began=$SECONDS
    serve second
    slow app-root "stall 2.root.json"
    slow app-timestamp "drip timestamp.json"
    slow app-snapshot "stall snapshot.json"
    slow app-target "stall .app"
    slow image-drip "drip .image"
    slow image-stall "stall .image 1000000"
    for name in app-root app-timestamp app-snapshot app-target image-drip image-stall; do
        status=0
        wait "$(cat "$name/client")" || status=$?
        rm "$name/client"
        cat "$name/stderr"
        [ "$status" -eq 1 ]
        grep -q '^refused: slow-retrieval: ' "$name/stderr"
        [ -z "$(ls -A "$name/targets")" ]
        stop_server "$BATS_TEST_TMPDIR/$name/proxy"
        succeeds download "$proxy" "team/${name%-*}" "$name"
    done
    [ $((SECONDS - began)) -lt 40 ]
    has_image image-stall
    [ "$(asked '\.image bytes=1000000- 206$')" -eq 1 ]
}

# fetch TARGET [OPTION…]: by `repo fetch`, which knows of mirrors.
fetch() {
    local target=$1
    shift
    "$slipway" repo fetch "$target" --root "$web/site/root.json" --metadata-dir state/metadata --dir state/targets "$@" \
        >/dev/null 2>stderr
}

@test "attack_malicious_mirror: whatever a mirror does wrong, the next one's files arrive" {
    local fault
    serve second
    for fault in "cut /" "reset /" "corrupt /" "truncate /" "extend /" "status / 500" "status / 404" "encode /" \
        "redirect / http://localhost:9/" "replay / $web/site/first/metadata/timestamp.json" "flood /"; do
        faults "always $fault"
        new_client state
        succeeds fetch team/app --from "$proxy" --from "$origin"
        has_app 2
        grep -q 'mirror 1: ' stderr
    done
}

@test "attack_malicious_mirror: a transfer that one mirror broke is completed by the next" {
    faults "1 cut .image 1000000" "always status .image 500"
    : >"$web/origin/access.log"
    succeeds fetch team/image --from "$proxy" --from "$origin"
    has_image
    [ "$(grep -cE '\.image HTTP/1.1" 206 2000000 ' "$web/origin/access.log")" -eq 1 ]
}

@test "attack_malicious_mirror: what all of them lie about is refused" {
    local status=0
    faults "always corrupt .app"
    fetch team/app --from "$proxy" --from "$proxy" || status=$?
    [ "$status" -eq 3 ]
    grep -q 'refused: wrong-hash: ' stderr
    has_nothing
}

@test "attack_endless_data: nothing is read far beyond what it may be" {
    local name
    for name in 2.root.json timestamp.json snapshot.json targets.json team.json .app; do
        faults "always flood $name"
        fails too-large download "$proxy" team/app
        has_nothing
    done
}

@test "attack_slow_retrieval: the time for everything is bounded too" {
    local status=0 began=$SECONDS
    faults "always drip .image"
    fetch team/image --from "$proxy" --from "$proxy" --budget 2s || status=$?
    [ "$status" -eq 3 ]
    grep -q 'refused: slow-retrieval: ' stderr
    has_nothing
    [ $((SECONDS - began)) -lt 10 ]
}
