#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# `slipway product`, `people`, `fleet`, `release` and `rollout` against a real depot: what each changes there, and what is refused.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
    depot_setup
    depot_start
    export XDG_CONFIG_HOME=$PWD/config
    mkdir -p config/slipway
    printf '[depot]\ndepot = %s\ntoken-file = %s\n' "$depot_url" "$PWD/admin.token" >config/slipway/depot.conf
}

teardown() {
    depot_stop
}

# field NAME: a line "NAME: value" of what the last command printed.
field() { sed -n "s/^$1: //p" <<<"$output"; }

# A release as the publisher leaves it.
published_release() {
    sqlite3 depot.db "PRAGMA busy_timeout = 5000; INSERT INTO releases (product, version, build, stage, channel, key_name,
        key_class, kind, release_version, urgency, min_installed_version, hardware, notes, changes, state, state_us, reason,
        prepared_blob, request, blob, size, path, role, is_complete, replaces, made_us, made_by) VALUES ('lamp', 1, 'none',
        'production', 'stable', 'lamp-prod', 'prod', 'feature', '1.0', 'routine', 0, '[]', '', '[]', 'published', 1, '', '',
        '', '', 4711, 'lamp/stable/1.bundle', 'lamp-stable-rollout', 0, 0, 1, 'admin')" >/dev/null
}

@test "products, roles, and what is uploaded about builds" {
    ok product create lamp --title 'The lamp' --keep-days 30
    [ "$(field keep_days)" = 30 ]
    ok product change lamp --log-days 7
    [ "$(field title) $(field keep_days) $(field log_days)" = 'The lamp 30 7' ]
    ok product list
    [[ $output == *"lamp  The lamp  30         7"* ]]
    exits 7 product create lamp
    grep -q '^refused: version-taken' stderr
    exits 1 product show fan
    grep -q 'there is no such product' stderr
    exits 2 product show ../people
    grep -q "can't be a name" stderr
    exits 2 product create fan --keep-days 3x
    exits 2 product create fan --keep-days 9007199254740992

    answers 201 POST /api/v1/people '{"name": "ada", "roles": []}'
    ok product grant lamp ada --role viewer --role approver
    ok --json product people lamp
    [ "$(jq -c '[.people[] | select(.name == "ada") | .role]' <<<"$output")" = '["approver","viewer"]' ]
    exits 2 product grant lamp ada
    ok product revoke lamp ada
    ok --json product people lamp
    [ "$(jq -c '[.people[] | select(.name == "ada")]' <<<"$output")" = '[]' ]

    ok key generate k.key
    ok key generate t.key
    ok root create -o root.pb --root-key k.key.pub --targets-key t.key.pub
    ok root sign root.pb --key k.key
    head -c 3000000 /dev/urandom >image
    ok bundle create app.bundle --file app=image --root root.pb --targets-version 1 --product lamp --build-type user
    # What broke off goes on where it did: the first half is there already.
    sha256=$(sha256sum app.bundle | cut -c 1-64)
    head -c 1000000 app.bundle >half
    answers 204 PATCH "/api/v1/blobs/$sha256" '' -H "Upload-Offset: 0" -H "Upload-Length: $(stat -c %s app.bundle)" \
        -H 'Content-Type: application/octet-stream' --data-binary @half
    ok product upload lamp app.bundle
    build=$output
    [[ $build =~ ^[0-9a-f]{64}$ ]]
    ok product upload lamp app.bundle
    [ "$output" = "$build" ]
    echo 'all is well' >log
    exits 2 product upload lamp log --kind diary
    exits 1 product upload lamp log --kind log
    ok product upload lamp log --kind log --build "$build" --name unit
    [[ $output =~ ^[1-9][0-9]*$ ]]
    log=$output
    exits 7 product upload lamp log --kind bundle
    ok --json product builds lamp
    [ "$(jq -r '.builds[].id' <<<"$output")" = "$build" ]
    ok --json product builds lamp --state production
    [ "$(jq '.builds | length' <<<"$output")" = 0 ]
    ok product artifacts lamp --kind log
    [[ $output == *" unit "* ]]
    ok product build lamp "$build"
    [ "$(field state)" = new ]
    ok product bundle lamp "$build" --output back.bundle
    cmp back.bundle app.bundle
    exits 1 product bundle lamp "$build" --output back.bundle
    ok product artifact lamp "$log"
    [ "$output" = 'all is well' ]
    exits 1 product artifact lamp 99 -o none
    [ ! -e none ]
    ok product events lamp --kind build --limit 1
    [[ $output == *"$build"* ]]
    ok product trail lamp --action product.change
    [[ $output == *'"log_days":7'* ]]
    [ "$(wc -l <<<"$output")" = 2 ]
}

