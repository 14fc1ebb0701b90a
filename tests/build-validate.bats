#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway build validate: what a bundle may hold, before anything is uploaded.

load slipway.bash

setup() {
    slipway_setup
    printf 'application' >app.bin
    printf 'operating system' >rtos.bin
    make_bundle b
}

# make_bundle FILE [BUILD-TYPE]: of app.bin and rtos.bin; nothing has to sign it.
make_bundle() {
    ok bundle create "$1" --force --file app=app.bin --file os/rtos=rtos.bin --product lamp --hardware board-a \
        --build-type "${2:-user}"
}

rules() { printf '%s' "$1" >rules.json; }

@test "build validate: a bundle passes without anybody's rules, unsigned" {
    ok build validate b
    prints 'passes: b: 2 targets, 27 bytes of payloads'
    ok build validate b --build-type user
    ok build validate b --json
    [ "$(jq -c . <<<"$output")" = \
        '{"elf_files":0,"findings":[],"findings_omitted":0,"payload_bytes":27,"targets":2,"verdict":"accept"}' ]
}

@test "build validate: a user build is stripped, a dev build needn't be" {
    cp "$slipway" app.bin
    make_bundle b
    refused wrong-content build validate b
    says 'elf: target "app": has '
    make_bundle b dev
    ok build validate b
    refused wrong-content build validate b --build-type user
    says "build-type: build type dev isn't allowed"
    strip app.bin
    make_bundle b
    ok build validate b
}

@test "build validate: a renamed debug section doesn't hide the symbols" {
    cp "$slipway" app.bin
    objcopy --rename-section .debug_info=.rodata.info app.bin
    strip --strip-debug app.bin
    make_bundle b
    refused wrong-content build validate b
    says 'symbol table'
}

@test "build validate: private keys are found wherever they are, and what reads them isn't" {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
    { head -c 200000 /dev/zero && cat key.pem; } >app.bin
    make_bundle b dev
    refused wrong-content build validate b
    says 'private-key: target "app": has a private key at byte 200000'
    openssl ec -in key.pem -out key-ec.pem
    cp key-ec.pem app.bin
    make_bundle b dev
    refused wrong-content build validate b
    ssh-keygen -q -t ed25519 -N '' -f ssh-key
    cp ssh-key app.bin
    make_bundle b dev
    refused wrong-content build validate b
    printf '%s\0' '-----BEGIN EC PRIVATE KEY-----' '-----BEGIN RSA PRIVATE KEY-----' >app.bin
    make_bundle b
    ok build validate b
}

@test "build validate --rules: each rule names target and rule, and all breaches are told" {
    rules '{"names":["app","os/*"],"hardware":["board-a"],"slots":["app","os/rtos"],"size_max":27}'
    ok build validate b --rules rules.json
    rules '{"names":["app"],"hardware":["board-b"],"slots":["os/rtos"],"size_max":26,"forbidden":[{"name":"marker","text":"system"},{"name":"bytes","hex":"6170706c"}]}'
    refused wrong-content build validate b --rules rules.json
    says 'name: target "os/rtos": no such name is allowed'
    says "hardware: hardware \"board-a\" isn't allowed"
    says "slot: target \"app\": slot \"app\" isn't allowed"
    says 'size: 27 bytes of images, more than 26' || says 'size: 27 bytes of payloads, more than 26'
    says 'forbidden: target "os/rtos": has what is forbidden at byte 10: "marker"'
    says 'forbidden: target "app": has what is forbidden at byte 0: "bytes"'
    exits 3 build validate b --rules rules.json --json
    [ "$(jq -c '[.verdict, .reason, (.findings | length), .findings[0].rule]' <<<"$output")" = '["refuse","wrong-content",6,"hardware"]' ]
}

@test "build validate --rules: growth against a previous release" {
    cp b old
    printf 'application that grew' >app.bin
    make_bundle b
    rules '{"growth_percent":100}'
    ok build validate b --rules rules.json --previous old
    rules '{"growth_percent":50}'
    refused wrong-content build validate b --rules rules.json --previous old
    says 'growth: target "app": grew from 11 to 21 bytes, by more than 50 percent'
    ok build validate b --rules rules.json
    says "growth is not checked without --previous"
}

