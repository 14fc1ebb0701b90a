#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2030,SC2031
# A runner and a depot: jobs are leased, run in a jail, and what they leave moves a build through its pipeline.
bats_require_minimum_version 1.5.0

load slipway.bash
load depot.bash
load pipeline.bash
load runner.bash

setup() {
    slipway_setup
    runner_can_run || skip "this system doesn't let a user make namespaces with a /proc"
    depot_setup
    depot_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
}

teardown() {
    runner_stop
    depot_stop
}

set_pipeline() {
    answers 200 PUT /api/v1/products/lamp/pipeline "$(jq -cn '{
        stages: {candidate: {gates: [{endorsed: true}, {test: "system", machines: ["robot"]}]}},
        jobs: {build: {kind: "build"}, system: {kind: "test", on: "build", retries: 1}}, triggers: [
            {webhook: "forge", job: "build", ref: "refs/heads/main"}]}' | jq -c "${1:-.}")"
}

good_build() {
    job_script build <<'END'
set -eu
cd "$SLIPWAY_OUT"
echo "commit $SLIPWAY_COMMIT of $SLIPWAY_REF" >image
cp image /job/work/image
"$(dirname "$0")/slipway" bundle create lamp.bundle --file app=/job/work/image --targets-version 1 \
    --product "$SLIPWAY_PRODUCT" --build-type user
printf '{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"lamp","packages":[{"SPDXID":"SPDXRef-z","name":"zlib","versionInfo":"1.2.11"}]}' >lamp.spdx.json
echo compiled >compiler.log
printf 'built \033[31mred\033[0m\n'
END
}

good_test() {
    job_script system <<'END'
set -eu
"$(dirname "$0")/slipway" bundle inspect "$SLIPWAY_BUNDLE" >/dev/null
echo "tested $SLIPWAY_BUILD"
END
}

commit=0123456789abcdef0123456789abcdef01234567

@test "a build that a push starts enters its stage by the runner's endorsement and test result" {
    runner_setup
    set_pipeline
    good_build
    good_test
    answers 201 POST /api/v1/products/lamp/webhooks '{"name":"forge","kind":"push"}'
    secret=$(jq -r .secret <<<"$output")
    runner_start
    printf '{"ref":"refs/heads/main","after":"%s"}' $commit >push.json
    signature=$(openssl dgst -sha256 -hmac "$secret" push.json | sed 's/.* //')
    depot_token='' answers 201 POST /hooks/v1/lamp/forge '' --data-binary @push.json -H "X-Hub-Signature-256: sha256=$signature"
    job=$(jq -r '.jobs[0]' <<<"$output")
    job_is "$job" '.state == "passed" and .runner == "bench-1" and .cause == "webhook"'
    build=$(jq -r .build <<<"$output")
    sees '.state == "candidate"' "$build"

    # What the runner said of it is signed by its keys, about this content.
    answers 200 GET "/api/v1/products/lamp/artifacts?build=$build"
    jq -e --arg commit $commit '[.artifacts[].kind] | contains(["endorsement", "sbom", "test-result"])' <<<"$output"
    endorsement=$(jq -r '.artifacts[] | select(.kind == "endorsement") | .id' <<<"$output")
    jq -e '.artifacts[] | select(.kind == "test-result") | .suite == "system" and .outcome == "PASSED"' <<<"$output"
    answers 200 GET "/api/v1/products/lamp/artifacts/$endorsement/content"
    jq -r .payload <<<"$output" | base64 -d >provenance.json
    jq -e --arg commit $commit --arg build "$build" '.subject[0].digest.sha256 == $build
        and .predicate.buildDefinition.externalParameters == {source: "git+https://git.example/lamp", ref: "refs/heads/main"}
        and .predicate.buildDefinition.resolvedDependencies[0].digest.gitCommit == $commit' provenance.json
    answers 200 GET "/api/v1/products/lamp/artifacts?job=$job&kind=log"
    jq -e '[.artifacts[].name] | sort == ["1-compiler.log", "1-output"]' <<<"$output"
    answers 200 GET "/api/v1/products/lamp/artifacts/$(jq -r '.artifacts[] | select(.name == "1-output") | .id' <<<"$output")/content"
    [[ $output == *'built \x1b[31mred\x1b[0m'* ]]
}

@test "another CI reports a test result by webhook, with openssl and curl" {
    set_pipeline
    ok key generate lab.key
    make_build lamp.bundle "an image"
    upload_build lamp.bundle
    ok product add-webhook lamp lab --kind result --json --depot "$depot_url" --token-file "$PWD/admin.token"
    secret=$(jq -r .secret <<<"$output")
    ok build test-result lamp.bundle --key lab.key --suite system --result passed --output result.json
    signature=$(openssl dgst -sha256 -hmac "$secret" result.json | sed 's/.* //')
    depot_token='' answers 403 POST /hooks/v1/lamp/lab '' --data-binary @result.json -H "X-Hub-Signature-256: sha256=${signature/[0-9]/x}"
    depot_token='' answers 201 POST /hooks/v1/lamp/lab '' --data-binary @result.json -H "X-Hub-Signature-256: sha256=$signature"
    answers 200 GET "/api/v1/products/lamp/artifacts?build=$build&kind=test-result"
    jq -e '.artifacts[0] | .suite == "system" and .made_by == "webhook:lab"' <<<"$output"
}

