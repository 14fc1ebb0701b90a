#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway sign policy: reading, signing and explaining what a signing service may sign.

load slipway.bash

setup() {
    slipway_setup
    make_people
    make_root --key-class prod
    printf 'application' >app.bin
    write_policy policy.json
}

# The keys of make_keys, and of some people and machines; made once for this file.
make_people() {
    local people=$BATS_FILE_TMPDIR/people name
    make_keys
    if [ ! -d "$people" ]; then
        mkdir "$people"
        for name in anna bert ada ben ci lab stranger; do
            "$slipway" key generate -q "$people/$name" >/dev/null
        done
    fi
    cp -p "$people"/* .
}

# write_policy FILE [JQ-FILTER]: a policy for lamp by those keys.
write_policy() {
    jq -n --rawfile anna anna.pub --rawfile bert bert.pub --rawfile ada ada.pub --rawfile ben ben.pub \
        --rawfile ci ci.pub --rawfile lab lab.pub --rawfile t1 t1.pub '
        {version: 1, issued: "2026-01-01T00:00:00Z",
         administrators: {threshold: 2, keys: {anna: $anna, bert: $bert}},
         people: {ada: {keys: [$ada]}, ben: {keys: [$ben]}}, machines: {ci: {keys: [$ci]}, lab: {keys: [$lab]}},
         loosening_delay_s: 7200,
         keys: {"lamp-prod": {key: $t1, class: "prod", use: "targets", product: "lamp"}},
         rules: [{product: "lamp", class: "prod", use: "targets", channels: ["stable"], requesters: ["ada"],
                  builders: [{machine: "ci", id: "https://ci.example/prod", build_type: "https://ci.example/make/v1",
                              source: "git+https://git.example/lamp"}],
                  build_types: ["user"], tests: [{suite: "system", machines: ["lab"]}],
                  approvals: {count: 1, people: ["ada", "ben"]},
                  content: {names: ["app"], size_max: 1000}}]}
        | '"${2:-.}" >"$1"
}

make_bundle() {
    ok bundle create b --file app=app.bin --product "${1:-lamp}" --build-type "${2:-user}" --root root.pb --key t1
}

endorse() {
    ok build endorse b --key "${1:-ci}" --builder-id https://ci.example/prod --build-type https://ci.example/make/v1 \
        --source "${2:-git+https://git.example/lamp}"
}

tested() {
    ok build test-result b --key "${1:-lab}" --suite system --result "${2:-passed}"
}

# explained STATUS OPTION…: what the policy says of ada's request for b.
explained() {
    local expected=$1
    shift
    exits "$expected" sign policy explain policy.json --bundle b --key lamp-prod --requester ada --channel stable "$@"
}

# again PRODUCT BUILD-TYPE: b is another bundle, of which nobody said anything.
again() {
    rm -f b
    make_bundle "$@"
}

@test "sign policy example: what is printed is packaged, and passes the check without a warning" {
    local name
    for name in test production; do
        ok sign policy example "$name"
        diff <(echo "$output") "$source_dir/packaging/policies/$name.json"
        ok sign policy example "$name"
        echo "$output" >example.json
        ok sign policy check example.json
        [[ $output != *warning* ]]
        ok sign policy check --json example.json
        [ "$(jq -c '[.verdict, .warnings]' <<<"$output")" = '["accept",[]]' ]
    done
    exits 2 sign policy example nothing
    exits 2 sign policy chekc policy.json
    exits 2 sign policy check
}

@test "sign policy check: names the place of what is wrong" {
    write_policy bad.json '.rules[0].approvals.people = ["ada", "eve"]'
    refused malformed sign policy check bad.json
    says 'rules[0].approvals.people[1]'
    write_policy bad.json '.people.ben.keys = .people.ada.keys'
    refused shared-key sign policy check bad.json
    says 'ada'
    write_policy bad.json 'del(.rules[0].tests)'
    refused malformed sign policy check --json bad.json
    [ "$(jq -r .reason <<<"$output")" = malformed ]
    says 'without tests'
    printf '{' >bad.json
    refused malformed sign policy check bad.json
    exits 1 sign policy check absent.json
}

@test "sign policy check: warns of what is allowed and seldom meant" {
    ok sign policy check policy.json
    prints 'every administrator must sign'
    prints 'no witness is asked'
    write_policy odd.json '.administrators.threshold = 1 | .loosening_delay_s = 0 | .rules[0].approvals.people = ["ada"]
        | .rules[0].tests[0].machines = ["ci"] | .people.ben.keys = [] | del(.rules[0].content) | .keys["lamp-prod"].product = "lump"'
    ok sign policy check odd.json
    prints 'one administrator alone'
    prints 'within an hour'
    prints 'nobody else may approve it'
    prints 'ci builds, and says how its builds did in system'
    prints 'person ben has no key'
    prints 'without rules on content'
    prints 'key lamp-prod has no rule'
    prints 'rules[0]: there is no key that it is about'
}

@test "sign policy check --former: tells tightening from loosening, and when it is in force" {
    write_policy next.json '.version = 2 | .people.ben.keys = []'
    ok sign policy check next.json --former policy.json
    prints 'tightens  person ben: key'
    prints 'as soon as it is logged'
    write_policy next.json '.version = 2 | .people.ben.keys = [] | .rules[0].content.size_max = 2000'
    ok sign policy check next.json --former policy.json
    prints 'tightens  person ben: key'
    prints 'loosens   rules[0] (lamp, prod, targets): content: size_max allows more'
    prints 'as a whole, 7200 s after it is logged'
    ok sign policy check --json next.json --former policy.json
    [ "$(jq -c '[.loosened, .delay_s, ([.changes[] | select(.loosens)] | length)]' <<<"$output")" = '[true,7200,1]' ]
    write_policy next.json
    ok sign policy check next.json --former policy.json
    prints 'version must be above 1'
}

@test "sign policy sign: administrators sign one after the other" {
    exits 2 sign policy sign policy.json --key anna
    says --origin
    exits 2 sign policy sign policy.json --origin signer.example/lamp
    ok sign policy sign policy.json --key anna --origin signer.example/lamp -o one.json
    ok sign policy check one.json
    prints 'signed by 1 of its administrators, 2 are needed: anna'
    prints 'for the service of log signer.example/lamp'
    ok sign policy sign one.json --key bert -o both.json
    ok sign policy check both.json
    prints 'signed by 2 of its administrators, 2 are needed: anna, bert'
    # The payload is the statement of SIGNING.md, and the policy in it what was signed.
    jq -r .payload both.json | base64 -d >statement.json
    [ "$(jq -r '.predicateType + " " + .subject[0].name + " " + .subject[0].digest.sha256' statement.json)" = \
        "urn:slipway:policy:v1 signer.example/lamp $(printf 'signer.example/lamp' | sha256sum | cut -d ' ' -f 1)" ]
    [ "$(jq -c .predicate statement.json)" = "$(jq -c . policy.json)" ]
    [ "$(jq '.signatures | length' both.json)" = 2 ]
    refused bad-statement sign policy sign one.json --key bert --origin signer.example/other
    ok sign policy sign policy.json --key anna --key bert --origin signer.example/lamp
    [ "$(jq '.signatures | length' <<<"$output")" = 2 ]
    ok sign policy sign one.json --key anna
    [ "$(jq '.signatures | length' <<<"$output")" = 1 ]
    ok sign policy sign one.json --key stranger
    says "isn't an administrator's"
    exits 1 sign policy sign policy.json --key anna --origin signer.example/lamp -o one.json
    ok sign policy sign policy.json --key anna --origin signer.example/lamp -o one.json --force
}

@test "sign policy explain: says everything that is missing, until nothing is" {
    make_bundle
    explained 7
    prints 'missing  builder'
    prints 'missing  test'
    prints 'missing  approval'
    prints 'met      requester'
    says 'refused: wrong-builder'
    endorse
    explained 7
    says 'refused: missing-test'
    tested
    explained 7
    says 'it would wait: missing-approval'
    explained 7 --approve ada
    says 'who asked for it'
    explained 0 --approve ben
    says 'it would be signed'
    explained 0 --approve ben --json
    [ "$(jq -c '[.outcome, .reason, .approvals, ([.requirements[] | select(.answer != "met")] | length)]' <<<"$output")" = \
        '["allowed","ok",1,0]' ]
}

@test "sign policy explain: each thing that is wrong has its reason" {
    make_bundle
    endorse ci git+https://git.example/fork
    tested
    explained 7 --approve ben
    says 'refused: wrong-provenance'
    again
    endorse stranger
    tested
    explained 7 --approve ben
    says 'refused: wrong-builder'
    again
    endorse
    tested lab failed
    explained 7 --approve ben
    says 'refused: missing-test'
    again lamp dev
    explained 7 --approve ben
    says 'refused: wrong-build-type'
    again Lamp
    explained 7 --approve ben
    says 'refused: wrong-product'
    again
    endorse
    tested
    explained 7 --approve ben --key-in-file
    says 'refused: wrong-class'
    exits 7 sign policy explain policy.json --bundle b --key lamp-prod --requester ben --channel stable --approve ben
    says 'refused: not-permitted'
    exits 7 sign policy explain policy.json --bundle b --key lamp-prod --requester ada --channel Stable --approve ben
    says 'refused: not-permitted'
    exits 7 sign policy explain policy.json --bundle b --key lamp-pro --requester ada --channel stable --approve ben
    says 'refused: unknown-key'
    exits 2 sign policy explain policy.json --bundle b --key lamp-prod --requester nobody --channel stable
    exits 2 sign policy explain policy.json --key lamp-prod --requester ada --channel stable
    write_policy policy.json '.rules[0].content.size_max = 5'
    explained 7 --approve ben
    says 'refused: wrong-content'
    write_policy policy.json '.rules[0].hours = {days: ["mon"], from: "08:00", to: "17:00"}'
    explained 7 --approve ben --at 2026-01-06T12:00:00Z
    says 'it would wait: outside-hours'
    explained 0 --approve ben --at 2026-01-05T12:00:00Z
}

@test "sign policy explain: takes what is known of former signatures, and names what isn't" {
    make_bundle
    cp b former
    head -c 900 /dev/zero >app.bin
    again
    endorse
    tested
    write_policy policy.json '.rules[0] += {rate: {count: 2, per_s: 3600}, validators: [{program: "/usr/lib/lint", arguments: ["-x"], timeout_s: 9}]}
        | .rules[0].content.growth_percent = 25'
    explained 0 --approve ben
    says 'it would be signed, as far as is known here'
    prints 'unknown  rate         what was signed in the last 3600 s: say --signed TIME'
    prints 'unknown  growth       the last release by a key of this class: give it with --previous'
    prints 'unknown  validator    /usr/lib/lint -x runs at the service'
    explained 0 --approve ben --json
    [ "$(jq -c '[.unknown[].need]' <<<"$output")" = '["rate","growth","validator"]' ]
    local at=2026-01-05T12:00:00Z
    explained 0 --approve ben --at "$at" --signed 2026-01-05T11:30:00Z --signed 2026-01-05T10:30:00Z --json
    [ "$(jq -c '[.unknown[].need]' <<<"$output")" = '["growth","validator"]' ]
    explained 7 --approve ben --at "$at" --signed 2026-01-05T11:30:00Z --signed 2026-01-05T11:59:00Z
    says 'refused: too-many'
    explained 7 --approve ben --previous former
    says 'refused: wrong-content'
    explained 0 --approve ben --previous b
    exits 2 sign policy explain policy.json --bundle b --key lamp-prod --requester ada --channel stable --at "$at" --signed 2026-01-05T12:00:01Z
    exits 3 sign policy explain policy.json --bundle b --key lamp-prod --requester ada --channel stable --previous app.bin
}