@test "groups, enrolment tokens, and rollouts from a draft to a halt" {
    ok product create lamp
    echo '{"all": [{"tag": "kitchen"}]}' >query
    ok fleet set-group lamp kitchens --query query --consent automatic
    ok fleet groups lamp
    echo "$output"
    [[ $output == *'kitchens  automatic  {"all":'* ]]
    exits 1 fleet set-group lamp attics --query query --consent always
    echo '{"all": [' >broken
    exits 2 fleet set-group lamp attics --query broken --consent ask
    ok fleet create-token lamp --title 'line 3' --class prod --channel stable --tag kitchen --uses 5 --expires 1d
    [[ $(field token) == slwe_* ]]
    ok --json fleet tokens lamp
    [ "$(jq -c '.enrolment_tokens[0] | [.class, .tags, .uses_left]' <<<"$output")" = '["prod",["kitchen"],5]' ]
    ok fleet revoke-token lamp "$(jq -r '.enrolment_tokens[0].id' <<<"$output")"
    ok --json fleet tokens lamp
    [ "$(jq -r '.enrolment_tokens[0].revoked' <<<"$output")" != null ]

    exits 1 rollout create lamp --release 1 --group kitchens
    published_release
    exits 2 rollout create lamp --release 1 --group kitchens --phase 0
    exits 2 rollout create lamp --release 1 --group kitchens --phase 5:1x
    exits 2 rollout create lamp --release 1 --group kitchens --phase 5:1h:30:1
    exits 1 rollout create lamp --release 1 --group kitchens --phase 50 --phase 5
    exits 2 rollout create lamp --release 1 --group kitchens --plan query --rate 5
    ok rollout create lamp --release 1 --group kitchens --phase 0.5:1h:30 --phase 100 --failure-limit 2.5 --silence 2h \
        --canary d1 --rate 100
    rollout=$output
    ok --json rollout show lamp "$rollout"
    [ "$(jq -c .plan <<<"$output")" = '{"health":{"canaries":["d1"],"failure_ppm":25000,"silence_s":7200},"phases":[{"failure_ppm":300000,"ppm":5000,"soak_s":3600},{"ppm":1000000}],"rate_per_hour":100}' ]
    ok rollout change lamp "$rollout" --release 1 --group kitchens --phase 100:1h
    ok rollout start lamp "$rollout"
    [ "$(field state)" = running ]
    exits 7 rollout change lamp "$rollout" --release 1 --group kitchens
    ok rollout status lamp "$rollout"
    [[ $output == "rollout running: phase 1 of 1, 0 of 0 devices updated, 0 failed"* ]]
    [[ $output == *"next: "*"a halt touches: 0 devices"* ]]
    ok rollout pause lamp "$rollout" --reason 'lunch'
    [ "$(field reason)" = lunch ]
    ok rollout resume lamp "$rollout"
    # Who watches sees the halt, and learns from the exit code that somebody is needed.
    "$slipway" rollout status lamp "$rollout" --watch >watched 2>watch.err 3>&- &
    watcher=$!
    for _ in $(seq 1200); do [ -s watched ] && break; sleep 0.05; done
    ok rollout halt lamp "$rollout" --reason 'smoke'
    status=0
    wait "$watcher" || status=$?
    [ "$status" = 7 ]
    [ "$(tail -n 1 watched)" = 'rollout halted: smoke' ]
    [ "$(head -n 1 watched)" = 'rollout running: phase 1 of 1, 0 of 0 devices updated, 0 failed' ]
    exits 7 rollout pause lamp "$rollout"
    ok rollout abort lamp "$rollout"
    exits 7 rollout status lamp "$rollout" --watch
    [ "$output" = 'rollout aborted: aborted' ]
    ok rollout list lamp
    [[ $output == *aborted* ]]
    ok --json rollout series lamp "$rollout"
    [ "$(jq -c .steps <<<"$output")" = '[]' ]
    exits 1 rollout status lamp 99
}

