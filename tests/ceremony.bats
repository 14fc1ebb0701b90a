#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2119
# slipway ceremony: several people on several machines make a root, and everything that could go wrong on the way.
# Machines are directories; the folder is copied from one to the next, as on a stick.

load slipway.bash
load token.bash
load repo.bash
load signer.bash

setup() {
    slipway_setup
    local keys=$BATS_FILE_TMPDIR/ceremony-keys name
    if [ ! -d "$keys" ]; then
        mkdir "$keys"
        for name in ada ben eve root-a root-b root-c targets-a targets-b snapshot timestamp; do
            "$slipway" key generate -q "$keys/$name" >/dev/null
        done
        "$slipway" key generate -q --type ed25519 "$keys/root-e" >/dev/null
    fi
    cp -p "$keys"/* .
}

teardown() { signer_stop; }

# plan_new DIR [OPTION…]: a first root of two root keys, ada's and ben's, and a targets key of ada's.
plan_new() {
    ok ceremony plan "$1" --kind new-root --name "lamp root" --key-class prod --participant ada=ada.pub \
        --participant ben=ben.pub --new-key root=ada --new-key root=ben --new-key targets=ada --threshold root=2 \
        --threshold targets=1 --expires 2099-01-01T00:00:00Z "${@:2}"
}

# step DIR PERSON [KEY]: must be done.
step() {
    ok ceremony next "$1" --my-key "$2" ${3:+--key "$3"} --yes
}

# The steps of plan_new, up to and with number COUNT.
steps_new() {
    local count=$2 number=0 line
    for line in "ada" "ben" "ada root-a" "ben root-b" "ada targets-a" "ada root-a" "ben root-b"; do
        number=$((number + 1))
        [ "$number" -le "$count" ] || return 0
        # shellcheck disable=SC2086
        step "$1" $line
    done
}

# make_first DIR: a finished first root.
make_first() {
    plan_new "$1"
    steps_new "$1" 7
    ok ceremony finish "$1" --my-key ada --yes
}

payload_of() {
    jq -r .payload "$1" | base64 -d
}

# forge KEY[,KEY] ENTRY JQ-FILTER: writes an entry whose payload is changed, signed by the keys' holders, as entries are written.
forge() {
    local keys=$1 entry=$2 key signatures='' length
    payload_of "$entry" | jq -jc "$3" >payload
    length=$(wc -c <payload)
    {
        printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$length"
        cat payload
    } >pae
    for key in ${keys//,/ }; do
        openssl dgst -sha256 -sign "$key" -out pae.sig pae
        signatures=$signatures${signatures:+,}$(printf '{"keyid":"%s","sig":"%s"}' \
            "$("$slipway" key show --json "$key" | jq -r .key_id)" "$(base64 -w 0 pae.sig)")
    done
    printf '{"payload":"%s","payloadType":"application/vnd.in-toto+json","signatures":[%s]}\n' \
        "$(base64 -w 0 payload)" "$signatures" >"$entry"
}

@test "a new root: two people on two machines, the folder travels, and devices take the root" {
    mkdir machine-a machine-b
    plan_new machine-a/lamp
    step machine-a/lamp ada
    cp -r machine-a/lamp machine-b/lamp
    step machine-b/lamp ben
    cp -r machine-b/lamp/. machine-a/lamp
    step machine-a/lamp ada root-a
    cp -r machine-a/lamp/. machine-b/lamp
    step machine-b/lamp ben root-b
    cp -r machine-b/lamp/. machine-a/lamp
    step machine-a/lamp ada targets-a
    step machine-a/lamp ada root-a
    cp -r machine-a/lamp/. machine-b/lamp
    step machine-b/lamp ben root-b
    cp -r machine-b/lamp/. machine-a/lamp
    ok ceremony finish machine-a/lamp --my-key ada --yes
    prints "accepted: "
    ok ceremony verify machine-a/lamp
    ok root verify machine-a/lamp/root.pb
    ok root inspect --json machine-a/lamp/root.pb
    [ "$(jq -r '.version, .key_class, .thresholds.root, (.signatures | length)' <<<"$output" | tr '\n' ' ')" = "1 prod 2 2 " ]
    head -c 3000 /dev/urandom >app.bin
    ok bundle create app.bundle --root machine-a/lamp/root.pb --file app=app.bin --key targets-a
    ok bundle verify app.bundle --trusted-root machine-a/lamp/root.pb --key-class prod
}

@test "what is signed is shown in words, and a yes is wanted" {
    plan_new lamp
    status=0
    echo no | "$slipway" ceremony next lamp --my-key ada >shown 2>stderr || status=$?
    [ "$status" = 7 ]
    grep -q 'ada agrees to the plan of the ceremony "lamp root": a first root, of bundles, for production keys' shown
    grep -q 'new key for the role root, brought by ben' shown
    [ -z "$(ls lamp/transcript)" ]
    exits 7 ceremony next lamp --my-key ada # the end of the input isn't a yes
    [ -z "$(ls lamp/transcript)" ]
    echo yes | "$slipway" ceremony next lamp --my-key ada >shown 2>stderr
    [ "$(ls lamp/transcript)" = 000.json ]
    steps_new lamp 0
    step lamp ben
    step lamp ada root-a
    step lamp ben root-b
    step lamp ada targets-a
    ok ceremony status lamp
    prints "next   6  sign   new ada"
    prints "a root of bundles, version 1, for production keys, expires 2099-01-01T00:00:00Z"
    prints "role root: 2 of these must sign"
    prints ", new, of ben"
    ok ceremony status --json lamp
    [ "$(jq -r '.done, (.steps | length), .steps[5].person' <<<"$output" | tr '\n' ' ')" = "5 8 ada " ]
}

@test "keys in tokens that are plugged in for it, and Ed25519 beside P-256" {
    token_setup
    token_make token-a
    token_make token-b
    ok key generate "$(token_uri token-a root)"
    ok key generate --type ed25519 "$(token_uri token-b root)"
    ok key generate "$(token_uri token-a ada)" -o ada-token.pub
    ok ceremony plan lamp --kind new-root --name lamp --participant ada=ada-token.pub --participant ben=ben.pub \
        --new-key root=ada --new-key root=ben --new-key targets=ben --threshold root=2 --threshold targets=1
    ada=$(token_uri token-a ada)
    step lamp "$ada"
    step lamp ben
    step lamp "$ada" "$(token_uri token-a root)"
    step lamp ben "$(token_uri token-b root)"
    step lamp ben targets-b
    step lamp "$ada" "$(token_uri token-a root)"
    step lamp ben "$(token_uri token-b root)"
    ok ceremony finish lamp --my-key "$ada" --yes
    ok root verify lamp/root.pb
    ok ceremony verify lamp
}

@test "a rotation: the former root's keys vouch for it, and devices follow" {
    make_first lamp
    ok ceremony plan next --kind rotation --name "lamp 2" --participant ben=ben.pub --participant eve=eve.pub \
        --participant ada=ada.pub --former lamp/root.pb --signer ada=root-a.pub --signer ben=root-b.pub \
        --new-key root=eve --new-key targets=eve --remove-key targets=targets-a.pub
    for who in ben eve ada; do step next $who; done
    step next eve root-e
    step next eve targets-b
    step next ada root-a
    ok ceremony status next
    prints "as before, of ada"
    step next ben root-b
    step next eve root-e
    ok ceremony finish next --my-key ben --yes
    ok root verify next/root.pb --trusted-root lamp/root.pb
    ok ceremony verify next
    ok root inspect --json next/root.pb
    [ "$(jq -r '.version, (.keys | length)' <<<"$output" | tr '\n' ' ')" = "2 4 " ]
}

@test "a revocation: the key in wrong hands goes, with a reason in the transcript" {
    make_first lamp
    head -c 100 /dev/urandom >app.bin
    ok ceremony plan gone --kind revocation --name "targets stolen" --reason "targets-a was on a lost laptop" \
        --participant ada=ada.pub --participant ben=ben.pub --former lamp/root.pb --signer ada=root-a.pub \
        --signer ben=root-b.pub --remove-key targets=targets-a.pub --new-key targets=ben
    step gone ada
    step gone ben
    step gone ben targets-b
    step gone ada root-a
    step gone ben root-b
    ok ceremony finish gone --my-key ada --yes
    ok root verify gone/root.pb --trusted-root lamp/root.pb
    payload_of gone/transcript/005.json | jq -e '.predicate.plan.reason == "targets-a was on a lost laptop"'
    ok bundle create new.bundle --root gone/root.pb --file app=app.bin --key targets-b
    ok bundle verify new.bundle --trusted-root lamp/root.pb
    ok bundle create stolen.bundle --root gone/root.pb --file app=app.bin --key targets-a --any-key
    refused revoked-key bundle verify stolen.bundle --trusted-root lamp/root.pb
}

@test "a recovery: too few root keys are left, so the next root stands alone, and says so" {
    make_first lamp
    ok ceremony plan again --kind recovery --name "lost root-b" --reason "root-b's token broke" --participant ada=ada.pub \
        --participant eve=eve.pub --former lamp/root.pb --new-key root=ada --new-key root=eve --new-key targets=eve \
        --threshold root=2 --threshold targets=1 --expires 2099-01-01T00:00:00Z
    step again ada
    step again eve
    step again ada root-c
    step again eve root-e
    step again eve targets-b
    step again ada root-c
    step again eve root-e
    ok ceremony finish again --my-key ada --yes
    says "nobody who trusts the former root follows this one by itself"
    ok root verify again/root.pb
    refused root-untrusted root verify again/root.pb --trusted-root lamp/root.pb
    ok root inspect --json again/root.pb
    [ "$(jq -r '.version, .key_class' <<<"$output" | tr '\n' ' ')" = "2 prod " ]
}

@test "a repository's root: a first one, and the next one of a repository that is served" {
    make_repo
    ok ceremony plan first --kind new-root --format repository --name "tuf" --participant ada=ada.pub --new-key root=ada \
        --new-key targets=ada --new-key snapshot=ada --new-key timestamp=ada --threshold root=1 --threshold targets=1 \
        --threshold snapshot=1 --threshold timestamp=1 --expires 2099-01-01T00:00:00Z
    step first ada
    for key in root-a targets-a snapshot timestamp; do step first ada $key; done
    step first ada root-a
    ok ceremony finish first --my-key ada --yes
    ok ceremony verify first
    [ "$(jq -r '.signed.version, (.signed.keys | length), (.signatures | length)' first/root.json | tr '\n' ' ')" = "1 4 1 " ]

    ok ceremony plan next --kind rotation --format repository --name "tuf 2" --participant ada=ada.pub --participant ben=ben.pub \
        --former repo/metadata/1.root.json --signer ada=root-1.pub --new-key root=ben --remove-key root=root-1.pub \
        --expires 2099-01-01T00:00:00Z
    step next ada
    step next ben
    step next ben root-e
    step next ada root-1
    step next ben root-e
    ok ceremony finish next --my-key ada --yes
    [ "$(jq -r '.signed.version, (.signatures | length)' next/root.json | tr '\n' ' ')" = "2 2 " ]
    cp next/root.json repo/metadata/2.root.json
    ok repo list --from repo --root repo/metadata/1.root.json --metadata-dir client
    [ "$(jq -r .signed.version client/root.json)" = 2 ]
}

@test "killed at any moment, it goes on where it was" {
    plan_new lamp
    steps_new lamp 7
    cp -r lamp before
    ok ceremony finish lamp --my-key ada --yes
    # The entry was written, the root wasn't.
    mv lamp/root.pb root.pb
    exits 1 ceremony verify lamp
    ok ceremony finish lamp --my-key ada --yes
    cmp lamp/root.pb root.pb
    # Nothing was written but the root under the name that it has before it is verified.
    cp root.pb before/root.pb.unfinished
    ok ceremony finish before --my-key ada --yes
    ok ceremony verify before
    [ ! -e before/root.pb.unfinished ]
    # A step is written whole or not at all: killed while it waits for an answer.
    plan_new other
    mkfifo answer
    "$slipway" ceremony next other --my-key ada <answer >shown 2>&1 &
    asking=$!
    exec 9>answer
    for _ in $(seq 100); do
        grep -qs 'Type yes' shown && break
        sleep 0.05
    done
    kill -KILL "$asking"
    wait "$asking" || true
    exec 9>&-
    [ -z "$(ls other/transcript)" ]
    step other ada
}

@test "plans that make no sense are refused when they are made" {
    local plan="ceremony plan lamp --name lamp --participant ada=ada.pub --participant ben=ben.pub"
    local keys="--new-key root=ada --new-key targets=ben"
    local both="--threshold root=1 --threshold targets=1"
    # shellcheck disable=SC2086
    {
        refused bad-statement $plan --kind new-root $keys --threshold root=2 --threshold targets=1
        refused bad-statement $plan --kind new-root $keys --threshold root=1
        refused bad-statement $plan --kind new-root --new-key targets=ben $both
        refused bad-statement $plan --kind new-root $keys $both --participant ada=eve.pub
        refused bad-statement $plan --kind new-root $keys $both --participant eve=ada.pub
        refused bad-statement $plan --kind new-root $keys $both --new-key snapshot=ada
        refused bad-statement $plan --kind new-root $keys $both --format repository
        refused bad-statement $plan --kind rotation $keys $both
        refused bad-statement $plan --kind recovery $keys $both --reason lost
        exits 2 $plan --kind new-root --new-key root=eve $both
        exits 2 $plan --kind new-root --new-key king=ada $both
        exits 2 $plan --kind new-root $keys --threshold root=0
        exits 2 $plan --kind new-root $keys --threshold root=x
        exits 2 $plan --kind coronation $keys $both
        exits 1 $plan --kind new-root $keys $both --participant eve=eve
    }
    [ ! -e lamp ]
    make_first lamp
    local next="ceremony plan next --name next --participant ada=ada.pub --participant ben=ben.pub --former lamp/root.pb"
    # shellcheck disable=SC2086
    {
        refused bad-threshold $next --kind rotation --signer ada=root-a.pub --new-key targets=ada
        refused bad-statement $next --kind rotation --signer ada=root-a.pub --signer ben=root-c.pub --new-key targets=ada
        refused bad-statement $next --kind rotation --signer ada=root-a.pub --signer ben=root-a.pub --new-key targets=ada
        refused bad-statement $next --kind rotation --signer ada=root-a.pub --signer ben=ben.pub --new-key targets=ada
        refused bad-statement $next --kind revocation --signer ada=root-a.pub --signer ben=root-b.pub --reason stolen \
            --new-key targets=ada
        refused bad-statement $next --kind revocation --signer ada=root-a.pub --signer ben=root-b.pub \
            --remove-key targets=targets-a.pub --new-key targets=ada
        refused bad-statement $next --kind recovery $keys $both
        refused bad-statement $next --kind new-root $keys $both
        # without new keys the root is made when the plan is: no targets key would be left
        refused bad-threshold $next --kind revocation --signer ada=root-a.pub --signer ben=root-b.pub --reason stolen \
            --remove-key targets=targets-a.pub
    }
    [ ! -e next ]
}

@test "a plan that was changed after people agreed to it" {
    plan_new lamp
    step lamp ada
    sed -i 's/"root":2/"root":1/' lamp/plan.json
    refused bad-statement ceremony status lamp
    says "another ceremony, or the plan was changed"
    refused bad-statement ceremony next lamp --my-key ben --yes
}

@test "a step by somebody else, with another key, or out of turn" {
    plan_new lamp
    refused unknown-key ceremony next lamp --my-key ben --yes
    says "is ada's"
    steps_new lamp 2
    refused unknown-key ceremony next lamp --my-key ada --yes
    says "isn't given"
    refused unknown-key ceremony next lamp --my-key ben --key root-b --yes
    exits 1 ceremony finish lamp --my-key ada --yes
    steps_new lamp 0
    step lamp ada root-a
    step lamp ben root-b
    step lamp ada targets-a
    refused unknown-key ceremony next lamp --my-key ada --key root-b --yes
    says "another key of the root"
    refused unknown-key ceremony next lamp --my-key ada --key targets-a --yes
    step lamp ada root-a
    step lamp ben root-b
    exits 1 ceremony next lamp --my-key ada --yes
    says "only \`slipway ceremony finish\` is left"
    refused unknown-key ceremony finish lamp --my-key ben --yes
    [ "$(find lamp/transcript -name '*.json' | wc -l)" = 7 ]
    [ ! -e lamp/root.pb ]
    ok ceremony finish lamp --my-key ada --yes
    exits 6 ceremony next lamp --my-key ada --yes
}

@test "a key that is in the ceremony already" {
    plan_new lamp
    steps_new lamp 3
    refused duplicate-signature ceremony next lamp --my-key ben --key root-a --yes
    refused duplicate-signature ceremony next lamp --my-key ben --key ben --yes
    refused duplicate-signature ceremony next lamp --my-key ben --key ada --yes
    step lamp ben root-b
    refused duplicate-signature ceremony next lamp --my-key ada --key root-b --yes
}

@test "forged entries: by another's key, without the new key's signature, about another root" {
    plan_new lamp
    steps_new lamp 1
    cp lamp/transcript/000.json good
    forge ben lamp/transcript/000.json .
    refused unsigned ceremony status lamp
    says "isn't signed by ada's key"
    cp good lamp/transcript/000.json
    forge ada lamp/transcript/000.json . # the same, made elsewhere by ada: as good as the first
    ok ceremony status lamp
    cp good lamp/transcript/000.json
    steps_new lamp 0
    step lamp ben
    step lamp ada root-a
    cp lamp/transcript/002.json good
    forge ada lamp/transcript/002.json .
    refused unsigned ceremony status lamp
    says "isn't signed by the new key itself"
    forge root-a lamp/transcript/002.json .
    refused unsigned ceremony status lamp
    forge ada,root-b lamp/transcript/002.json .
    refused unsigned ceremony status lamp
    forge root-a,ada lamp/transcript/002.json .
    refused unsigned ceremony status lamp
    forge ada,root-a,root-b lamp/transcript/002.json .
    refused bad-statement ceremony status lamp
    says "has signatures of others, too"
    forge ada,root-a lamp/transcript/002.json '.predicate.role = "targets"'
    refused bad-statement ceremony status lamp
    cp good lamp/transcript/002.json
    step lamp ben root-b
    step lamp ada targets-a
    step lamp ada root-a
    cp lamp/transcript/005.json good
    forge ada lamp/transcript/005.json '.predicate.made_sha256 = .predicate.previous'
    refused mix-and-match ceremony status lamp
    says "about another root"
    cp good lamp/transcript/005.json
    forge ada lamp/transcript/005.json '.predicate.signature |= (if startswith("00") then "01" else "00" end) + .[2:]'
    refused unsigned ceremony status lamp
    says "isn't over what was made here"
    cp good lamp/transcript/005.json
    forge ada lamp/transcript/005.json ".predicate.key = \"$(sed ':a;N;$!ba;s/\n/\\n/g' root-b.pub)\\n\""
    refused bad-statement ceremony status lamp
    says "by another key than is due"
}

@test "entries that aren't strict: other members, kinds, people, steps, times and spellings" {
    plan_new lamp
    steps_new lamp 2
    cp lamp/transcript/001.json good
    local filter
    for filter in '.predicate.step = 0' '.predicate.step = 2' '.predicate.step = -1' '.predicate.kind = "key"' \
        '.predicate.person = "ada"' '.predicate.more = 1' 'del(.predicate.time)' '.predicate.time = "2000-01-01T00:00:00Z"' \
        '.predicate.time = 1' '.subject[0].name = "lamp"' '.subject[0].digest.sha256 = .predicate.previous' \
        '.predicateType = "urn:slipway:approval:v1"' '.predicate.step = "1"' '.more = 1' '.subject += .subject'; do
        cp good lamp/transcript/001.json
        forge ben lamp/transcript/001.json "$filter"
        refused bad-statement ceremony status lamp || { echo "$filter"; return 1; }
    done
    forge ben lamp/transcript/001.json '.predicate.step = 1 | .predicate.person = "ben" | .predicate.kind = "accept"' || true
    for change in 's/}$/ }/' 's/^{/{"more":1,/' '$ s/$/\n/'; do
        cp good lamp/transcript/001.json
        sed -i "$change" lamp/transcript/001.json
        refused bad-statement ceremony status lamp
    done
    head -c 300 good >lamp/transcript/001.json
    refused malformed ceremony status lamp
    : >lamp/transcript/001.json
    refused malformed ceremony status lamp
    cp good lamp/transcript/001.json
    ok ceremony status lamp
}

@test "entries that were changed, exchanged, swapped, left out or played again" {
    plan_new lamp
    steps_new lamp 5
    cp -r lamp good
    # changed: one letter of what was signed
    forge ada lamp/transcript/003.json .
    refused unsigned ceremony status lamp
    # exchanged: signed again by the right person, so that only what follows shows it
    cp good/transcript/003.json lamp/transcript/003.json
    forge ben lamp/transcript/001.json '.predicate.time = "2098-01-01T00:00:00Z"'
    refused log-damaged ceremony status lamp
    says "which was changed or exchanged"
    # left out
    rm lamp/transcript/001.json
    refused log-damaged ceremony status lamp
    says "the entry before it is missing"
    # swapped
    cp good/transcript/002.json lamp/transcript/001.json
    cp good/transcript/001.json lamp/transcript/002.json
    refused bad-statement ceremony status lamp
    # played again
    rm -r lamp
    cp -r good lamp
    cp lamp/transcript/002.json lamp/transcript/005.json
    refused bad-statement ceremony status lamp
    says "is entry 2, key by ada, where entry 5, sign by ada, is due"
}

@test "an entry of another ceremony of the same people and the same plan" {
    plan_new lamp
    plan_new other
    step lamp ada
    cp lamp/transcript/000.json other/transcript/000.json
    refused bad-statement ceremony next other --my-key ben --yes
    says "belongs to another ceremony"
}

@test "a former root that was exchanged, taken away, or is nobody's business" {
    make_first lamp
    ok ceremony plan next --kind rotation --name "lamp 2" --participant ada=ada.pub --former lamp/root.pb \
        --signer ada=root-a.pub --signer ada=root-b.pub --new-key targets=ada
    cp next/former-root former
    ok root create -o other.pb --root-key root-a.pub --root-key root-b.pub --targets-key targets-a.pub
    cp other.pb next/former-root
    refused mix-and-match ceremony next next --my-key ada --yes
    rm next/former-root
    refused mix-and-match ceremony next next --my-key ada --yes
    cp former next/former-root
    step next ada
    cp former lamp/former-root
    refused mix-and-match ceremony verify lamp
}

@test "a folder that comes back older, or with other entries, than one's own machine saw" {
    plan_new lamp
    ok ceremony next lamp --my-key ada --yes --memory ada.memory
    cp -r lamp old
    step lamp ben
    ok ceremony next lamp --my-key ada --key root-a --yes --memory ada.memory
    ok ceremony status lamp --memory ada.memory
    refused log-behind ceremony status old --memory ada.memory
    says "has 1 entries, and this machine saw 3 before"
    # another ben's step, and another key of ada's, on the older copy: good in itself
    step old ben
    step old ada root-c
    ok ceremony status old
    refused log-behind ceremony status old --memory ada.memory
    says "other entries than this machine saw"
    # what it saw of one ceremony says nothing of another
    plan_new other
    ok ceremony next other --my-key ada --yes --memory ada.memory
    [ "$(wc -l <ada.memory)" = 2 ]
    refused log-behind ceremony status old --memory ada.memory
    ok ceremony status lamp --memory ada.memory
    sed -i 's/ 3 / x /' ada.memory
    exits 1 ceremony status lamp --memory ada.memory
}

@test "what whoever carries the folder puts into it besides: links, pipes, directories, endless files" {
    plan_new lamp
    local entry=lamp/transcript/000.json
    mkfifo $entry
    refused bad-statement ceremony status lamp
    says "a pipe"
    rm $entry
    mkdir $entry
    refused bad-statement ceremony status lamp
    rmdir $entry
    for target in /dev/zero /nowhere ../plan.json; do
        ln -s $target $entry
        refused bad-statement ceremony next lamp --my-key ada --yes
        rm $entry
    done
    head -c 1100000 /dev/zero >$entry
    refused too-large ceremony status lamp
    rm $entry
    mv lamp/plan.json plan.json
    mkfifo lamp/plan.json
    refused bad-statement ceremony status lamp
    rm lamp/plan.json
    mv plan.json lamp/plan.json
    # Nothing outside of the folder is written through a link in it.
    steps_new lamp 7
    echo mine >precious
    ln -s ../precious lamp/root.pb.unfinished
    ln -s ../precious lamp/root.pb
    ok ceremony finish lamp --my-key ada --yes
    [ "$(cat precious)" = mine ]
    [ ! -L lamp/root.pb ]
    ok ceremony verify lamp
}

@test "two people who do the same step on two copies: the first that comes back counts" {
    plan_new lamp
    steps_new lamp 3
    cp -r lamp copy
    step lamp ben root-b
    step copy ben root-c
    step copy ada targets-a
    cp copy/transcript/004.json lamp/transcript/004.json
    refused log-damaged ceremony status lamp
    rm lamp/transcript/004.json
    step lamp ada targets-a
}

@test "the root in a finished folder is the one that the transcript leads to, or refused" {
    make_first lamp
    cp lamp/root.pb good.pb
    ok root sign lamp/root.pb --key root-a
    cmp lamp/root.pb good.pb # signing again with a file's key gives the same
    ok root create -o lamp/root.pb --root-key root-a.pub --targets-key targets-a.pub --force
    ok root sign lamp/root.pb --key root-a
    refused mix-and-match ceremony verify lamp
    cp good.pb lamp/root.pb
    forge ada lamp/transcript/007.json '.predicate.entries |= .[1:]'
    refused bad-statement ceremony verify lamp
    forge ada lamp/transcript/007.json '.predicate.plan.thresholds.root = 1'
    refused bad-statement ceremony verify lamp
}

@test "a root that clients would refuse isn't written" {
    ok ceremony plan lamp --kind new-root --name lamp --participant ada=ada.pub --new-key root=ada --new-key targets=ada \
        --threshold root=1 --threshold targets=1 --expires 2001-01-01T00:00:00Z
    step lamp ada
    step lamp ada root-a
    step lamp ada targets-a
    step lamp ada root-a
    refused expired ceremony finish lamp --my-key ada --yes
    [ ! -e lamp/root.pb ] && [ ! -e lamp/root.pb.unfinished ]
    [ ! -e lamp/transcript/004.json ]
}

@test "the transcript goes into the signing service's log, by somebody whom its policy knows" {
    mkdir service
    cd service
    signer_setup
    signer_start
    ok ceremony plan lamp --kind new-root --name lamp --participant ada=ada.key.pub --new-key root=ada --new-key targets=ada \
        --threshold root=1 --threshold targets=1
    step lamp ada.key
    step lamp ada.key ../root-a
    step lamp ada.key ../targets-a
    exits 1 ceremony submit lamp --signer "unix:$PWD/signer.sock"
    says "3 of 5 steps are done"
    step lamp ada.key ../root-a
    ok ceremony finish lamp --my-key ada.key --yes
    ok ceremony submit lamp --signer "unix:$PWD/signer.sock"
    [ "$output" = "$(payload_of lamp/transcript/004.json | sha256sum | cut -c 1-64)" ]
    ok ceremony submit lamp --signer "unix:$PWD/signer.sock" # the same is the same
    "$slipway" audit show state/log --log "$log_vkey" --json | jq -c 'select(.record.kind == "ceremony") | .record' >records
    [ "$(wc -l <records)" = 1 ]
    [ "$(jq -r .who records)" = ada ]
    jq -r .envelope.payload records | base64 -d | jq -e '.predicate.plan.ceremony == "lamp" and (.predicate.entries | length) == 4'
    # A stranger's ceremony isn't the service's business; one that was changed isn't even sent.
    mkdir ../strangers
    ok ceremony plan ../strangers/lamp --kind new-root --name lamp --participant ada=../ada.pub --new-key root=ada \
        --new-key targets=ada --threshold root=1 --threshold targets=1
    step ../strangers/lamp ../ada
    step ../strangers/lamp ../ada ../root-a
    step ../strangers/lamp ../ada ../targets-a
    step ../strangers/lamp ../ada ../root-a
    ok ceremony finish ../strangers/lamp --my-key ../ada --yes
    exits 7 ceremony submit ../strangers/lamp --signer "unix:$PWD/signer.sock"
    says "refused: unsigned"
    sed -i 's/"root":1/"root":2/' lamp/plan.json
    refused bad-statement ceremony submit lamp --signer "unix:$PWD/signer.sock"
    signer_stop
    exits 5 ceremony submit ../strangers/lamp --signer "unix:$PWD/signer.sock"
}