@test "build validate: an ELF checker's rules apply by --rules alone" {
    cp "$slipway" app.bin
    make_bundle b
    rules '{}'
    ok build validate b --rules rules.json
    rules '{"elf":"stripped"}'
    refused wrong-content build validate b --rules rules.json
}

@test "build validate: payloads that were changed after the metadata are refused for what they are" {
    LC_ALL=C sed 's/application/applicatiom/' b >changed
    refused wrong-hash build validate changed
    says 'hash: target "app": another SHA-256 than in the metadata'
    head -c 100 b >cut.bundle
    run "$slipway" build validate cut.bundle
    [ "$status" -eq 3 ]
    [[ $output == *"malformed"* ]]
}

@test "build validate --policy: the rule for the key and the channel, with product and build type" {
    for name in r1 t1 t2; do
        "$slipway" key generate -q "$name" >/dev/null
    done
    jq -n --rawfile root r1.pub --rawfile dev t1.pub --rawfile other t2.pub '{version: 1, issued: "2026-01-01T00:00:00Z",
        administrators: {threshold: 1, keys: {ada: $root}}, people: {ben: {keys: []}},
        keys: {"lamp-dev": {key: $dev, class: "dev", use: "targets", product: "lamp"}, "fan-dev": {key: $other, class: "dev", use: "targets", product: "fan"}},
        rules: [{product: "lamp", class: "dev", use: "targets", channels: ["daily"], requesters: ["ben"], build_types: ["user"],
            content: {slots: ["app", "os/rtos"]}, validators: [{program: "/usr/bin/true", timeout_s: 5}]},
            {product: "lamp", class: "dev", use: "targets", channels: ["lab"], requesters: ["ben"], content: {slots: ["app"]}},
            {product: "fan", class: "dev", use: "targets", channels: ["daily"], requesters: ["ben"], content: {elf: "stripped"}}]}' >policy.json
    ok build validate b --policy policy.json --key lamp-dev --channel daily
    says "the policy's validators (1) run at the signing service alone"
    refused wrong-content build validate b --policy policy.json --key lamp-dev --channel lab
    says 'slot: target "os/rtos"'
    refused wrong-content build validate b --policy policy.json --key fan-dev --channel daily
    says 'product: product "lamp", not "fan"'
    refused not-permitted build validate b --policy policy.json --key lamp-dev
    refused not-permitted build validate b --policy policy.json --key lamp-dev --channel stable
    refused unknown-key build validate b --policy policy.json --key lamp-prod --channel daily
    make_bundle b dev
    refused wrong-content build validate b --policy policy.json --key lamp-dev --channel daily
    make_bundle b test
    refused wrong-content build validate b --policy policy.json --key lamp-dev --channel daily --build-type test
}

@test "build validate: rules that can't be read are refused, with their place" {
    for bad in '{"elf":"slim"}' '{"unknown":1}' '{"forbidden":[{"name":"x","text":"abc"}]}' '{"forbidden":[{"name":"x","hex":"0"}]}' \
        '{"size_max":-1}' '{"names":[1]}' '[]' 'elf: stripped'; do
        rules "$bad"
        run "$slipway" build validate b --rules rules.json
        [ "$status" -ne 0 ]
        [[ $output == *"rules.json"* ]]
    done
}

@test "build validate: options that make no sense together are told" {
    rules '{}'
    run "$slipway" build validate b --rules rules.json --policy rules.json --key lamp-prod
    [ "$status" -eq 2 ]
    run "$slipway" build validate b --policy rules.json
    [ "$status" -eq 2 ]
    run "$slipway" build validate b --channel stable
    [ "$status" -eq 2 ]
    run "$slipway" build validate b --build-type production
    [ "$status" -eq 2 ]
    run "$slipway" build validate nowhere
    [ "$status" -eq 1 ]
}