@test "devices are registered, found, changed, approved and revoked" {
    ok product create lamp
    ok key generate d1.key
    ok fleet register lamp line:1 --key d1.key.pub --class prod --hardware lamp-1 --channel stable --tag hall --tag up
    exits 7 fleet register lamp line:1 --key d1.key.pub --class prod --hardware lamp-1 --channel stable
    exits 1 fleet register lamp line:2 --key d1.key --class prod --hardware lamp-1 --channel stable
    run ! grep -q 'PRIVATE KEY' depot.db
    ok --json fleet devices lamp --tag hall --boot-state confirmed
    [ "$(jq '.devices | length' <<<"$output")" = 0 ]
    ok --json fleet devices lamp --name line --state registered --healthy 1 --version 0
    [ "$(jq -c '.devices[] | [.device, .tags]' <<<"$output")" = '["line:1",["hall","up"]]' ]
    exits 1 fleet devices lamp --healthy maybe
    ok fleet change lamp line:1 --pin 7
    ok fleet change lamp line:1 --channel beta
    ok --json fleet device lamp line:1
    [ "$(jq -c '[.pin, .channel, .tags]' <<<"$output")" = '[7,"beta",["hall","up"]]' ]
    ok fleet change lamp line:1 --tag down
    ok fleet devices lamp --tag down
    [[ $output == *"line:1"*'["down"]'* ]]
    exits 7 fleet approve lamp line:1 --key "$(printf '%064d' 0)"
    exits 7 fleet reject lamp line:1
    ok fleet revoke lamp line:1
    ok --json fleet devices lamp --state revoked
    [ "$(jq -r '.devices[].device' <<<"$output")" = line:1 ]
    ok fleet pin lamp line:1 12
    ok --json fleet device lamp line:1
    [ "$(jq .pin <<<"$output")" = 12 ]
    exits 2 fleet pin lamp line:1 1.2
    ok fleet export lamp --format csv -o fleet.csv --tag down
    [ "$(cut -d , -f 1,2,13 fleet.csv | tr -d '\r')" = $'device,state,pin\n"line:1","revoked","12"' ]
    ok fleet export lamp --format json --tag hall
    [ "$(jq -c .devices <<<"$output")" = '[]' ]
    exits 1 fleet export lamp --format xml -o none
    [ ! -e none ]
    ok fleet versions lamp
    ok fleet summary lamp
    [ "$(field devices)" -ge 0 ]
    ok fleet history lamp line:1
    ok fleet logs lamp line:1
    exits 1 fleet log lamp line:1 1
    exits 1 fleet device lamp line:2
    exits 1 fleet consent lamp --release 1 --decision yes
    ok fleet consents lamp
}

@test "a build waits at its gates, is approved once for each person, and is withdrawn" {
    ok product create lamp
    jq -n '{stages: {daily: {gates: [{endorsed: true}]}, production: {gates: [{approvals: 2}]}}}' >pipeline.json
    jq '.stages.daily.gates = [{moon: "full"}]' pipeline.json >wrong.json
    exits 1 release set-pipeline lamp --file wrong.json
    ok release set-pipeline lamp --file pipeline.json
    [ "$(field version)" = 1 ]
    echo 'an image' >image
    ok bundle create app.bundle --file app=image --targets-version 1 --product lamp --build-type user
    ok product upload lamp app.bundle
    build=$output
    for _ in $(seq 100); do
        "$slipway" release status lamp "$build" >/dev/null 2>&1 && break
        sleep 0.05
    done
    ok release status lamp "$build"
    [[ $output == "build new; daily: nobody has said where it comes from"* ]]
    exits 1 release approve lamp "$build" --stage internal
    exits 1 release kind lamp "$build" --kind patch
    echo '[{"kind": "feature", "id": "F-1", "text": "it sings"}]' >changes
    exits 1 release kind lamp "$build" --kind patch --changes changes
    exits 7 release kind lamp "$build" --kind emergency
    echo '[{"kind": "fix", "id": "B-1", "text": "it no longer sings"}]' >changes
    ok release kind lamp "$build" --kind patch --changes changes
    [ "$(field kind)" = patch ]
    ok key generate ci.key
    ok build endorse app.bundle --key ci.key --builder-id https://ci.example/lamp --build-type https://ci.example/type \
        --source git+https://git.example/lamp --output endorsement
    ok product upload lamp endorsement --kind endorsement
    ok release status lamp "$build" --watch --until daily
    [[ $(tail -n 1 <<<"$output") == "build daily; production: 0 of 2 approvals" ]]
    ok release approve lamp "$build" --stage production --comment 'seen it'
    ok release approve lamp "$build" --stage production
    ok release status lamp "$build"
    [[ $output == *"production: 1 of 2 approvals"* ]]
    exits 7 release retry lamp "$build"
    ok release withdraw-build lamp "$build" --reason 'it hums'
    exits 7 release status lamp "$build" --watch
    [ "$output" = 'build withdrawn: it hums' ]
    exits 7 release readiness lamp
    [[ $output == *$'\npath        no   the pipeline has no emergency'* ]]
    [[ $output == *'there was no drill yet'* ]]
    exits 7 release drill lamp "$build"
    exits 1 release bundle lamp 1 -o none
    ok release number lamp --next 40
    exits 7 release number lamp --next 39
    ok release list lamp
    exits 1 release show lamp 1
    exits 2 release withdraw lamp 1
}

