#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The drills of docs/KEY-DRILLS.md: a key is lost or stolen, and what clients see at each step.

load slipway
load repo

setup() {
    slipway_setup
    make_repo_keys
    ok repo init repo --root-key root-1.pub --root-key root-2.pub --root-key ed-root.pub --root-threshold 2 \
        --targets-key targets.pub --online-key online
    ok repo sign repo root --key root-1 --key root-2
    ok repo sign repo targets --key targets
    ok repo delegate repo team --key team.pub --path 'team/*'
    echo one >one.bin
    ok repo add repo one.bin --role team --as team/one.bin
    ok repo sign repo targets --key targets
    ok repo sign repo team --key team
    ok repo publish repo
    for client in old older; do client_fetches team/one.bin one.bin; done
    rm -rf fetched
}

# everybody_fetches TARGET FILE: a client that was here all along, one that missed everything since setup, and a new one.
everybody_fetches() {
    local name
    for name in old older new; do
        rm -rf fetched
        cp -r older "$BATS_TEST_TMPDIR/kept"
        client=$name client_fetches "$1" "$2"
        rm -rf older new && mv "$BATS_TEST_TMPDIR/kept" older
    done
}

@test "rotates the online keys without a client that fails" {
    sed -i "/^\[keys\]/a snapshot = $PWD/online-2\ntimestamp = $PWD/online-2" repo/keys.conf
    ok repo rotate repo timestamp --key online-2.pub
    ok repo rotate repo snapshot --key online-2.pub
    client=old client_fetches team/one.bin one.bin
    ok repo sign repo root --key root-1
    ok repo publish repo
    [ ! -e repo/metadata/2.root.json ]
    ok repo sign repo root --key root-2
    ok repo publish repo
    [ -e repo/metadata/2.root.json ]
    everybody_fetches team/one.bin one.bin
}

@test "leaves a stolen online key out, and nobody believes it any more" {
    cp repo/metadata/timestamp.json stolen.json
    sed -i "s|= .*/online\$|= $PWD/online-2|" repo/keys.conf
    ok repo rotate repo timestamp --key online-2.pub
    ok repo rotate repo snapshot --key online-2.pub
    ok repo sign repo root --key root-1 --key root-2
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
    # the thief goes on with the old key
    echo '.signed | .version = 99' >forge.jq
    resign stolen.json online
    cp repo/metadata/timestamp.json good.json
    cp stolen.json repo/metadata/timestamp.json
    for client in old new; do
        refused below-threshold repo list --from repo --root repo/metadata/1.root.json --metadata-dir "$client"
    done
    cp good.json repo/metadata/timestamp.json
    everybody_fetches team/one.bin one.bin
}

@test "recovers from a fast-forward of timestamp and snapshot" {
    cp repo/metadata/timestamp.json good.json
    echo '.signed | .version = 999999999999999' >forge.jq
    resign repo/metadata/timestamp.json online
    client=old client_lists 'team/*' team/one.bin
    cp good.json repo/metadata/timestamp.json
    refused rollback repo list --from repo --metadata-dir old
    sed -i "s|= .*/online\$|= $PWD/online-2|" repo/keys.conf
    ok repo rotate repo timestamp --key online-2.pub
    ok repo rotate repo snapshot --key online-2.pub
    ok repo sign repo root --key root-1 --key root-2
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
}

@test "recovers from a fast-forward of a team's role" {
    echo two >two.bin
    cp -r repo/metadata before
    ok repo add repo two.bin --role team --as team/two.bin
    ok repo sign repo team --key team
    ok repo publish repo
    # what the thief of the team's key and the online key had shown to one client
    echo '.signed | .version = 4000' >forge.jq
    cp -r repo thief
    thief=$(find thief/metadata -name '*.team.json' | sort -V | tail -n 1)
    resign "$thief" team && mv "$thief" thief/metadata/4000.team.json
    echo '.signed | .meta["team.json"].version = 4000 | .version = 50' >forge.jq
    thief=$(find thief/metadata -name '*.snapshot.json' | sort -V | tail -n 1)
    resign "$thief" online && mv "$thief" thief/metadata/50.snapshot.json
    echo '.signed | .meta["snapshot.json"].version = 50 | .version = 60' >forge.jq
    resign thief/metadata/timestamp.json online
    ok repo list --from thief --metadata-dir old
    refused rollback repo list --from repo --metadata-dir old
    sed -i "s|= .*/online\$|= $PWD/online-2|" repo/keys.conf
    ok repo rotate repo timestamp --key online-2.pub
    ok repo rotate repo snapshot --key online-2.pub
    ok repo delegate repo team --key ed-team.pub --path 'team/*'
    ok repo sign repo root --key root-1 --key root-2
    ok repo sign repo targets --key targets
    ok repo sign repo team --key ed-team
    ok repo publish repo
    everybody_fetches team/two.bin two.bin
}

@test "revokes the key of a team's role" {
    ok repo delegate repo team --key ed-team.pub --path 'team/*'
    ok repo sign repo targets --key targets
    ok repo sign repo team --key ed-team
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
    # the old key signs what it likes
    echo '.signed' >forge.jq
    resign "$(newest team)" team
    refused below-threshold repo fetch team/one.bin --from repo --root repo/metadata/1.root.json --metadata-dir new --dir other
}

@test "rotates the targets key" {
    ok repo rotate repo targets --key ed-targets.pub
    ok repo sign repo root --key root-1 --key root-2
    ok repo sign repo targets --key ed-targets --key targets
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
    [ "$(jq -r '.signed.roles.targets.keyids | length' "$(newest root)")" = 1 ]
}

@test "moves to a new root, and keeps who missed it" {
    ok repo rotate repo root --key root-2.pub --key ed-root.pub --key stranger.pub --threshold 2
    ok repo sign repo root --key root-2
    ok repo publish repo
    [ ! -e repo/metadata/2.root.json ]
    ok repo sign repo root --key stranger
    ok repo publish repo
    [ ! -e repo/metadata/2.root.json ]
    ok repo sign repo root --key ed-root
    ok repo publish repo
    [ -e repo/metadata/2.root.json ]
    # and once more, by the new ones alone
    ok repo rotate repo root --key ed-root.pub --key stranger.pub --key root-1.pub --threshold 2
    ok repo sign repo root --key ed-root --key stranger
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
}

@test "rotates everything at once" {
    sed -i "/^\[keys\]/a snapshot = $PWD/ed-online\ntimestamp = $PWD/ed-online" repo/keys.conf
    ok repo rotate repo root --key ed-root.pub --key stranger.pub --threshold 1
    ok repo rotate repo targets --key ed-targets.pub
    ok repo rotate repo snapshot --key ed-online.pub
    ok repo rotate repo timestamp --key ed-online.pub
    ok repo sign repo root --key root-1 --key root-2 --key ed-root
    ok repo sign repo targets --key ed-targets --key targets
    ok repo publish repo
    everybody_fetches team/one.bin one.bin
    ok repo check repo
}
