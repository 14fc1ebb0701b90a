#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The example of a firmware project, built as its guide says: with CMake and packaging/cmake/Slipway.cmake, and with make.

load slipway.bash
load token.bash
load signer.bash

teardown() { signer_stop; }

setup() {
    slipway_setup
    make_keys
    cp -r "$source_dir/examples" "$source_dir/packaging" .
    lamp=$work/examples/firmware-cmake
    # What the tests build knows no other program by this name.
    PATH=$(dirname "$slipway"):$PATH
    unset CFLAGS LDFLAGS DESTDIR MAKEFLAGS MAKELEVEL
}

# configure [OPTION…], build: the example, in the directory out.
configure() {
    cmake -S "$lamp" -B out "$@" >configured 2>&1 || { cat configured && return 1; }
}
build() {
    cmake --build out >built 2>&1 || { cat built && return 1; }
}

# fails_to_configure TEXT [OPTION…], fails_to_build TEXT: for this reason.
fails_to_configure() {
    local text=$1
    shift
    run cmake -S "$lamp" -B out "$@"
    [ "$status" -ne 0 ] && grep -qF -- "$text" <<<"$(tr '\n' ' ' <<<"$output" | tr -s ' ')" || { echo "$output" && return 1; }
}
fails_to_build() {
    run cmake --build out
    [ "$status" -ne 0 ] && [[ $output == *"$1"* ]] || { echo "$output" && return 1; }
}