@test "people are invited, shut out and let in, and their tokens end" {
    ok product create lamp
    ok people invite ada --role lamp:viewer --role lamp:developer
    field invitation >invitation
    echo 'correct horse battery' >password
    exits 2 people invite ben --role viewer
    exits 1 people create-machine robot --role lamp:approver
    ok people create-machine robot --role lamp:developer
    echo short >short
    printf '[depot]\ndepot = %s\n' "$depot_url" >nobody.conf
    exits 1 people accept --config nobody.conf --secret-file invitation --password-file short
    ok people accept --config nobody.conf --secret-file invitation --password-file password
    exits 1 people accept --config nobody.conf --secret-file invitation --password-file password
    run ! grep -rq 'correct horse' depot.db depot.log
    ok --json people list
    [ "$(jq -c '[.people[] | select(.name != "admin") | [.name, .machine, .invited, (.roles | length)]]' <<<"$output")" = \
        '[["ada",false,false,2],["robot",true,false,1]]' ]
    ok people set-roles ada --role '*:viewer' --role lamp:developer
    depot_token=
    login='{"name": "ada", "password": "correct horse battery"}'
    hers=(people create-token ada --title hers --role '*:viewer')
    exits 7 "${hers[@]}" --password-file short -o ada.token
    exits 7 "${hers[@]}" --password-file password --role '*:administrator' -o ada.token
    [ ! -e ada.token ]
    ok "${hers[@]}" --password-file password --expires 1d -o ada.token
    [ "$(stat -c %a ada.token) $(wc -l <ada.token)" = '600 1' ]
    exits 1 "${hers[@]}" --password-file password -o ada.token
    number=$(sqlite3 depot.db "SELECT MIN(id) FROM tokens WHERE person = 'ada'")
    [ "$(sqlite3 depot.db "SELECT COUNT(*) FROM sessions")" = 0 ]
    ok people whoami --token-file ada.token
    [ "$(field person) $(field machine)" = 'ada yes' ]
    exits 7 people list --token-file ada.token
    ok --json people trail --token-file ada.token --who admin#1 --action people.roles --limit 1
    [ "$(jq -r '.entries[0].subject' <<<"$output")" = ada ]
    ok people tokens
    [[ $output != *' hers '* ]]
    ok people tokens --everybody
    [[ $output == *"ada "*" hers "*'"role":"viewer"'* ]]
    ok people revoke-token "$number"
    exits 7 people whoami --token-file ada.token
    ok people disable ada
    answers 401 POST /api/v1/session "$login"
    ok people enable ada
    ok people unlock ada
    answers 200 POST /api/v1/session "$login"
    ok people remove-totp ada
    ok people invite-again ada
    [ -n "$(field invitation)" ]
    exits 7 people disable admin
    exits 1 people enable nobody
}

