#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Updating a virtual device: the way of a release from `device update` to what runs after the reboot.

load device

setup() {
    cd "$BATS_TEST_TMPDIR"
    make_vendor
}

teardown() { stop_device; }

# A device that asks: answers go to descriptor 7.
start_asking_device() {
    mkfifo answers
    exec 7<>answers
    : >device.log
    "$bin/slipway" device run --flash board.flash --root root.pb --listen tcp:127.0.0.1:0 --consent ask <answers >device.log 2>device.err 3>&- &
    device=$!
    wait_for '^listening on '
    link=$(sed -n 's/^listening on //p' device.log | head -n 1)
}

@test "updates a fresh device and runs the new release" {
    make_release 1
    start_device --root root.pb
    run slipway device update v1.bundle --to "$link"
    says 'confirmed'
    [ "$status" -eq 0 ]
    grep -q "^boot: app slot=A version=1 sha256=$(sha256_of app-1) trial$" device.log
    grep -q '^confirmed version=1$' device.log
    [ "$(status_of state)" = FINISHED ]
    [ "$(status_of result)" = SUCCESS ]
    [ "$(status_of targets_version)" = 1 ]
}

@test "puts the second release beside the first" {
    make_release 1
    make_release 2
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    slipway device update v2.bundle --to "$link"
    grep -q "^boot: app slot=B version=2 sha256=$(sha256_of app-2) trial$" device.log
    grep -q "^boot: rtos slot=B version=2" device.log
}

@test "keeps the confirmed release over a restart" {
    make_release 1
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    stop_device
    start_device
    grep -q "^boot: app slot=A version=1 sha256=$(sha256_of app-1)$" device.log
    [ "$(status_of targets_version)" = 1 ]
}

@test "has nothing to do when somebody else's update of the same release ends well" {
    make_release 1
    start_device --root root.pb
    "$bin/slipway" device update v1.bundle --to "$link" >first.log 2>&1 3>&- &
    first=$!
    for _ in $(seq 2000); do # wait_for() looks too seldom: the trial is short
        ! grep -q '^boot: app .* trial$' device.log || break
        sleep 0.002
    done
    run slipway device update v1.bundle --to "$link"
    says 'nothing to do'
    [ "$status" -eq 6 ]
    wait "$first"
    [ "$(grep -c '^confirmed version=1$' device.log)" -eq 1 ]
}

@test "has nothing to do when the device runs exactly this" {
    make_release 1
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    run slipway device update v1.bundle --to "$link"
    echo "$output"
    [ "$status" -eq 6 ]
}

@test "refuses an older release" {
    make_release 1
    make_release 2
    start_device --root root.pb
    slipway device update v2.bundle --to "$link"
    run slipway device update v1.bundle --to "$link"
    says 'rollback'
    [ "$status" -eq 3 ]
    grep -q '^refused: rollback' device.log
    [ "$(status_of targets_version)" = 2 ]
}

@test "refuses a payload that was changed on the way" {
    make_release 1
    cp v1.bundle changed.bundle
    printf '\377' | dd of=changed.bundle bs=1 seek=$(($(stat -c %s v1.bundle) - 100)) conv=notrunc status=none
    start_device --root root.pb
    run slipway device update changed.bundle --to "$link"
    says 'wrong-hash'
    [ "$status" -eq 3 ]
    [ "$(status_of result)" = VERIFY_FAILED ]
}

@test "refuses a release by a key that its root doesn't name" {
    slipway key generate evil.key
    make_release 1
    slipway bundle create evil.bundle --file app=app-1 --root root.pb --targets-version 1
    slipway bundle sign evil.bundle --key evil.key --any-key
    start_device --root root.pb
    run slipway device update evil.bundle --to "$link"
    says 'below-threshold'
    [ "$status" -eq 3 ]
}

@test "exits 4 when something expired, and only then" {
    make_release 1 --expires 2020-01-01T00:00:00Z
    start_device --root root.pb
    run slipway device update v1.bundle --to "$link"
    says 'expired'
    [ "$status" -eq 4 ]
    stop_device
    start_device --no-clock
    slipway device update v1.bundle --to "$link"
}

@test "refuses a release for another product, board, class or build type" {
    make_release 1 --product toaster
    make_release 2 --hardware board-a
    make_release 3 --build-type dev
    start_device --root root.pb --product lamp --hardware board-b --build-type user
    for row in 1:wrong-product 2:wrong-hardware 3:wrong-build-type; do
        run slipway device update "v${row%%:*}.bundle" --to "$link"
        says "${row#*:}"
        [ "$status" -eq 3 ]
    done
}