@test "cmake example: the bundle holds what was built, with what the project says of it" {
    configure -DLAMP_BUILD_TYPE=user -DLAMP_TARGETS_VERSION=12
    build
    ok bundle inspect out/lamp.bundle --json
    [ "$(jq -c '.targets_metadata | [.version, .product, .hardware_ids, .build_type, .release_version, .release_notes]' <<<"$output")" = \
        '[12,"lamp",["lamp-1","lamp-2"],"user","1.4.0","The lamp blinks while it updates.\n"]' ]
    [ "$(jq -r '.targets_metadata.targets[] | "\(.name) \(.sha256)"' <<<"$output")" = \
        "app $(sha256sum out/app | cut -d ' ' -f 1)
settings $(sha256sum "$lamp/src/settings.txt" | cut -d ' ' -f 1)" ]
    [ "$(out/app updating)" = "lamp 1.4.0: #.#." ]
    # users get no symbols, testers do
    [ -z "$(readelf --wide --sections out/app | grep -E '\.(debug_|symtab)')" ]
    configure -DLAMP_BUILD_TYPE=test
    build
    [ -n "$(readelf --wide --sections out/app | grep '\.debug_')" ]
    rm -r out
}

@test "cmake example: what users may not get stops the build before it is endorsed" {
    configure -DLAMP_BUILD_TYPE=user -DLAMP_DEBUG_CONSOLE=ON -DLAMP_BUILDER_KEY="$work/e1"
    fails_to_build 'debug console'
    [ -e out/lamp.bundle ]
    [ ! -e out/lamp-endorsed.bundle ]
    configure -DLAMP_BUILD_TYPE=test -DLAMP_DEBUG_CONSOLE=ON
    fails_to_build 'debug console'
    configure -DLAMP_BUILD_TYPE=dev -DLAMP_DEBUG_CONSOLE=ON
    build
    configure -DLAMP_BUILD_TYPE=user -DLAMP_DEBUG_CONSOLE=OFF
    build
    [ -e out/lamp-endorsed.bundle ]
    # symbols in what users get
    sed -i 's/target_link_options(app PRIVATE -s).*//' "$lamp/CMakeLists.txt"
    cp out/lamp-endorsed.bundle before
    fails_to_build 'wrong-content'
    cmp before out/lamp-endorsed.bundle
}

@test "cmake example: rules that change are applied again" {
    configure -DLAMP_BUILD_TYPE=user
    build
    sed -i 's/"lamp-1", "lamp-2"/"lamp-1"/' "$lamp/rules/user.json"
    fails_to_build 'wrong-content'
}

@test "cmake example: signed for a desk, a device there takes it" {
    make_root
    configure -DLAMP_DEV_KEY="$work/t1" -DLAMP_ROOT="$work/root.pb"
    build
    ok bundle verify out/lamp-dev.bundle --trusted-root root.pb --product lamp --hardware lamp-2
    refused unsigned bundle verify out/lamp.bundle --trusted-root root.pb --product lamp --hardware lamp-2
}

@test "cmake example: a key that the root doesn't name leaves no bundle" {
    make_root
    configure -DLAMP_DEV_KEY="$work/t2" -DLAMP_ROOT="$work/root.pb"
    fails_to_build "isn't a targets key"
    [ -e out/lamp.bundle ]
    [ ! -e out/lamp-dev.bundle ]
}

@test "cmake example: endorsed by the build machine, and what was chosen is said" {
    configure -DLAMP_BUILDER_KEY="$work/e1" -DLAMP_COMMIT=3f2a -DLAMP_BUILD_TYPE=test
    build
    ok bundle inspect out/lamp-endorsed.bundle --json
    [ "$(jq -c '.endorsed | map([.of_this_build, .builder_id, .source, .git_commit, .parameters])' <<<"$output")" = \
        '[[true,"https://ci.example/lamp","git+https://git.example/lamp","3f2a",[{"name":"build_type","value":"test"}]]]' ]
    [ "$(jq -r '.endorsed[0].unverified_key_ids[0]' <<<"$output")" = "$("$slipway" key show --json e1.pub | jq -r .key_id)" ]
    ok bundle inspect out/lamp.bundle --json
    [ "$(jq .endorsements <<<"$output")" = 0 ]
}

@test "cmake example: only what changed is made again" {
    configure -G Ninja -DLAMP_BUILDER_KEY="$work/e1"
    build
    build
    grep -q 'no work to do' built
    cp out/lamp-endorsed.bundle before
    sed -i 's/70/71/' "$lamp/src/settings.txt"
    build
    run cmp before out/lamp-endorsed.bundle
    [ "$status" -eq 1 ]
    ok bundle inspect out/lamp-endorsed.bundle --json
    [ "$(jq -c '.endorsed | map(.of_this_build)' <<<"$output")" = '[true]' ]
    printf 'Other notes.\n' >"$lamp/notes.txt"
    build
    ok bundle inspect out/lamp-endorsed.bundle --json
    [ "$(jq -r .targets_metadata.release_notes <<<"$output")" = "Other notes." ]
}

@test "cmake example: the same sources make the same bundle, byte for byte" {
    configure -DLAMP_BUILD_TYPE=user -DLAMP_BUILDER_KEY="$work/e1"
    build
    cp out/lamp-endorsed.bundle first
    rm -r out
    configure -DLAMP_BUILD_TYPE=user -DLAMP_BUILDER_KEY="$work/e1"
    build
    cmp first out/lamp-endorsed.bundle
}

@test "cmake example: submitted, and signed by a signing service" {
    signer_setup
    ok root create -o test-root.root --root-key test-root.key.pub --targets-key test.key.pub --key-class test
    ok root sign test-root.root --key test-root.key
    signer_start
    printf '[sign]\nsigner = unix:%s\nlog = %s\nrequester-key = %s\n' "$work/signer.sock" "$log_vkey" "$work/ci.key" >sign.conf
    configure -DLAMP_BUILD_TYPE=user -DLAMP_TARGETS_VERSION=5 -DLAMP_ROOT="$work/test-root.root" \
        -DLAMP_BUILDER_KEY="$work/ci.key" -DLAMP_SIGN_CONF="$work/sign.conf"
    build
    [ ! -e out/lamp-signed.bundle ] # nobody asked for it
    cmake --build out --target signed >built 2>&1 || { cat built signer.log && false; }
    ok bundle verify out/lamp-signed.bundle --trusted-root test-root.root --product lamp --hardware lamp-1 --log "$log_vkey"
    refused unsigned bundle verify out/lamp-endorsed.bundle --trusted-root test-root.root --product lamp --hardware lamp-1
    # the same version with another content is refused by the service
    sed -i 's/70/71/' "$lamp/src/settings.txt"
    run cmake --build out --target signed
    [ "$status" -ne 0 ]
    [[ $output == *version-taken* ]] || { echo "$output" && false; }
    configure -DLAMP_TARGETS_VERSION=6
    cmake --build out --target signed >built 2>&1 || { cat built signer.log && false; }
    ok bundle verify out/lamp-signed.bundle --trusted-root test-root.root --product lamp --hardware lamp-1 --log "$log_vkey"
}

# project LINE…: the functions with other arguments, in a project of its own.
project() {
    lamp=$work/project
    mkdir -p "$lamp"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.18)' 'project(p NONE)' \
        "include($work/packaging/cmake/Slipway.cmake)" "$@" >"$lamp/CMakeLists.txt"
    printf 'x' >"$lamp/x"
}

