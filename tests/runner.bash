# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# A runner for scenarios, of a depot that runs. Source slipway.bash, depot.bash and pipeline.bash first.
#
#     runner_setup && runner_start
#     job_is 7 '.state == "passed"'
#     runner_stop                                      (in teardown too)

# Whoever jobs run as has to reach their files; without namespaces there are no runners.
runner_can_run() {
    local probe=(unshare -Urm --pid --fork --mount-proc true)
    [ "$(id -u)" -ne 0 ] || probe=(setpriv --reuid nobody --regid nogroup --clear-groups "${probe[@]}")
    "${probe[@]}" 2>/dev/null
}

# runner_setup [LINES]: settings for the jobs build and system; jobs are shell scripts in jobs/.
runner_setup() {
    local directory=$PWD user=
    while [ "$directory" != / ] && [ "$directory" != /tmp ]; do
        chmod o+x "$directory"
        directory=$(dirname "$directory")
    done
    [ "$(id -u)" -ne 0 ] || user='user = nobody'
    mkdir -p jobs secrets
    ok key generate secrets/ci.key
    ok key generate secrets/lab.key
    person robot developer
    mv robot.token secrets/robot.token
    chmod 600 secrets/robot.token
    cp "$slipway" jobs/slipway
    chmod 755 jobs jobs/slipway
    cat >runner.conf <<END
[runner]
depot = $depot_url
token-file = $PWD/secrets/robot.token
name = bench-1
products = lamp
work = $PWD/runner
$user
[job build]
kind = build
command = /bin/sh $PWD/jobs/build
read = $PWD/jobs
memory-mb = 512
files-mb = 64
timeout-s = 60
key = $PWD/secrets/ci.key
builder-id = https://ci.example/lamp
build-type = https://ci.example/type
source = git+https://git.example/lamp
[job system]
kind = test
command = /bin/sh $PWD/jobs/system
read = $PWD/jobs
memory-mb = 512
files-mb = 64
key = $PWD/secrets/lab.key
${1:-}
END
}

# job_script NAME: its text comes on standard input. A sanitizer looks for leaks by ptrace, which a jail doesn't have.
job_script() { { echo 'export ASAN_OPTIONS=detect_leaks=0' && cat; } >"jobs/$1"; }

runner_start() {
    "$slipway" runner run --config runner.conf "$@" >>runner.log 2>&1 3>&- &
    runner_pid=$!
}

# runner_stop [SIGNAL]
runner_stop() {
    [ -n "${runner_pid:-}" ] || return 0
    kill "-${1:-TERM}" "$runner_pid" 2>/dev/null || true
    wait "$runner_pid" 2>/dev/null || true
    runner_pid=
}

# run_job NAME JSON: by hand; sets job.
run_job() {
    answers 201 POST /api/v1/products/lamp/jobs "$(jq -c --arg job "$1" '. + {job: $job}' <<<"${2:-{\}}")"
    job=$(jq -r .id <<<"$output")
}

# job_is N FILTER: waits until this holds of it.
job_is() {
    for _ in $(seq 400); do
        api GET "/api/v1/products/lamp/jobs/$1"
        [ "$status" != 200 ] || ! jq -e "$2" <<<"$output" >/dev/null || return 0
        sleep 0.05
    done
    echo "never: $2"
    echo "$output"
    cat runner.log
    return 1
}