@test "takes the class of its factory root when none is asked for" {
    slipway root create -o dev-root.pb --root-key root.key.pub --targets-key targets.key.pub --key-class dev
    slipway root sign dev-root.pb --key root.key
    make_release 1
    slipway bundle create dev.bundle --file app=app-1 --root dev-root.pb --key targets.key
    start_device --root dev-root.pb
    run slipway device update v1.bundle --to "$link"
    says 'root-replaced|root-class'
    [ "$status" -eq 3 ]
    slipway device update dev.bundle --to "$link"
}

@test "refuses a target whose slot it doesn't have, and an image larger than its slot" {
    make_release 1
    slipway bundle create radio.bundle --file radio=app-1 --root root.pb --key targets.key
    start_device --root root.pb --slot app:64K --slot rtos:64K
    run slipway device update radio.bundle --to "$link"
    says 'unknown-slot'
    [ "$status" -eq 3 ]
    run slipway device update v1.bundle --to "$link"
    says 'slot-too-small'
    [ "$status" -eq 3 ]
}

@test "goes back to the release before when the new one isn't healthy" {
    make_release 1
    make_release 2
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    stop_device
    start_device --fail-boot
    run slipway device update v2.bundle --to "$link"
    says '[Rr]olled back'
    [ "$status" -eq 3 ]
    grep -q '^rolled back to version=1$' device.log
    [ "$(status_of state)" = FINISHED ]
    [ "$(status_of result)" = APPLY_FAILED ]
    [ "$(status_of targets_version)" = 1 ]
    [ "$(grep -c 'version=2.*trial$' device.log)" -ge 2 ]
}

@test "calls a bundle that a device has no room for a failure, no refusal" {
    make_image big 3000000
    slipway bundle create big.bundle --file app=big --key targets.key
    start_device --root root.pb --slot app:64K
    run slipway device update big.bundle --to "$link"
    says 'no-space'
    [ "$status" -eq 5 ]
    grep -q '^failed: no-space: ' device.log
    never_said '^refused: '
    [ "$(status_of result)" = TRANSFER_FAILED ]
}

@test "sends a bundle whose file name isn't UTF-8" {
    make_release 1
    mv v1.bundle "$(printf 'v\xff.bundle')"
    start_device --root root.pb
    slipway device update "$(printf 'v\xff.bundle')" --to "$link" --timeout 5s
    [ "$(status_of bundle)" = 'v\xff.bundle' ]
}

@test "tells a rollback in JSON, too" {
    make_release 1
    start_device --root root.pb --fail-boot
    slipway device update v1.bundle --to "$link" --json >status.json && status=0 || status=$?
    [ "$status" -eq 3 ]
    jq -es 'length == 1 and (.[0] | .state == "FINISHED" and .result == "APPLY_FAILED")' status.json
}

@test "goes back to nothing when the first release isn't healthy" {
    make_release 1
    start_device --root root.pb --fail-boot
    run slipway device update v1.bundle --to "$link"
    echo "$output"
    [ "$status" -eq 3 ]
    wait_for '^rolled back to version=0$'
    [ "$(status_of result)" = APPLY_FAILED ]
}

@test "goes back from an image that is never healthy, and takes the next one" {
    make_release 1
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    printf 'slipway virtual image: never healthy\n' >bad
    printf ' slipway virtual image: never healthy\n' >good
    slipway bundle create bad.bundle --file app=bad --root root.pb --targets-version 2 --key targets.key
    slipway bundle create good.bundle --file app=good --root root.pb --targets-version 3 --key targets.key
    run slipway device update bad.bundle --to "$link"
    [ "$status" -eq 3 ]
    wait_for '^rolled back to version=1$'
    slipway device update good.bundle --to "$link"
    [ "$(status_of targets_version)" = 3 ]
}

