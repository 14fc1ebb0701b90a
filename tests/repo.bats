#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `slipway repo`: making a TUF repository, changing it, and what a client of it gets.

load slipway
load repo

setup() { slipway_setup; }

@test "shows nothing to clients until root and targets are signed" {
    make_repo_keys
    ok repo init repo --root-key root-1.pub --targets-key targets.pub --online-key online
    ok repo publish repo
    [ ! -e repo/metadata/timestamp.json ]
    ok repo sign repo root --key root-1
    ok repo sign repo targets --key targets
    ok repo publish repo
    client_lists '*' ''
    [ "$(version_of repo/metadata/1.root.json)" = 1 ]
}

@test "writes metadata in canonical form under consistent names" {
    make_repo
    [ "$(ls repo/metadata)" = "$(printf '%s\n' 1.root.json 1.snapshot.json 1.targets.json timestamp.json)" ]
    for file in repo/metadata/*.json; do
        jq -jc . "$file" | cmp - "$file"
    done
    [ "$(jq -r .signed.consistent_snapshot repo/metadata/1.root.json)" = true ]
}

@test "serves a file that was added, and no longer after it was removed" {
    make_repo
    echo hello >hello.txt
    ok repo add repo hello.txt --as docs/hello.txt
    publish_targets
    client_lists 'docs/*' docs/hello.txt
    client_fetches docs/hello.txt hello.txt
    [ -f "repo/targets/docs/$(sha256sum <hello.txt | cut -d' ' -f1).hello.txt" ]
    ok repo remove repo docs/hello.txt
    publish_targets
    exits 1 repo fetch docs/hello.txt --from repo --metadata-dir client --dir fetched
    says 'not-found'
}

@test "takes signatures of several people, one of them made elsewhere" {
    make_repo_keys
    ok repo init repo --root-key root-1.pub --root-key root-2.pub --root-threshold 2 --targets-key targets.pub --online-key online
    ok repo sign repo targets --key targets
    ok repo sign repo root --key root-1
    ok repo publish repo
    [ ! -e repo/metadata/1.root.json ]
    cp repo/staged/root.json elsewhere.json
    ok repo sign elsewhere.json --key root-2 --signature-only root-2.sig
    says 'root, version 1'
    ok repo sign repo root --signature root-2.sig
    ok repo publish repo
    client_lists '*' ''
    [ "$(jq '.signatures | length' repo/metadata/1.root.json)" = 2 ]
}

@test "refuses a signature by a key that doesn't speak for the role" {
    make_repo_keys
    ok repo init repo --root-key root-1.pub --targets-key targets.pub --online-key online
    refused bad-key repo sign repo root --key stranger
    ok repo sign repo/staged/root.json --key stranger --signature-only stranger.sig
    refused bad-key repo sign repo root --signature stranger.sig
    ok repo sign repo/staged/targets.json --key targets --signature-only targets.sig
    exits 3 repo sign repo root --signature targets.sig
}

@test "delegates paths to a team, whose files others may not list" {
    make_repo
    echo one >one.bin
    ok repo delegate repo team --key team.pub --path 'team/*'
    publish_targets
    ok repo add repo one.bin --role team --as team/one.bin
    ok repo sign repo team --key team
    ok repo publish repo
    client_fetches team/one.bin one.bin
    # outside of its paths nobody would believe it, so it can't be listed there
    exits 1 repo add repo one.bin --role team --as other/one.bin
    says 'no delegation to team is for such a path'
}

@test "signs by itself for roles whose keys are named in keys.conf" {
    make_repo
    echo one >one.bin
    echo 'team = ../team' >>repo/keys.conf
    ok repo delegate repo team --key team.pub --path 'team/*'
    publish_targets
    ok repo add repo one.bin --role team --as team/one.bin
    ok repo publish repo
    client_fetches team/one.bin one.bin
}

@test "spreads targets over hash bins" {
    make_repo
    echo 'bin* = ../online' >>repo/keys.conf
    ok repo delegate repo bin --key online.pub --bins 16
    publish_targets
    for i in $(seq 40); do
        echo "content $i" >"file-$i"
    done
    ok repo add repo file-*
    ok repo publish repo
    for i in 1 17 40; do
        client_fetches "file-$i" "file-$i"
    done
    [ "$(ls repo/metadata/*.bin-?.json | wc -l)" -ge 16 ]
    ok repo list --from repo --metadata-dir client
    [ "$(wc -l <<<"$output")" = 40 ]
}

@test "tells that changes to hash bins wait for their key, and publishes them with it" {
    make_repo
    echo 'bin* = ../online' >>repo/keys.conf
    ok repo delegate repo bin --key online.pub --bins 4
    publish_targets
    sed -i '/^bin/d' repo/keys.conf
    echo one >one.bin
    ok repo add repo one.bin
    ok repo publish repo
    prints '1 waiting for signatures'
    ok repo check repo
    prints 'targets: changes to the bins under it are staged'
    echo 'bin* = ../online' >>repo/keys.conf
    ok repo publish repo
    ok repo check repo
    [[ $output != *'are staged'* ]]
    client_fetches one.bin one.bin
}

@test "forgets what was prepared" {
    make_repo
    echo one >one.bin
    ok repo add repo one.bin
    ok repo discard repo targets
    [ ! -e repo/staged/targets.json ]
    exits 1 repo sign repo targets --key targets
    exits 1 repo discard repo targets
    ok repo publish repo
    client_lists '*' ''
    [ -z "$output" ]
}

@test "prepares over again what was overtaken" {
    make_repo
    echo one >one.bin
    echo two >two.bin
    ok repo add repo one.bin
    cp -r repo/staged staged
    publish_targets
    ok repo add repo two.bin
    publish_targets
    client_fetches one.bin one.bin
    client_fetches two.bin two.bin
    [ "$(version_of repo/metadata/3.targets.json)" = 3 ]
}

@test "rotates the online keys, and clients of any age go on" {
    make_repo
    client=old client_lists '*' ''
    cp -r old older
    echo one >one.bin
    sed -i 's|/online$|/online-2|' repo/keys.conf
    sed -i "/^\[keys\]/a snapshot = $PWD/online\ntimestamp = $PWD/online" repo/keys.conf
    ok repo rotate repo timestamp --key online-2.pub
    ok repo rotate repo snapshot --key online-2.pub
    ok repo sign repo root --key root-1
    ok repo publish repo
    client=old client_lists '*' ''
    ok repo add repo one.bin
    publish_targets
    client=older client_fetches one.bin one.bin
    client=new client_fetches one.bin one.bin
    [ "$(jq '.signed.roles.timestamp.keyids | length' repo/metadata/2.root.json)" = 1 ]
}

@test "moves to a new root that the old one and the new one sign" {
    make_repo
    client_lists '*' ''
    ok repo rotate repo root --key root-2.pub
    ok repo sign repo root --key root-2
    ok repo publish repo
    [ ! -e repo/metadata/2.root.json ]
    ok repo sign repo root --key root-1
    ok repo publish repo
    [ -e repo/metadata/2.root.json ]
    client_lists '*' ''
    client=new client_lists '*' ''
}

@test "renews what is due and tells what others must sign" {
    make_repo --expires timestamp=1d --expires snapshot=3d
    before=$(version_of repo/metadata/timestamp.json)
    output=$("$later" 20h "$slipway" repo refresh repo 2>stderr)
    [ "$(version_of repo/metadata/timestamp.json)" -gt "$before" ]
    client_lists '*' ''
}

@test "keeps old files for seven days, and roots for ever" {
    make_repo
    echo one >one.bin
    ok repo add repo one.bin
    publish_targets
    ok repo remove repo one.bin
    publish_targets
    old=$(find repo/targets -type f)
    [ -n "$old" ]
    ok repo refresh repo
    [ -e "$old" ]
    "$later" 6d "$slipway" repo refresh repo
    [ -e "$old" ]
    "$later" 8d "$slipway" repo refresh repo
    [ ! -e "$old" ]
    [ ! -e repo/metadata/1.targets.json ]
    [ -e repo/metadata/1.root.json ]
    "$later" 8d "$slipway" repo list --from repo --root repo/metadata/1.root.json --metadata-dir new
}

@test "checks: tells what is weak, and fails when something is due" {
    make_repo
    ok repo check repo --json
    [ "$(jq -r '[.[] | select(.severity == "weak" and .role == "root")] | length > 0' <<<"$output")" = true ]
    [ "$(jq -r '[.[] | select(.severity == "due")] | length' <<<"$output")" = 0 ]
    "$later" 2y "$slipway" repo check repo --json >due.json && false
    ok repo init weak --root-key root-1.pub --targets-key root-1.pub --online-key root-1
    ok repo sign weak root --key root-1
    ok repo sign weak targets --key root-1
    ok repo publish weak
    ok repo check weak
    prints 'has a key in common with targets'
    sed -i '/^timestamp/d' weak/keys.conf
    exits 1 repo check weak
    prints "due   timestamp: can't be renewed: 0 of its keys at hand, and 1 must sign"
    [[ $output != *'due   snapshot'* ]]
    [ "$(jq -r '[.[] | select(.severity == "due")] | length > 0' due.json)" = true ]
}

@test "one writer at a time: the other is told who holds the lease" {
    make_repo
    exec 8>repo/.hold
    echo one >one.bin
    ok repo add repo one.bin
    ok repo sign repo targets --key targets
    for i in 1 2 3 4; do
        "$slipway" repo publish repo >"out-$i" 2>&1 8>&- &
    done
    wait
    client_fetches one.bin one.bin
}

@test "adopts another repository and goes on from there" {
    make_repo
    echo one >one.bin
    echo two >two.bin
    ok repo add repo one.bin
    publish_targets
    mkdir other
    cp -r repo/metadata repo/targets other
    ok repo import adopted --from other --root other/metadata/1.root.json --online-key online
    cmp other/metadata/2.targets.json adopted/metadata/2.targets.json
    ok repo add adopted two.bin
    ok repo sign adopted targets --key targets
    ok repo publish adopted
    ok repo fetch one.bin two.bin --from adopted --root other/metadata/1.root.json --metadata-dir client --dir fetched
    cmp fetched/two.bin two.bin
}

@test "adopts a repository whose files others serve only when it is told so" {
    make_repo
    echo one >one.bin
    ok repo add repo one.bin
    publish_targets
    mkdir other
    cp -r repo/metadata other
    mkdir other/targets
    refused missing-payload repo import adopted --from other --root other/metadata/1.root.json --online-key online
    says one.bin
    ok repo import adopted --from other --root other/metadata/1.root.json --online-key online --payloads-elsewhere
    ok repo list --from adopted --root other/metadata/1.root.json --metadata-dir client
    prints one.bin
}

@test "adopts nothing that doesn't verify" {
    make_repo
    make_tampered() { sed "s/\"version\":1/\"version\":7/" -i "$1"; }
    cp -r repo/metadata copy-metadata
    mkdir other && mv copy-metadata other/metadata && mkdir other/targets
    make_tampered other/metadata/1.targets.json
    exits 3 repo import adopted --from other --root repo/metadata/1.root.json --online-key online
    [ ! -e adopted/metadata/timestamp.json ]
}

@test "exports what a client needs to a directory" {
    make_repo
    echo one >one.bin
    ok repo add repo one.bin
    publish_targets
    ok repo export repo media
    ok repo fetch one.bin --from media --root repo/metadata/1.root.json --metadata-dir client --dir fetched
    cmp fetched/one.bin one.bin
    [ ! -e media/staged ] && [ ! -e media/keys.conf ] && [ ! -e media/state ]
    # media grow old: refused unless somebody decides otherwise, and says so
    "$later" 2y "$slipway" repo list --from media --metadata-dir client 2>stderr && false
    says 'refused: expired'
    "$later" 2y "$slipway" repo list --from media --metadata-dir client --accept-expired 2>stderr
    says 'expired at'
}

@test "says which file it was when a root to trust isn't one" {
    make_repo
    echo '{}' >other.json
    refused malformed repo list --from repo --root other.json --metadata-dir new
    says 'malformed: other.json: has no member "signatures"'
    refused wrong-role repo list --from repo --root repo/metadata/timestamp.json --metadata-dir new
    says 'wrong-role: repo/metadata/timestamp.json: '
    refused malformed repo import adopted --from repo --root other.json --online-key online
    says 'malformed: other.json: '
}

@test "refuses options that make no sense" {
    make_repo
    exits 2 repo init other --root-key root-1.pub --root-threshold 2 --targets-key targets.pub --online-key online
    exits 2 repo init other --root-key root-1.pub --targets-key targets.pub
    exits 2 repo delegate repo team --key team.pub
    exits 2 repo delegate repo team --key team.pub --bins 3
    exits 2 repo delegate repo team --key team.pub --bins 4 --path 'x/*'
    exits 2 repo rotate repo team --key team.pub
    exits 2 repo list --from repo
    exits 2 repo list --from repo --from http://127.0.0.1:1 --root repo/metadata/1.root.json
    exits 2 repo add repo one two --as x
    exits 1 repo add repo missing.bin
    exits 1 repo publish nowhere
}

@test "refuses names that no file can have" {
    make_repo
    echo one >one.bin
    for name in '' '../one' '/one' 'a//b' 'a/../b' './a' 'a/.'; do
        exits 3 repo add repo one.bin --as "$name"
    done
    [ ! -e repo/staged/targets.json ]
}
