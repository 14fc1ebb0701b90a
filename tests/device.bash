# SPDX-License-Identifier: Apache-2.0
# Helpers for scenarios with virtual devices: releases to send, and a device in the background.
# Loaded by tests/device*.bats. Everything is in $BATS_TEST_TMPDIR; devices listen on free ports.

bin=${SLIPWAY_BIN_DIR:-$BATS_TEST_DIRNAME/../build/bin}

slipway() { "$bin/slipway" "$@"; }

# Keys and a root with a targets threshold of 1, in the current directory.
make_vendor() {
    slipway key generate root.key >/dev/null
    slipway key generate targets.key >/dev/null
    slipway root create -o root.pb --root-key root.key.pub --targets-key targets.key.pub "$@"
    slipway root sign root.pb --key root.key
}

# make_release VERSION [OPTION…]: vVERSION.bundle with an app and an rtos that tell their version.
make_release() {
    local version=$1
    shift
    [ -f "app-$version" ] || make_image "app-$version" 70000
    [ -f "rtos-$version" ] || make_image "rtos-$version" 9000
    slipway bundle create "v$version.bundle" --file "app=app-$version" --file "rtos=rtos-$version" --root root.pb \
        --targets-version "$version" --key targets.key "$@"
}

# make_image FILE SIZE: bytes that differ from file to file and are the same in every run.
make_image() {
    (yes "$1" || true) | head -c "$2" >"$1"
}

# start_device [OPTION…]: runs board.flash; $link is where it listens, device.log what it says.
start_device() {
    : >device.log # what the run before said isn't taken for this one's
    "$bin/slipway" device run --flash board.flash --listen tcp:127.0.0.1:0 "$@" </dev/null >device.log 2>device.err 3>&- &
    device=$!
    wait_for '^listening on '
    link=$(sed -n 's/^listening on //p' device.log | head -n 1)
}

# wait_for REGEX [SECONDS]: until the device said it.
wait_for() {
    local tenths=$((${2:-20} * 10))
    while ! grep -q "$1" device.log; do
        if ! kill -0 "$device" 2>/dev/null || [ $((tenths--)) -eq 0 ]; then
            echo "the device never said: $1"
            cat device.log device.err
            return 1
        fi
        sleep 0.1
    done
}

# never_said REGEX: the device said no such thing.
never_said() {
    if grep "$1" device.log; then return 1; fi
}

stop_device() {
    [ -n "${device:-}" ] || return 0
    kill "-${1:-TERM}" "$device" 2>/dev/null || true
    wait "$device" 2>/dev/null || true
    device=
}

# status_of FIELD: of `device status --json`.
status_of() { slipway device status --to "$link" --json | jq -r ".$1"; }

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# says REGEX TEXT: for output of `run`.
says() {
    echo "$output"
    [[ $output =~ $1 ]]
}