@test "goes back from an image that is never healthy on its hardware, and keeps one that is bad elsewhere" {
    local version=1 hardware
    start_device --root root.pb --hardware lamp-2
    for hardware in lamp-1 lamp-22 lamp 'lamp-2 '; do
        printf 'slipway virtual image: never healthy on %s\n' "$hardware" >image
        slipway bundle create v.bundle --file app=image --root root.pb --targets-version "$version" --key targets.key --force
        slipway device update v.bundle --to "$link"
        [ "$(status_of targets_version)" = "$version" ]
        version=$((version + 1))
    done
    printf 'slipway virtual image: never healthy on lamp-2\n' >image
    slipway bundle create v.bundle --file app=image --root root.pb --targets-version "$version" --key targets.key --force
    run slipway device update v.bundle --to "$link"
    [ "$status" -eq 3 ]
    wait_for "^rolled back to version=$((version - 1))\$"
}

@test "takes a new release after a rollback" {
    make_release 1
    make_release 2
    start_device --root root.pb --fail-boot
    run slipway device update v1.bundle --to "$link"
    [ "$status" -eq 3 ]
    stop_device
    start_device
    slipway device update v2.bundle --to "$link"
    [ "$(status_of targets_version)" = 2 ]
}

@test "follows a rotated root and keeps it over a restart" {
    make_release 1
    slipway key generate targets2.key
    slipway root rotate root.pb -o root2.pb --add-targets-key targets2.key.pub --remove-targets-key targets.key.pub
    slipway root sign root2.pb --key root.key
    make_image app-2 5000
    slipway bundle create v2.bundle --file app=app-2 --root root2.pb --targets-version 2 --key targets2.key
    slipway bundle create old.bundle --file app=app-2 --root root.pb --targets-version 3 --key targets.key
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    slipway device update v2.bundle --to "$link"
    [ "$(status_of root_version)" = 2 ]
    stop_device
    start_device
    [ "$(status_of root_version)" = 2 ]
    run slipway device update old.bundle --to "$link"
    says 'root-rollback'
    [ "$status" -eq 3 ]
}

@test "climbs a history of roots" {
    cp root.pb root1.pb
    for next in 2 3 4; do
        slipway key generate "root$next.key"
        old=root$((next - 1)).key
        [ "$next" -gt 2 ] || old=root.key
        slipway root rotate "root$((next - 1)).pb" -o "root$next.pb" --add-root-key "root$next.key.pub" --remove-root-key "$old.pub"
        slipway root sign "root$next.pb" --key "$old" --key "root$next.key"
    done
    make_image app-1 5000
    slipway bundle create v1.bundle --file app=app-1 --root root4.pb --root-history root2.pb --root-history root3.pb --key targets.key
    start_device --root root1.pb
    slipway device update v1.bundle --to "$link"
    [ "$(status_of root_version)" = 4 ]
    stop_device
    start_device
    [ "$(status_of targets_version)" = 1 ]
}

@test "leaves components alone that a release doesn't list" {
    make_release 1
    make_image app-2 5000
    slipway bundle create app-only.bundle --file app=app-2 --root root.pb --targets-version 2 --key targets.key
    start_device --root root.pb
    slipway device update v1.bundle --to "$link"
    slipway device update app-only.bundle --to "$link"
    grep -q "^boot: rtos slot=A version=1 sha256=$(sha256_of rtos-1)" device.log
    grep -q "^boot: app slot=B version=2" device.log
}

@test "asks before it installs, and does what the answer says" {
    make_release 1 --notes /dev/null
    start_asking_device
    slipway device update v1.bundle --to "$link" --timeout 3s 3>&- && status=0 || status=$?
    [ "$status" -eq 7 ]
    [ "$(status_of state)" = VERIFIED ]
    [ "$(status_of note)" = 'waiting for consent' ]
    echo yes >&7
    wait_for '^confirmed version=1$'
    exec 7>&-
}

@test "installs nothing that the consumer refused" {
    make_release 1
    start_asking_device
    echo no >&7
    run slipway device update v1.bundle --to "$link"
    says 'consent'
    [ "$status" -eq 7 ]
    [ "$(status_of targets_version)" = 0 ]
    never_said '^boot: app'
    exec 7>&-
}

@test "takes no answer to a question whose update is gone for the next one" {
    make_release 1
    make_release 2 --release-version $'2\e[2K' --notes <(printf 'harmless\nreally')
    start_asking_device
    slipway device update v1.bundle --to "$link" --timeout 3s 3>&- || true
    wait_for '^consent: install version=1 '
    slipway device abort --to "$link"
    echo yes >&7
    slipway device update v2.bundle --to "$link" --timeout 3s 3>&- && status=0 || status=$?
    [ "$status" -eq 7 ]
    grep -qF 'consent: install version=2 (2\x1b[2K) over version=0, 79000 bytes: harmless really yes or no?' device.log
    [ "$(status_of note)" = 'waiting for consent' ]
    echo yes >&7
    wait_for '^confirmed version=2$'
    never_said '^confirmed version=1$'
    exec 7>&-
}

