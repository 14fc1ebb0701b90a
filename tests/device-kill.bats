#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A virtual device is killed (SIGKILL) a hundred times, at moments drawn from a seeded generator, while updates are
# sent to it. After every kill it must boot a release that was sent, whole, and take the next update.

load device

setup() { cd "$BATS_TEST_TMPDIR"; }

teardown() { stop_device KILL; }

# The release that the last start booted, as its lines tell; 0 for none. Fails when the images aren't that release's.
booted_version() {
    local version
    version=$(sed -n 's/^boot: app slot=[AB] version=\([0-9]*\) .*/\1/p' device.log | tail -n 1)
    if [ -z "$version" ]; then
        echo 0
        return
    fi
    grep -q "^boot: app slot=[AB] version=$version sha256=$(sha256_of "app-$version")" device.log || return 1
    grep -q "^boot: rtos slot=[AB] version=$version sha256=$(sha256_of "rtos-$version")" device.log || return 1
    echo "$version"
}

@test "boots a whole release after each of a hundred kills" {
    make_vendor
    start_device --root root.pb
    stop_device KILL
    RANDOM=20261121
    reached=0
    for ((kill = 1; kill <= 100; kill++)); do
        start_device
        version=$(booted_version) || { echo "kill $kill: not a whole release"; cat device.log; return 1; }
        [ "$version" -ge $((reached - 1)) ] || { echo "kill $kill: $version after $reached"; return 1; }
        reached=$version
        next=$((version + 1))
        [ -f "v$next.bundle" ] || make_release "$next"
        "$bin/slipway" device update "v$next.bundle" --to "$link" --timeout 5s >/dev/null 2>&1 3>&- &
        update=$!
        sleep "0.$(printf '%03d' $((RANDOM % 450)))"
        stop_device KILL
        kill -KILL "$update" 2>/dev/null || true
        wait "$update" 2>/dev/null || true
    done
    start_device
    make_release 1000
    slipway device update v1000.bundle --to "$link"
    [ "$(booted_version)" = 1000 ]
}