@test "Slipway.cmake: mistakes are named when a project is configured" {
    local bundle='slipway_bundle(b OUTPUT b.bundle FILES "x=${CMAKE_CURRENT_SOURCE_DIR}/x")'
    project 'slipway_bundle(b FILES x=x)'
    fails_to_configure 'slipway_bundle: OUTPUT is missing'
    project 'slipway_bundle(b OUTPUT b.bundle)'
    fails_to_configure 'slipway_bundle: FILES is missing'
    project 'slipway_bundle(b PRODUKT lamp OUTPUT b.bundle FILES x=x)'
    fails_to_configure "slipway_bundle: doesn't know PRODUKT"
    project "$bundle" 'slipway_endorse(e BUNDLE b OUTPUT e.bundle KEY k BUILDER_ID a BUILD_TYPE b)'
    fails_to_configure 'slipway_endorse: SOURCE is missing'
    project "$bundle" 'slipway_endorse(e BUNDLE c OUTPUT e.bundle KEY k BUILDER_ID a BUILD_TYPE b SOURCE c)'
    fails_to_configure 'BUNDLE c is no target'
    project "$bundle" 'add_custom_target(c)' 'slipway_dev_sign(s BUNDLE c OUTPUT s.bundle KEY k)'
    fails_to_configure 'BUNDLE c is no step of Slipway.cmake'
    project "$bundle" 'slipway_dev_sign(s BUNDLE b OUTPUT s.bundle)'
    fails_to_configure 'slipway_dev_sign: KEY is missing'
    project "$bundle" 'slipway_validate(v RULES r.json)'
    fails_to_configure 'slipway_validate: BUNDLE is missing'
    project "$bundle" 'slipway_dev_sign(s BUNDLE b OUTPUT s.bundle KEY)'
    fails_to_configure 'slipway_dev_sign: without a value: KEY'
    project "$bundle" 'slipway_submit(s BUNDLE b OUTPUT s.bundle)'
    fails_to_configure 'slipway_submit: KEY is missing'
    project "$bundle"
    fails_to_configure 'there is no program' -DSLIPWAY_PROGRAM=
}

@test "Slipway.cmake: names with spaces and letters that shells know are taken as they are" {
    project 'slipway_bundle(b ALL OUTPUT "with space.bundle" FILES "x=${CMAKE_CURRENT_SOURCE_DIR}/x" PRODUCT "la mp$HOME`id`")'
    configure
    build
    ok bundle inspect 'out/with space.bundle' --json
    [ "$(jq -r .targets_metadata.product <<<"$output")" = 'la mp$HOME`id`' ]
}

@test "make example: the same steps make a bundle of the same content" {
    cd examples/firmware-make
    make_quietly() { make SLIPWAY="$slipway" "$@" >built 2>&1 || { cat built && return 1; }; }
    make_quietly BUILD_TYPE=user endorse BUILDER_KEY="$work/e1"
    ok bundle inspect build/lamp-endorsed.bundle --json
    [ "$(jq -c '[.targets_metadata.build_type, (.endorsed | map(.of_this_build))]' <<<"$output")" = '["user",[true]]' ]
    run make SLIPWAY="$slipway" BUILD_TYPE=user CFLAGS=-DLAMP_DEBUG_CONSOLE -B endorse BUILDER_KEY="$work/e1"
    [ "$status" -ne 0 ]
    [[ $output == *'debug console'* ]]
    make_quietly clean
    [ ! -e build ]
    make_quietly dev DEV_KEY="$work/t1"
    ok bundle inspect build/lamp-dev.bundle --json
    [ "$(jq '.targets_metadata.signatures | length' <<<"$output")" = 1 ]
    run make SLIPWAY="$slipway" endorse BUILDER_KEY=none
    [ "$status" -ne 0 ]
    [ ! -e build/lamp-endorsed.bundle ]
}