@test "takes no answer that was typed at a terminal before the question" {
    make_release 1
    mkfifo answers
    exec 7<>answers
    : >device.log
    script --quiet --flush --command "'$bin/slipway' device run --flash board.flash --root root.pb --listen tcp:127.0.0.1:0 --consent ask" \
        device.log <answers >device.err 2>&1 3>&- &
    device=$!
    wait_for '^listening on '
    link=$(sed -n 's/^listening on //p' device.log | tr -d '\r' | head -n 1)
    echo yes >&7
    wait_for '^yes' # the terminal shows it
    slipway device update v1.bundle --to "$link" --timeout 3s 3>&- && status=0 || status=$?
    [ "$status" -eq 7 ]
    [ "$(status_of note)" = 'waiting for consent' ]
    echo yes >&7
    wait_for '^confirmed version=1'
    exec 7>&-
}

@test "answers others while an update waits for consent, and lets them abort" {
    make_release 1
    start_asking_device
    "$bin/slipway" device update v1.bundle --to "$link" --timeout 60s >update.log 2>&1 3>&- 7>&- &
    update=$!
    wait_for '^consent: '
    [ "$(status_of note)" = 'waiting for consent' ]
    slipway device abort --to "$link"
    wait "$update" && status=0 || status=$?
    cat update.log
    [ "$status" -eq 5 ]
    grep -q ABORTED update.log
    exec 7>&-
}

@test "starts from no file that isn't the flash of a virtual device" {
    start_device --root root.pb
    stop_device
    printf 'x' | dd of=board.flash conv=notrunc status=none
    printf 'x' >short.flash
    for file in board.flash short.flash root.key; do
        run slipway device run --flash "$file" --listen tcp:127.0.0.1:0
        says "^slipway: $file: not the flash of a virtual device$"
        [ "$status" -eq 1 ]
    done
}

@test "asks again when a refused release is sent again" {
    make_release 1
    start_asking_device
    echo no >&7
    run slipway device update v1.bundle --to "$link"
    [ "$status" -eq 7 ]
    "$bin/slipway" device update v1.bundle --to "$link" >update.log 2>&1 3>&- 7>&- &
    update=$!
    for _ in $(seq 100); do
        [ "$(grep -c '^consent: ' device.log)" -lt 2 ] || break
        sleep 0.1
    done
    cat device.log
    [ "$(grep -c '^consent: ' device.log)" -eq 2 ]
    echo yes >&7
    wait "$update"
    grep -q '^confirmed version=1$' device.log
    exec 7>&-
}

@test "never installs with consent set to never" {
    make_release 1
    start_device --root root.pb --consent never
    run slipway device update v1.bundle --to "$link"
    echo "$output"
    [ "$status" -eq 7 ]
    never_said '^boot: app'
}

@test "sends without applying, then verifies, applies and reports, a command each" {
    make_release 1
    start_device --root root.pb
    slipway device update v1.bundle --to "$link" --no-apply
    [ "$(status_of state)" = VERIFIED ]
    slipway device apply --to "$link"
    wait_for '^confirmed version=1$'
    slipway device reset --to "$link"
    [ "$(status_of state)" = INACTIVE ]
}

@test "aborts when told to, and starts again" {
    make_release 1
    start_device --root root.pb
    slipway device update v1.bundle --to "$link" --no-apply
    slipway device abort --to "$link"
    [ "$(status_of state)" = FINISHED ]
    [ "$(status_of result)" = ABORTED ]
    slipway device update v1.bundle --to "$link"
}

@test "a call in the wrong state changes nothing and says so" {
    start_device --root root.pb
    run slipway device apply --to "$link"
    says 'FAILED_PRECONDITION|INACTIVE'
    [ "$status" -eq 5 ]
    [ "$(status_of state)" = INACTIVE ]
}

@test "trusts only the root that it was provisioned with" {
    start_device --root root.pb
    stop_device
    slipway key generate other.key
    slipway root create -o other.pb --root-key other.key.pub --targets-key targets.key.pub
    slipway root sign other.pb --key other.key
    run slipway device run --flash board.flash --root other.pb --listen tcp:127.0.0.1:0
    says 'another root'
    [ "$status" -ne 0 ]
    start_device --root root.pb
}