@test "a job sees neither the token nor the keys, and none of it is left at its end" {
    runner_setup
    set_pipeline
    local left=$((100000 + RANDOM)).$$
    job_script build <<END
cat $PWD/secrets/robot.token $PWD/secrets/ci.key $PWD/runner.conf /etc/shadow /proc/1/environ && exit 0
ls $PWD/secrets && exit 0
grep -l slw_ /proc/*/environ && exit 0
env | grep -v '^ASAN_OPTIONS=\|^SLIPWAY_\|^PATH=\|^HOME=\|^TMPDIR=\|^LC_ALL=\|^PWD=\|^OLDPWD=\|^SHLVL=\|^_=' && exit 0
(setsid sh -c 'trap "" TERM HUP INT; sleep $left' &)
exit 9
END
    runner_start --once
    run_job build
    job_is "$job" '.state == "failed" and .detail == "exit status 9"'
    wait "$runner_pid" && return 1
    runner_pid=
    run ! pgrep -f "sleep $left"
    [ -z "$(ls runner)" ]
}

@test "the depot names jobs, and doesn't say what they do" {
    runner_setup
    good_build
    printf '[job other]\nkind = test\nproducts = door\ncommand = /bin/true\nkey = %s/secrets/lab.key\n' "$PWD" >>runner.conf
    sed -i 's/^products = lamp$/products = lamp door/' runner.conf
    answers 201 POST /api/v1/products '{"name":"door","title":"Door"}'
    cat admin.token >secrets/robot.token # who may see both products
    # Its settings say that `system` is a test, have `other` for another product, and no `deploy` at all.
    set_pipeline '.jobs.system = {kind: "build", retries: 0} | .jobs.other = {kind: "build"} | .jobs.deploy = {kind: "build"}'
    run_job deploy
    deploy=$job
    run_job other
    other=$job
    run_job system
    runner_start
    job_is "$job" '.state == "error" and (.detail | contains("another kind"))'
    run_job build
    job_is "$job" '.state == "passed"'
    job_is "$deploy" '.state == "queued"'
    job_is "$other" '.state == "queued"'
}

@test "what a job leaves isn't followed out of it, and a build is one bundle of its product" {
    runner_setup
    set_pipeline '.jobs.build.retries = 0'
    job_script build <<'END'
set -eu
cd "$SLIPWAY_OUT"
make() {
    echo image >/job/work/image
    "$(dirname "$0")/slipway" bundle create "$1" --file app=/job/work/image --targets-version 1 --product "$2" \
        --build-type user
}
case $SLIPWAY_REF in
link) make a.bundle lamp; ln -s /etc/passwd x.log ;;
pipe) mkfifo a.bundle ;;
other) make a.bundle door ;;
two) make a.bundle lamp; make b.bundle lamp ;;
turned) make a.bundle lamp; printf x | dd of=a.bundle bs=1 seek=$(($(stat -c %s a.bundle) - 2)) conv=notrunc ;;
full) dd if=/dev/zero of=/job/tmp/x bs=1M count=100 ;;
none) ;;
esac
END
    runner_start
    for ref in link pipe other two turned full none; do
        run_job build "{\"ref\":\"$ref\"}"
        printf '%s %s\n' "$job" $ref >>started
    done
    while read -r number ref; do
        case $ref in
        link) expected='.state == "error" and (.detail | contains("x.log: isn'"'"'t a file"))' ;;
        pipe) expected='.state == "failed" and (.detail | contains("a.bundle: isn'"'"'t a file"))' ;;
        other) expected='.state == "failed" and (.detail | contains("isn'"'"'t of this product"))' ;;
        two) expected='.state == "failed" and (.detail | contains("more than one bundle"))' ;;
        turned) expected='.state == "failed" and (.detail | contains("payload"))' ;;
        full) expected='.state == "error" and (.detail | contains("more than 64 MiB"))' ;;
        none) expected='.state == "failed" and (.detail | contains("no bundle"))' ;;
        esac
        job_is "$number" "$expected"
    done <started
}

@test "a job is cancelled, runs out of time, and can't be told; each ends at once" {
    runner_setup
    set_pipeline '.jobs.build.retries = 0 | .jobs.build.timeout_s = 1'
    job_script build <<'END'
[ "$SLIPWAY_REF" != refs/heads/cannot ] || exit 77
echo waiting
sleep 1000
END
    runner_start
    run_job build
    job_is "$job" '.state == "error" and (.detail | contains("longer than it may"))'
    run_job build '{"ref":"refs/heads/cannot"}'
    job_is "$job" '.state == "error" and (.detail | contains("can'"'"'t be run here"))'
    set_pipeline
    run_job build
    job_is "$job" '.state == "running"'
    answers 200 POST "/api/v1/products/lamp/jobs/$job/cancel" '{}'
    job_is "$job" '.state == "cancelled"'
    for _ in $(seq 300); do
        ! grep -q "job $job: cancelled" runner.log || break
        sleep 0.05
    done
    grep -q "job $job: cancelled" runner.log || { cat runner.log; false; }
}

@test "a runner that is killed leaves nothing running; told to end, it gives its job back" {
    runner_setup
    set_pipeline '.jobs.build.retries = 3'
    job_script build <<'END'
echo started
(setsid sleep 9876 &)
sleep 9876
END
    runner_start
    run_job build
    job_is "$job" '.state == "running"'
    for _ in $(seq 200); do
        ! pgrep -f 'sleep 9876' >/dev/null || break
        sleep 0.05
    done
    pgrep -f 'sleep 9876' >/dev/null
    runner_stop KILL
    for _ in $(seq 100); do
        pgrep -f 'sleep 9876' >/dev/null || break
        sleep 0.05
    done
    run ! pgrep -f 'sleep 9876'
    run_job build
    second=$job
    runner_start
    job_is "$second" '.state == "running"'
    runner_stop
    job_is "$second" '.state == "queued" and .attempts[0].outcome == "error" and (.attempts[0].detail | contains("stopped"))'
    [ -z "$(ls runner)" ]
}

@test "a depot that is away for a while loses nothing" {
    runner_setup
    set_pipeline
    good_build
    sed -i '1a echo begun; sleep 2' jobs/build
    sed -i "s/^listen = .*/listen = ${depot_url#http://}/" depot.conf
    runner_start
    run_job build '{"ref":"refs/heads/main"}'
    job_is "$job" '.state == "running"'
    depot_stop KILL
    sleep 2.5
    depot_start
    job_is "$job" '.state == "passed" and .attempt == 1'
}

@test "people see jobs, start, watch, cancel and retry them by command" {
    runner_setup
    set_pipeline
    good_build
    good_test
    export HOME=$PWD
    mkdir -p .config/slipway
    printf '[depot]\ndepot = %s\ntoken-file = %s\n' "$depot_url" "$PWD/admin.token" >depot-cli.conf
    chmod 600 admin.token
    options=(--config depot-cli.conf)
    ok product run lamp build --ref refs/heads/main "${options[@]}"
    job=$output
    ok product cancel lamp "$job" "${options[@]}"
    exits 7 product job lamp "$job" --watch "${options[@]}"
    ok product retry lamp "$job" "${options[@]}"
    runner_start
    ok product job lamp "$job" --watch "${options[@]}"
    prints "job $job build: passed"
    ok product jobs lamp --state passed --json "${options[@]}"
    jq -e --argjson job "$job" '.jobs | map(.id) | contains([$job])' <<<"$output"
    ok product run lamp build --ref refs/heads/other --watch "${options[@]}"
    prints ": passed"
    exits 1 product run lamp nothing "${options[@]}"
    ok product add-webhook lamp lab --kind result --json "${options[@]}"
    jq -e '.secret | length >= 32' <<<"$output"
    ok product webhooks lamp "${options[@]}"
    prints lab
    ok product remove-webhook lamp lab "${options[@]}"
}

@test "settings that give something away, or make no sense, are refused" {
    runner_setup
    set_pipeline
    good_build
    good_test
    ok runner check --config runner.conf
    says "job build: good"
    sed "s|^read = $PWD/jobs|read = $PWD|" runner.conf >bad.conf
    exits 1 runner check --config bad.conf
    says "would show"
    ln -s /proc kernel
    sed "s|^read = $PWD/jobs|read = $PWD/jobs $PWD/kernel|" runner.conf >bad.conf
    exits 1 runner check --config bad.conf
    says "would show /proc"
    chmod 644 secrets/robot.token
    exits 1 runner check --config runner.conf
    says "others may read it"
    chmod 600 secrets/robot.token
    chmod 644 secrets/ci.key
    exits 1 runner check --config runner.conf
    says "others may read it"
    chmod 600 secrets/ci.key
    sed 's|^command = /bin/sh|command = /bin/there-is-no-such|' runner.conf >bad.conf
    exits 1 runner check --config bad.conf
    says "isn't a program"
    if [ "$(id -u)" -eq 0 ]; then
        sed '/^user =/d' runner.conf >bad.conf
        exits 2 runner run --config bad.conf
        says "don't run as root"
    fi
    echo 'surprise = 1' >>runner.conf
    exits 2 runner run --config runner.conf
    says "no such setting"
}
