#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is missing is named before it is installed; NO_INSTALL=1 installs nothing. The package manager is a fake.

setup() {
    setup_tool=$BATS_TEST_DIRNAME/../tools/setup
    [ -r /etc/os-release ] && (. /etc/os-release && [ "$ID$VERSION_ID" = debian12 ]) || skip "not Debian 12"
    fakes=$BATS_TEST_TMPDIR/fakes
    mkdir "$fakes"
    calls=$BATS_TEST_TMPDIR/calls
    # Everything is installed but meson and cppcheck.
    fake dpkg-query 'shift 3; for name; do case $name in meson|cppcheck) ;; *) echo "$name installed" ;; esac; done'
    fake apt-get "echo apt-get \"\$@\" >>'$calls'"
    fake id 'echo 0'
    PATH=$fakes:$PATH
}

# fake NAME BODY: a command in front of the real one.
fake() {
    printf '#!/bin/sh\n%s\n' "$2" >"$fakes/$1"
    chmod +x "$fakes/$1"
}

@test "setup: names missing packages with the reason, then installs just them" {
    run "$setup_tool" check
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = 'Missing Debian packages:' ]
    [[ ${lines[1]} == *meson*'describes the build'* ]]
    [[ ${lines[2]} == *cppcheck*'static analysis'* ]]
    run cat "$calls"
    [[ ${lines[0]} == *update* ]]
    [[ ${lines[1]} == *'install'*' meson cppcheck' ]]
}

@test "setup: a node that is there already will do, wherever it came from" {
    fake dpkg-query 'shift 3; for name; do case $name in nodejs) ;; *) echo "$name installed" ;; esac; done'
    fake node ''
    run "$setup_tool" check
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    rm "$fakes/node"
    ln -s /usr/bin/* /bin/sh "$fakes/" 2>/dev/null || true
    rm -f "$fakes/node"
    PATH=$fakes NO_INSTALL=1 run "$setup_tool" check
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'apt-get install nodejs'* ]]
}

@test "setup: a target asks only for what it needs" {
    run "$setup_tool" build
    [ "$status" -eq 0 ]
    [[ $output == *meson* && $output != *cppcheck* ]]
}

@test "setup: NO_INSTALL=1 only names them and fails" {
    NO_INSTALL=1 run "$setup_tool" build
    [ "$status" -eq 1 ]
    [[ $output == *'apt-get install meson'* ]]
    [ ! -e "$calls" ]
}

@test "setup: uses sudo when not root" {
    fake id 'echo 1000'
    fake sudo 'echo as root; "$@"'
    run "$setup_tool" build
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c 'as root' <<<"$output")" -eq 2 ]
    [ "$(grep -c apt-get "$calls")" -eq 2 ]
}

@test "setup: fails when the installation fails" {
    fake apt-get 'exit 100'
    run "$setup_tool" build
    [ "$status" -ne 0 ]
}

@test "setup: is silent and installs nothing when nothing is missing" {
    fake dpkg-query 'shift 3; for name; do echo "$name installed"; done'
    run "$setup_tool" deep
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ ! -e "$calls" ]
}