@test "needs a root for a new flash, and a root that is one" {
    run slipway device run --flash new.flash --listen tcp:127.0.0.1:0
    says 'no-trusted-root|--root'
    [ "$status" -ne 0 ]
    head -c 100 /dev/urandom >noise.pb
    : >empty.pb
    for file in noise.pb empty.pb; do
        run slipway device run --flash new.flash --root "$file" --listen tcp:127.0.0.1:0
        says "no-trusted-root: $file: "
        [ "$status" -eq 3 ]
    done
    [ ! -e new.flash ]
}

@test "one flash is used by one device at a time" {
    start_device --root root.pb
    run slipway device run --flash board.flash --listen tcp:127.0.0.1:0
    echo "$output"
    [ "$status" -eq 1 ]
}

@test "stops at Ctrl-C: aborts on the device and exits 130" {
    make_release 1
    start_asking_device
    "$bin/slipway" device update v1.bundle --to "$link" >update.log 2>&1 3>&- &
    update=$!
    wait_for '^consent: '
    kill -INT "$update"
    wait "$update" && status=0 || status=$?
    cat update.log
    [ "$status" -eq 130 ]
    [ "$(status_of state)" = FINISHED ]
    [ "$(status_of result)" = ABORTED ]
    exec 7>&-
}

# Sends a bundle with an app of 24 MB in the background ($update) until 4 MB of it are in the device's flash, where
# the staging area begins at byte 2,207,744; the device stands still then.
send_a_part() {
    make_image app-big 24000000
    slipway bundle create big.bundle --file app=app-big --root root.pb --key targets.key
    start_device --root root.pb --slot app:24M
    "$bin/slipway" device update big.bundle --to "$link" --timeout 1s >/dev/null 2>&1 3>&- &
    update=$!
    until [ "$(dd if=board.flash bs=1 skip=6207744 count=1 status=none | od -An -tx1)" != " ff" ]; do
        kill -0 "$update"
    done
    kill -STOP "$device"
}

@test "goes on where a broken link left off" {
    send_a_part
    kill -KILL "$update"
    wait "$update" || true
    kill -CONT "$device"
    [ "$(status_of state)" = TRANSFERRING ]
    run slipway device update big.bundle --to "$link"
    says 'resumed at byte [1-9]'
    [ "$status" -eq 0 ]
}

@test "goes on after the device lost power in the middle of a transfer" {
    send_a_part
    stop_device KILL
    wait "$update" || true
    start_device
    [ "$(status_of state)" = TRANSFERRING ]
    run slipway device update big.bundle --to "$link"
    says 'resumed at byte [1-9]'
    [ "$status" -eq 0 ]
}

@test "answers to a device that isn't there with exit status 5" {
    make_release 1
    run slipway device update v1.bundle --to tcp:127.0.0.1:1 --timeout 2s
    echo "$output"
    [ "$status" -eq 5 ]
    run slipway device status --to serial:/dev/nonexistent --timeout 2s
    [ "$status" -eq 5 ]
    run slipway device status --to nonsense
    [ "$status" -eq 2 ]
}

@test "turns to the next client when the one before it left its connection open" {
    start_device --root root.pb
    local address=${link#tcp:}
    exec 6<>"/dev/tcp/${address%:*}/${address##*:}"
    sleep 0.1
    run slipway device status --to "$link" --timeout 4s
    exec 6>&-
    [ "$status" -eq 0 ]
}

@test "speaks over a pseudo terminal too" {
    make_release 1
    "$bin/slipway" device run --flash board.flash --root root.pb --listen pty:tty </dev/null >device.log 2>device.err 3>&- &
    device=$!
    wait_for '^listening on pty:'
    slipway device update v1.bundle --to pty:tty
    grep -q '^confirmed version=1$' device.log
}

@test "waits for a mute device as long as it was told to, not longer" {
    make_release 1
    start_device --root root.pb
    kill -STOP "$device"
    begun=$EPOCHREALTIME
    run slipway device status --to "$link" --timeout 1s
    echo "$output"
    [ "$status" -eq 5 ]
    run slipway device update v1.bundle --to "$link" --timeout 1s
    says "doesn't answer"
    [ "$status" -eq 5 ]
    kill -CONT "$device"
    [ $(((${EPOCHREALTIME/./} - ${begun/./}) / 1000000)) -lt 5 ]
}
