#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The units of systemd: it understands every line of them, and they confine as much as their comments say. Judged
# without starting anything, for a container has no systemd that runs.
bats_require_minimum_version 1.5.0

load slipway.bash

setup() {
    slipway_setup
    command -v systemd-analyze >/dev/null || skip "systemd-analyze isn't installed"
    units=$BATS_TEST_DIRNAME/../packaging/systemd
}

# unit NAME: a copy whose programs are there, wherever the real ones will be installed; sets unit.
unit() {
    unit=$PWD/slipway-$1.service
    sed -E 's#^(Exec[A-Za-z]*=[-+!]*)/usr/bin/#\1/bin/true /usr/bin/#' "$units/slipway-$1.service" >"$unit"
}

# confines NAME TENTHS: exposure as systemd counts it, from 0 to 100; lower is better.
confines() {
    unit "$1"
    run -0 systemd-analyze security --offline=true --no-pager --threshold="$2" "$unit"
}

@test "every line of every unit is one that systemd knows" {
    for name in signer depot runner; do
        unit $name
        run -0 systemd-analyze verify --man=no --recursive-errors=no "$unit"
        [ -z "$output" ]
    done
    # It would tell.
    sed 's/^ProtectHome=.*/ProtectHomes=yes/' "$unit" >typo.service
    run systemd-analyze verify --man=no --recursive-errors=no "$PWD/typo.service"
    [[ $output == *ProtectHomes* ]]
}

@test "units confine what they start, and a line less is noticed" {
    confines signer 20
    confines depot 15
    confines runner 32
    for line in NoNewPrivileges ProtectSystem SystemCallFilter CapabilityBoundingSet PrivateDevices; do
        unit runner
        sed -i "/^$line=/d" "$unit"
        run ! systemd-analyze security --offline=true --no-pager --threshold=32 "$unit"
    done
}

@test "systemd makes every user of the sysusers files" {
    for name in signer depot runner; do
        run -0 systemd-sysusers --dry-run "$units/slipway-$name.sysusers"
        for user in $(sed -nE 's/^u!? ([^ ]+) .*/\1/p' "$units/slipway-$name.sysusers"); do
            [[ $output == *"Would create user '$user'"* || $output == *"Creating user '$user'"* ]] || getent passwd "$user"
        done
    done
}

@test "units start programs as they are called, as users that their sysusers make" {
    for name in signer depot runner; do
        program=$(sed -nE 's#^ExecStart=/usr/bin/([^ ]*).*#\1#p' "$units/slipway-$name.service")
        [ -x "$(dirname "$slipway")/$program" ]
        for user in $(sed -nE 's/^(User|Group)=//p' "$units/slipway-$name.service"); do
            grep -qE "^u!? $user " "$units/slipway-$name.sysusers"
        done
        for path in $(sed -nE 's#^ExecStart=.*--config ##p' "$units/slipway-$name.service"); do
            [[ $path == /etc/slipway/* ]]
        done
    done
    # What the runner's unit says is what the program takes.
    read -r -a words <<<"$(sed -nE 's#^ExecStart=/usr/bin/slipway (.*)#\1#p' "$units/slipway-runner.service")"
    words[${#words[@]}-1]=$PWD/missing.conf
    run "$slipway" "${words[@]}"
    [[ $output == *missing.conf* ]]
}
