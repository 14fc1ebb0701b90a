#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway build endorse, test-result, attach: what builders and testers say of a build, in the bundle or beside it.

load slipway.bash

setup() {
    slipway_setup
    make_keys
    make_root
    printf 'application' >app.bin
    printf 'operating system' >rtos.bin
    ok bundle create b --file app=app.bin --file rtos=rtos.bin --product lamp --hardware board-a --build-type user --root root.pb --key t1
}

endorse() {
    ok build endorse "$@" --key e1 --builder-id https://ci.example/prod --build-type https://ci.example/make/v1 \
        --source git+https://git.example/lamp
}

# payload FILE: the statement in an envelope.
payload() {
    jq -r .payload "$1" | base64 -d
}

# u32 N and text T: big-endian fields of the content digest, in hexadecimal.
u32() { printf '%08x' "$1"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
text() { printf '%08x' ${#1} && printf '%s' "$1" | hex; }
sha() { sha256sum "$1" | cut -d ' ' -f 1; }

# The content digest of what setup made, by the text in SIGNING.md.
content_digest() {
    {
        printf 'slipway build v1\n' | hex
        text lamp
        u32 1
        text board-a
        u32 3
        u32 2
        text app && text '' && printf '%016x' 11 && sha app.bin
        text rtos && text '' && printf '%016x' 16 && sha rtos.bin
    } | tr -d '\n' | tr a-f A-F | basenc --base16 -d | sha256sum | cut -d ' ' -f 1
}

@test "build endorse: the subject is the content digest, and inspect shows both" {
    endorse b --commit 3f2a --parameter variant=user --parameter 'odd "name"=a=b' --invocation run-7 \
        --started 2026-05-01T08:00:00Z --finished 2026-05-01T08:10:00Z
    ok bundle inspect b --json
    digest=$(content_digest)
    [ "$(jq -r .content_digest <<<"$output")" = "$digest" ]
    [ "$(jq -c '.endorsed[0] | [.subject, .of_this_build, .builder_id, .build_type_uri, .source, .git_commit]' <<<"$output")" = \
        "[\"$digest\",true,\"https://ci.example/prod\",\"https://ci.example/make/v1\",\"git+https://git.example/lamp\",\"3f2a\"]" ]
    [ "$(jq -c '.endorsed[0].parameters' <<<"$output")" = '[{"name":"variant","value":"user"},{"name":"odd \"name\"","value":"a=b"}]' ]
    [ "$(jq -r '.endorsed[0].unverified_key_ids[0]' <<<"$output")" = "$("$slipway" key show --json e1.pub | jq -r .key_id)" ]
    ok bundle inspect b
    prints "content digest $digest"
    prints 'provenance: builder "https://ci.example/prod"'
    prints 'parameter "variant": "user"'
}

@test "build endorse: signatures of the bundle stay good, and endorsements stay when it is signed again" {
    endorse b
    ok bundle verify b --trusted-root root.pb
    ok root rotate root.pb -o root2.pb --add-targets-key t2.pub
    ok root sign root2.pb --key r1
    ok bundle add b --root root2.pb
    ok bundle sign b --key t2
    ok bundle verify b --trusted-root root.pb
    ok bundle inspect b --json
    [ "$(jq -c '.endorsed | map(.of_this_build)' <<<"$output")" = '[true]' ]
}

@test "build endorse: the same digest for another version and other notes, another for another file" {
    printf 'notes' >notes
    ok bundle create same --file rtos=rtos.bin --file app=app.bin --product lamp --hardware board-a --build-type user \
        --targets-version 7 --notes notes --urgency security
    printf 'changed' >app.bin
    ok bundle create other --file app=app.bin --file rtos=rtos.bin --product lamp --hardware board-a --build-type user
    for name in b same other; do
        ok bundle inspect "$name" --json
        jq -r .content_digest <<<"$output" >"$name.digest"
    done
    cmp b.digest same.digest
    run cmp b.digest other.digest
    [ "$status" -ne 0 ]
}

@test "build endorse: with -o the envelope is a file, the bundle stays, and attach takes it" {
    cp b before
    endorse b -o e.json
    cmp b before
    [ "$(jq -r .payloadType e.json)" = application/vnd.in-toto+json ]
    payload e.json | jq -e '._type == "https://in-toto.io/Statement/v1" and .predicateType == "https://slsa.dev/provenance/v1"
        and .subject == [{name: "lamp", digest: {sha256: "'"$(content_digest)"'"}}]'
    exits 1 build endorse b -o e.json --key e1 --builder-id a --build-type b --source c
    endorse b -o e.json --force
    ok build attach b e.json
    ok bundle inspect b --json
    [ "$(jq -c '[.endorsements, .endorsed[0].of_this_build]' <<<"$output")" = '[1,true]' ]
    ok build attach b e.json
    says 'has this endorsement already'
    ok bundle inspect b --json
    [ "$(jq .endorsements <<<"$output")" = 1 ]
}

@test "build endorse: openssl verifies the signature over DSSE's text" {
    ok build endorse b -o e.json --key t2 --builder-id a --build-type b --source c
    payload e.json >payload
    type=$(jq -r .payloadType e.json)
    { printf 'DSSEv1 %d %s %d ' ${#type} "$type" "$(wc -c <payload)" && cat payload; } >pae
    jq -r '.signatures[0].sig' e.json | base64 -d >raw
    [ "$(wc -c <raw)" = 64 ]
    # r and s as DER, for openssl
    {
        printf 'asn1=SEQUENCE:s\n[s]\n'
        printf 'r=INTEGER:0x%s\n' "$(head -c 32 raw | hex)"
        printf 's=INTEGER:0x%s\n' "$(tail -c 32 raw | hex)"
    } >asn1
    openssl asn1parse -genconf asn1 -out der -noout
    openssl dgst -sha256 -verify t2.pub -signature der pae
    printf 'x' >>pae
    run openssl dgst -sha256 -verify t2.pub -signature der pae
    [ "$status" -ne 0 ]
}

@test "build test-result: says suite and outcome, with the suite's digest" {
    printf 'cases' >suite.tar
    for result in passed warned failed; do
        ok build test-result b --key e1 --suite system --result "$result" --suite-file suite.tar --url https://lab.example/7
    done
    ok bundle inspect b --json
    [ "$(jq -c '.endorsed | map([.suite, .result, .url, .of_this_build])' <<<"$output")" = \
        '[["system","PASSED","https://lab.example/7",true],["system","WARNED","https://lab.example/7",true],["system","FAILED","https://lab.example/7",true]]' ]
    ok bundle inspect b
    prints 'test result: FAILED in "system"'
    ok build test-result b --key e1 --suite system --result passed --suite-file suite.tar -o t.json
    [ "$(payload t.json | jq -r '.predicate.configuration[0].digest.sha256')" = "$(sha suite.tar)" ]
}

@test "build endorse: refuses a bundle whose payloads aren't what its metadata lists" {
    sed 's/application/applicatioN/' b >bad
    refused wrong-hash build endorse bad --key e1 --builder-id a --build-type b --source c
    refused wrong-hash build endorse bad --key e1 --builder-id a --build-type b --source c -o e.json
    [ ! -e e.json ]
    head -c 20 b >short
    refused malformed build endorse short --key e1 --builder-id a --build-type b --source c
    printf '' >empty
    refused missing-targets build endorse empty --key e1 --builder-id a --build-type b --source c
}

@test "build attach: refuses what is about another build, or no endorsement, and changes nothing" {
    printf 'changed' >app.bin
    ok bundle create other --file app=app.bin --product lamp
    endorse other -o other.json
    endorse b -o good.json
    cp b before
    refused bad-statement build attach b other.json
    says 'another build'
    jq -c '.signatures = []' good.json >unsigned.json
    refused unsigned build attach b unsigned.json
    jq -c '.payloadType = "application/json"' good.json >type.json
    refused bad-statement build attach b type.json
    jq -c --arg payload "$(payload good.json | jq -c '.predicateType = "urn:slipway:approval:v1"' | base64 -w 0)" \
        '.payload = $payload' good.json >approval.json
    refused bad-statement build attach b approval.json
    jq -c --arg payload "$(payload good.json | jq -c '.subject += .subject' | base64 -w 0)" '.payload = $payload' good.json >two.json
    refused bad-statement build attach b two.json
    jq -c --arg payload "$(payload good.json | jq -c 'del(.predicate.runDetails)' | base64 -w 0)" '.payload = $payload' good.json >run.json
    refused bad-statement build attach b run.json
    printf '{}' >empty.json
    refused malformed build attach b empty.json
    head -c 100 good.json >cut.json
    refused malformed build attach b cut.json
    head -c 1048577 /dev/zero | tr '\0' ' ' >large.json
    exits 3 build attach b large.json
    exits 1 build attach b missing.json
    cmp b before
    # of several, all or none
    refused bad-statement build attach b good.json other.json
    cmp b before
}

@test "build attach: several at once, each once" {
    endorse b -o one.json
    ok build test-result b --key e1 --suite system --result passed -o two.json
    ok build attach b one.json two.json one.json
    says 'has this endorsement already'
    ok bundle inspect b --json
    [ "$(jq -c '.endorsed | map(.predicate_type | split("/") | last)' <<<"$output")" = '["v1","v0.1"]' ]
    ok bundle verify b --trusted-root root.pb
}

@test "build attach: never more than whoever reads a bundle takes" {
    endorse b -o e.json
    # envelopes of a megabyte, by members that nobody reads
    for number in 1 2 3 4; do
        jq -c --arg filler "$(head -c 100000 /dev/zero | tr '\0' x)" --arg number "$number" \
            '. + {number: $number} + ([range(9)] | map({key: "filler\(.)", value: $filler}) | from_entries)' e.json >"$number.json"
    done
    ok build attach b 1.json 2.json 3.json 4.json
    jq -c '. + {number: "5"}' 1.json >5.json
    exits 3 build attach b 5.json
    says "can't have more"
    ok bundle inspect b --json
    [ "$(jq -c '.endorsed | length' <<<"$output")" = 4 ]
}

@test "build endorse: many at once lose none" {
    local number
    for number in 1 2 3 4 5 6 7 8; do
        "$slipway" build endorse b --key e1 --builder-id a --build-type b --source c --invocation "$number" 2>"said-$number" 3>&- &
    done
    wait
    cat said-*
    ok bundle inspect b --json
    [ "$(jq -c '.endorsed | map(.invocation_id) | sort' <<<"$output")" = '["1","2","3","4","5","6","7","8"]' ]
    ok bundle verify b --trusted-root root.pb
}

@test "build: mistakes on the command line are named" {
    exits 2 build endorse b --key e1 --builder-id a --build-type b
    says '--source'
    exits 2 build endorse b --key e1 --builder-id a --build-type b --source c --parameter variant
    says 'NAME=VALUE'
    exits 2 build endorse b --key e1 --builder-id a --build-type b --source c --parameter =x
    exits 2 build endorse b --key e1 --builder-id a --build-type b --source c --parameter source=x
    says '--source'
    exits 2 build endorse b --key e1 --builder-id a --build-type b --source c --parameter v=1 --parameter v=2
    says 'twice'
    exits 2 build endorse b --key e1 --builder-id '' --build-type b --source c
    exits 2 build endorse b --key e1 --builder-id $'a\nb' --build-type b --source c
    exits 2 build endorse b --key e1 --builder-id a --build-type b --source c --started yesterday
    exits 2 build test-result b --key e1 --suite system --result PASSED
    exits 2 build test-result b --key e1 --suite '' --result passed
    exits 2 build attach b
    exits 1 build endorse b --key t1.pub --builder-id a --build-type b --source c
    exits 1 build endorse b --key none --builder-id a --build-type b --source c
    ok bundle inspect b --json
    [ "$(jq .endorsements <<<"$output")" = 0 ]
}

@test "build endorse: sixty-four endorsements are enough" {
    for number in $(seq 64); do
        ok build endorse b --key e1 --builder-id a --build-type b --source c --invocation "$number"
    done
    exits 3 build endorse b --key e1 --builder-id a --build-type b --source c --invocation 65
    says "can't have more"
    ok bundle verify b --trusted-root root.pb
}

@test "bundle inspect: endorsements that nobody can read are told of, and hide nothing" {
    endorse b
    # a field 1001 of three bytes in front of everything
    printf '\xca\x3e\x03{}!' | cat - b >strange
    ok bundle inspect strange
    prints 'not an endorsement that could be read'
    prints 'provenance: builder "https://ci.example/prod"'
    ok bundle inspect strange --json
    [ "$(jq -c '[.endorsements, (.endorsed | map(.readable))]' <<<"$output")" = '[2,[false,true]]' ]
}

@test "content digest: another implementation computes the same for every bundle that a device would take" {
    local -a bundles
    mapfile -t bundles < <(awk -F '\t' -v dir="$vectors" '$5 == "accept" { print dir "/" $1 }' "$vectors/index.tsv" | sort -u)
    [ "${#bundles[@]}" -gt 60 ]
    node "$source_dir/tests/attest/endorsements.mjs" digests "${bundles[@]}" >theirs
    for bundle in "${bundles[@]}"; do
        ok bundle inspect "$bundle" --json
        jq -r '.content_digest // "-"' <<<"$output" >>ours
    done
    diff theirs ours
    [ "$(sort -u ours | wc -l)" -gt 15 ]
}

@test "build endorse: another implementation verifies endorsements by either kind of key" {
    endorse b --commit 3f2a
    ok build test-result b --key t2 --suite system --result passed
    ok build test-result b --key e1 --suite field --result warned
    node "$source_dir/tests/attest/endorsements.mjs" verify b e1.pub t2.pub >verified
    diff verified - <<'END'
https://slsa.dev/provenance/v1 0
https://in-toto.io/attestation/test-result/v0.1 1
https://in-toto.io/attestation/test-result/v0.1 0
END
    run node "$source_dir/tests/attest/endorsements.mjs" verify b e1.pub t1.pub
    [ "$status" -ne 0 ]
}