@test "without a depot, a token or a right nothing is done" {
    ok product create lamp
    exits 1 product list --config none.conf
    echo '[depot]' >empty.conf
    exits 2 product list --config empty.conf
    grep -q -- '--depot is missing' stderr
    exits 2 product list --depot http://depot.example.com
    echo slw_9_0123 >wrong.token
    chmod 600 wrong.token
    exits 7 product list --token-file wrong.token
    cp admin.token open.token
    chmod 644 open.token
    exits 1 product list --token-file open.token
    depot_token=
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' -c jar
    answers 201 POST /api/v1/tokens '{"title": "t", "roles": [{"product": "lamp", "role": "viewer"}]}' \
        -H "X-Slipway-CSRF: $(jq -r .csrf <<<"$output")" -b jar
    jq -r .token <<<"$output" >viewer.token
    chmod 600 viewer.token
    ok product show lamp --token-file viewer.token
    exits 7 product change lamp --title Mine --token-file viewer.token
    exits 7 rollout halt lamp 1 --token-file viewer.token
    depot_stop
    exits 5 product list
    [ -z "$output" ]
}

@test "a folder for a security review has everything, says what is missing, and what stands out" {
    ok product create lamp
    answers 200 PUT /api/v1/products/lamp/pipeline '{"stages": {"daily": {"gates": [{"endorsed": true}, {"test": "unit"}]}}}'
    for key in root targets online; do ok key generate $key.key; done
    ok repo init repo --root-key root.key.pub --targets-key targets.key.pub --online-key online.key
    ok repo sign repo root --key root.key
    ok repo sign repo targets --key targets.key
    ok repo publish repo
    echo '{}' >policy.envelope
    ok review -o review --repo repo --include policy.envelope --include not-there
    [[ $output == *'look at: role root: one key is enough'* ]]
    [[ $output == *'look at: the depot has one administrator'* ]]
    [[ $output == *'look at: token 1 of admin (made by slipway-depot init) may do everything, until '* ]]
    [[ $output == *"look at: the pipeline of lamp wants nobody's approval"* ]]
    [[ $output != *'asks nobody where'* ]]
    [[ $output == *'missing: not-there: '* ]]
    [[ $output == *'missing: signer/checkpoint: '* ]]
    [ "$(jq -c .jobs review/depot/lamp/jobs.json) $(jq -c .webhooks review/depot/lamp/webhooks.json)" = '[] []' ]
    [[ $output != *'missing: depot/people'* ]]
    [ "$(jq -r '.products[].name' review/depot/products.json)" = lamp ]
    [ "$(jq -r '.people[0].name' review/depot/people.json)" = admin ]
    [ "$(jq -r .hash review/depot/proof.json | wc -c)" = 65 ]
    [ "$(jq -r '[.entries[].action] | join(" ")' review/depot/lamp/audit.json)" = 'pipeline.set product.make' ]
    cmp review/files/policy.envelope policy.envelope
    cmp review/repository/1.root.json repo/metadata/1.root.json
    [ "$(jq -r '.roles[] | select(.role == "root" and .threshold).threshold' review/summary.json)" = 1 ]
    [ "$(jq -r '.roles[] | select(.role == "root" and .expires).expires' review/summary.json)" = \
        "$(jq -r .signed.expires repo/metadata/1.root.json)" ]
    jq -r '.files[]' review/summary.json | while read -r file; do [ -s "review/$file" ]; done
    run ! grep -rq "$(cut -d_ -f3 admin.token)" review
    exits 1 review -o review --repo repo
    mkdir nothing
    ok --json review -o none --repo nothing
    [ "$(jq -r '.missing[] | select(.what == "repository").why' none/summary.json)" = 'no metadata of a repository is there' ]
    # Who may not see the people gets a folder that says so.
    answers 201 POST /api/v1/people '{"name": "robot", "kind": "machine", "roles": []}'
    depot_token=
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' -c jar
    answers 201 POST /api/v1/tokens '{"title": "t", "roles": [{"product": "lamp", "role": "viewer"}]}' \
        -H "X-Slipway-CSRF: $(jq -r .csrf <<<"$output")" -b jar
    jq -r .token <<<"$output" >viewer.token
    chmod 600 viewer.token
    ok --json review -o other --repo repo/metadata --token-file viewer.token
    jq -e '.missing[] | select(.what == "depot/people.json")' <<<"$output"
    [ ! -e other/depot/people.json ]
    cmp other/repository/1.root.json repo/metadata/1.root.json
}
