#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles in a TUF repository: what is said of them, who may say it, and their way to a device.

load device
load slipway # whose `says` is about stderr
load repo

setup() {
    slipway_setup
    cd "$work"
    make_vendor
    make_repo
    ok repo delegate repo lamp-stable --key team.pub --path 'lamp/stable/*'
    publish_targets
}

teardown() { stop_device; }

# release VERSION [OPTION…]: vVERSION.bundle for the lamp, in the channel stable.
release() {
    make_release "$@" --product lamp
    ok repo add repo "v$1.bundle" --channel stable
    ok repo sign repo lamp-stable --key team
    ok repo publish repo
}

# update [OPTION…]: `device update --from repo`.
update_from() {
    local expected=$1
    shift
    exits "$expected" device update --from repo --root repo/metadata/1.root.json --metadata-dir client --product lamp \
        --channel stable --to "$link" "$@"
}

@test "says of a bundle what the bundle says" {
    release 2 --release-version 2.0.0 --hardware lamp-1 --urgency security --build-type user
    jq -c '.signed.targets["lamp/stable/v2.bundle"].custom' repo/metadata/*.lamp-stable.json >custom
    [ "$(tail -n 1 custom)" = '{"slipway":{"build_type":"user","channel":"stable","hardware_ids":["lamp-1"],"product":"lamp","release_counter":2,"release_version":"2.0.0","urgency":"security"}}' ]
    ok repo list --from repo --root repo/metadata/1.root.json --metadata-dir client --json
    [ "$(jq -r '.[0].release_counter' <<<"$output")" = 2 ]
}

@test "refuses a custom that somebody typed" {
    make_release 2 --product lamp
    echo '{"slipway":{"product":"lamp"}}' >typed.json
    refused wrong-custom repo add repo v2.bundle --channel stable --custom typed.json
    refused wrong-custom repo add repo v2.bundle
    refused bad-name repo add repo v2.bundle --channel 'a/b'
    refused wrong-channel repo add repo v2.bundle --channel stable --role lamp-beta
    make_release 3
    refused bad-name repo add repo v3.bundle --channel stable
}

@test "updates a device with the newest release of its channel" {
    release 1
    release 2
    start_device --root root.pb --product lamp
    update_from 0
    says 'lamp/stable/v2.bundle'
    [ "$(status_of targets_version)" = 2 ]
    update_from 6
    release 3
    update_from 0
    [ "$(status_of targets_version)" = 3 ]
}

@test "keeps of each channel the bundle that it brought last" {
    release 2
    start_device --root root.pb --product lamp
    update_from 0
    touch -d yesterday 'client/downloads/lamp%2Fbeta%2Fv1.bundle' client/downloads/other.bundle
    release 3
    update_from 0
    [ "$(ls client/downloads)" = "$(printf '%s\n' 'lamp%2Fbeta%2Fv1.bundle' 'lamp%2Fstable%2Fv3.bundle' other.bundle)" ]
    # Somebody else's, who fetched it since and is about to bring it.
    touch -d tomorrow 'client/downloads/lamp%2Fstable%2Fv4.bundle'
    update_from 6
    [ -e 'client/downloads/lamp%2Fstable%2Fv3.bundle' ]
    [ -e 'client/downloads/lamp%2Fstable%2Fv4.bundle' ]
    # Also when the device won't have it.
    release 5 --hardware lamp-2
    touch -d yesterday 'client/downloads/lamp%2Fstable%2Fv4.bundle'
    update_from 3
    says 'wrong-hardware'
    [ "$(find client/downloads -name 'lamp%2Fstable*')" = 'client/downloads/lamp%2Fstable%2Fv5.bundle' ]
}

@test "chooses by hardware" {
    release 1 --hardware lamp-1
    release 2 --hardware lamp-2
    start_device --root root.pb --product lamp --hardware lamp-1
    update_from 0 --hardware lamp-1
    [ "$(status_of targets_version)" = 1 ]
    update_from 1 --hardware lamp-9
    says 'no release for this device'
    update_from 3
    says 'wrong-hardware'
}

@test "refuses what isn't what the repository says" {
    release 2
    start_device --root root.pb --product lamp
    # the team's key signs that another bundle is version 2
    make_release 1 --product lamp
    cat >forge.jq <<'JQ'
.signed | .targets["lamp/stable/v1.bundle"] = (.targets["lamp/stable/v2.bundle"] | .length = $length | .hashes.sha256 = $hash
    | .custom.slipway.release_counter = 9)
JQ
    hash=$(sha256_of v1.bundle)
    cp v1.bundle "repo/targets/lamp/stable/$hash.v1.bundle"
    resign "$(newest lamp-stable)" team --argjson length "$(stat -c %s v1.bundle)" --arg hash "$hash"
    update_from 3
    says 'refused: wrong-custom'
    [ "$(status_of state)" = INACTIVE ]
    [ -z "$(find client/downloads -type f)" ]
}

@test "refuses a release of another channel" {
    release 2
    start_device --root root.pb --product lamp
    echo '.signed | .targets[].custom.slipway.channel = "beta"' >forge.jq
    resign "$(newest lamp-stable)" team
    update_from 3
    says 'refused: wrong-channel'
}

@test "refuses a target in the channel that is no release" {
    release 2
    start_device --root root.pb --product lamp
    echo '.signed | del(.targets[].custom)' >forge.jq
    resign "$(newest lamp-stable)" team
    update_from 3
    says 'refused: wrong-custom'
    refused wrong-custom repo fetch lamp/stable/v2.bundle --from repo --metadata-dir client --dir fetched
    [ -z "$(find fetched -type f)" ]
}

@test "believes no other role about a channel" {
    release 1
    ok repo delegate repo lamp-other --key team.pub --path 'lamp/*/*'
    publish_targets
    make_release 9 --product lamp
    start_device --root root.pb --product lamp
    update_from 0
    [ "$(status_of targets_version)" = 1 ]
    exits 1 device update --from repo --metadata-dir client --product lamp --channel beta --to "$link"
}

@test "the device refuses what the repository was talked into" {
    make_release 2 --product lamp
    slipway key generate evil.key >/dev/null
    slipway bundle sign v2.bundle --key evil.key --any-key --signature-only evil.sig
    slipway bundle create evil.bundle --file app=app-2 --root root.pb --targets-version 5 --product lamp
    slipway bundle sign evil.bundle --key evil.key --any-key
    ok repo add repo evil.bundle --channel stable
    ok repo sign repo lamp-stable --key team
    ok repo publish repo
    start_device --root root.pb --product lamp
    update_from 3
    says 'below-threshold'
}
