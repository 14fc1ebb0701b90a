# SPDX-License-Identifier: Apache-2.0
# The chapter of `make run` that has a depot in it, and all of `make demo`: a build goes through its stages to
# production and to a fleet of virtual devices; a bad one is halted by the rule. Sourced by tools/demo, whose functions
# and variables it uses, as those of tools/demo-signing.bash; everything is below its folder.
# shellcheck shell=bash disable=SC2154

depot=
watcher=
fleet=
fleet_size=10
stop_depot() {
    local process
    for process in $watcher $fleet $depot; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    watcher=
    fleet=
    depot=
}

write_delivery_policy() {
    cat >policy.json <<POLICY
{"version": 1, "issued": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
 "administrators": {"threshold": 2, "keys": {"one": $(json_text admin-1.key.pub), "two": $(json_text admin-2.key.pub)}},
 "people": {"ada": {"keys": [$(json_text ada.key.pub)]}},
 "machines": {"ci": {"keys": [$(json_text ci.key.pub)]}, "lab": {"keys": [$(json_text lab.key.pub)]},
   "depot": {"keys": [$(json_text depot.key.pub)]}},
 "loosening_delay_s": 86400,
 "keys": {"lamp-prod": {"key": $(json_text lamp-prod.pub), "class": "prod", "use": "targets", "product": "lamp"},
   "lamp-daily": {"key": $(json_text lamp-daily.key.pub), "class": "test", "use": "targets", "product": "lamp"},
   "lamp-roles": {"key": $(json_text roles.key.pub), "class": "dev", "use": "role", "product": "lamp"}},
 "rules": [
  {"product": "lamp", "class": "prod", "use": "targets", "channels": ["stable", "drill"], "requesters": ["depot"],
   "builders": [{"machine": "ci", "id": "https://ci.example/lamp", "build_type": "https://ci.example/make/v1",
                 "source": "git+https://git.example/lamp"}],
   "build_types": ["user"], "tests": [{"suite": "system", "machines": ["lab"]}],
   "approvals": {"count": 1, "people": ["ada"]}},
  {"product": "lamp", "class": "test", "use": "targets", "channels": ["daily"], "requesters": ["depot"]},
  {"product": "lamp", "class": "dev", "use": "role", "channels": ["daily", "stable", "drill"], "requesters": ["depot"],
   "roles": ["lamp-daily", "lamp-daily-rollout", "lamp-stable", "lamp-stable-rollout", "lamp-drill", "lamp-drill-rollout"]},
  {"product": "lamp", "class": "dev", "use": "role", "requesters": ["depot"],
   "roles": ["lamp-daily", "lamp-daily-rollout", "lamp-stable", "lamp-stable-rollout", "lamp-drill", "lamp-drill-rollout"]}]}
POLICY
}

write_delivery_signer() {
    cat >signer.json <<SETTINGS
{"state": "$PWD/state", "origin": "signer.example/lamps", "module": "$SLIPWAY_PKCS11_MODULE",
 "token_paths": ["$work/token"], "sessions": 2, "threads": 2,
 "log_key": {"key": "$PWD/log.key"},
 "keys": {"lamp-prod": {"key": "$(in_token lamp-prod)"}, "lamp-daily": {"key": "$PWD/lamp-daily.key"},
   "lamp-roles": {"key": "$PWD/roles.key"}},
 "front": {"program": "$programs/slipway-signer", "settings": "$PWD/front.conf"},
 "judge": {"program": "$programs/slipway-signer-judge"}}
SETTINGS
    printf '[front]\nsocket = %s/signer.sock\nsocket-mode = 0600\n' "$PWD" >front.conf
}

make_delivery_signer() {
    local key
    for key in ada ci lab depot admin-1 admin-2 roles lamp-daily prod-root daily-root; do
        slipway key generate "$key.key" >/dev/null 2>&1
    done
    slipway key generate log.key --type ed25519 >/dev/null 2>&1
    run key generate "$(in_token lamp-prod)" -o lamp-prod.pub
    slipway root create -q -o prod.root --root-key prod-root.key.pub --targets-key lamp-prod.pub \
        --key-class prod --expires 365d
    slipway root sign -q prod.root --key prod-root.key
    slipway root create -q -o daily.root --root-key daily-root.key.pub --targets-key lamp-daily.key.pub \
        --key-class test --expires 365d
    slipway root sign -q daily.root --key daily-root.key
    write_delivery_policy
    slipway sign policy sign policy.json --key admin-1.key --key admin-2.key --origin signer.example/lamps \
        -o policy.dsse >/dev/null
    write_delivery_signer
    slipway-signer-keys init --config signer.json --administrators policy.dsse
    log=$(slipway-signer-keys show --config signer.json | sed 's/.*"log":"\([^"]*\)".*/\1/')
    start_signer
    sed 's/^/    signer: /' signer.log
}

# The roles of the repository that the depot publishes are signed by the signing service, too.
make_delivery_repository() {
    local role channel
    for role in tuf-root tuf-targets online; do slipway key generate "$role.key" >/dev/null 2>&1; done
    run repo init repo --root-key tuf-root.key.pub --targets-key tuf-targets.key.pub --online-key online.key
    {
        slipway repo sign repo root --key tuf-root.key
        slipway repo sign repo targets --key tuf-targets.key
        slipway repo publish repo
        for role in lamp-{daily,stable,drill}{,-rollout}; do
            channel=${role#lamp-}
            slipway repo delegate repo "$role" --key roles.key.pub --path "lamp/${channel%-rollout}/*"
        done
        slipway repo sign repo targets --key tuf-targets.key
        slipway repo publish repo
    } >/dev/null 2>&1
    cp online.key repo/online.key
    sed -i 's|= .*/online.key|= online.key|' repo/keys.conf
    for role in lamp-{daily,stable,drill}{,-rollout}; do
        printf '%s = signer:lamp-roles ../roles.key.pub\n' "$role" >>repo/keys.conf
    done
}

write_depot_settings() {
    cat >slipway-depot.conf <<SETTINGS
[depot]
listen = 127.0.0.1:0
database = sqlite:$PWD/depot.db
blobs = dir:$PWD/blobs
secret-file = $PWD/secret
[signer]
url = unix:$PWD/signer.sock
log = $log
requester-key = $PWD/depot.key
keys.lamp-prod = $PWD/lamp-prod.pub
keys.lamp-daily = $PWD/lamp-daily.key.pub
roots.lamp-prod = $PWD/prod.root
roots.lamp-daily = $PWD/daily.root
[repository]
storage = dir:$PWD/repo
keys = $PWD/repo/keys.conf
SETTINGS
}

start_depot() {
    echo 'a lamp for everybody' >password
    slipway-depot init --config slipway-depot.conf --administrator ada --password-file password \
        --token-file ada.token >/dev/null
    : >depot.out
    slipway-depot run --config slipway-depot.conf >depot.out 2>depot.log &
    depot=$!
    url=
    for _ in $(seq 100); do
        url=$(sed -n 's/^listening on //p' depot.out)
        [ -z "$url" ] || break
        kill -0 "$depot" 2>/dev/null || break
        sleep 0.1
    done
    if [ -z "$url" ]; then
        cat depot.log >&2
        fail 'the depot did not start'
    fi
    mkdir -p settings/slipway
    printf '[depot]\ndepot = %s\ntoken-file = %s/ada.token\n' "$url" "$PWD" >settings/slipway/depot.conf
    printf '[sign]\nsigner = unix:%s/signer.sock\nlog = %s\napprover-key = %s/ada.key\n' "$PWD" "$log" "$PWD" \
        >settings/slipway/sign.conf
    export XDG_CONFIG_HOME=$PWD/settings
    printf '    depot: listening on %s\n' "$url"
}

write_pipeline() {
    cat >pipeline.json <<'PIPELINE'
{"stages": {
  "daily": {"gates": [{"endorsed": true}], "channel": "daily", "key": "lamp-daily"},
  "candidate": {"gates": [{"test": "system"}]},
  "production": {"gates": [{"approvals": 1}, {"signed": "lamp-prod"}], "channel": "stable", "key": "lamp-prod"}},
 "emergency": {"gates": [{"approvals": 1}]}}
PIPELINE
    echo '{"all": []}' >everybody.json
}

# A line of what `slipway release list` prints in JSON: a member of the newest release of the build.
of_release() {
    slipway --json release list lamp --build "$1" --limit 1 | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# Waits until the newest release of a build is in this state.
until_release() {
    for _ in $(seq 300); do
        [ "$(of_release "$1" state)" != "$2" ] || return 0
        sleep 0.1
    done
    slipway release list lamp >&2
    fail "no release became $2"
}

# Waits until the pipeline has seen a build.
until_taken() {
    for _ in $(seq 100); do
        ! slipway release status lamp "$1" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    fail 'the pipeline did not take the build'
}

# Waits until the signing service waits for an approval of the build's production release.
until_asked() {
    for _ in $(seq 300); do
        [ "$(of_release "$1" stage)" = production ] && [[ $(of_release "$1" reason) = *"waits for"* ]] && return
        sleep 0.1
    done
    slipway release list lamp >&2
    fail 'no signature was asked for'
}

# Takes an image all the way to production; sets $release.
deliver() {
    local name=$1 image=$2 version=$3 build_id
    run bundle create "$name.bundle" --file "app=$image" --release-version "$version" --targets-version 1 --product lamp \
        --hardware lamp-1 --build-type user --notes notes.txt
    run product upload lamp "$name.bundle" | tee build.id
    build_id=$(cat build.id)
    build_id=${build_id##*$'\n'}
    run build endorse "$name.bundle" --key ci.key --builder-id https://ci.example/lamp \
        --build-type https://ci.example/make/v1 --source git+https://git.example/lamp --output "$name.endorsement"
    run product upload lamp "$name.endorsement" --kind endorsement
    until_taken "$build_id"
    run release status lamp "$build_id" --watch --until daily
    run build test-result "$name.bundle" --key lab.key --suite system --result passed --output "$name.result"
    run product upload lamp "$name.result" --kind test-result
    run release status lamp "$build_id" --watch --until candidate
    run release approve lamp "$build_id" --stage production --comment 'it shines' >/dev/null
    until_asked "$build_id"
    run sign approve "$(of_release "$build_id" request)" --yes
    run release status lamp "$build_id" --watch
    until_release "$build_id" published
    release=$(of_release "$build_id" version)
}

# One check-in of every device, and whatever it finds to do.
fleet_round() {
    local number process
    for number in $(seq "$fleet_size"); do
        slipway device connect --once --depot "$url" --product lamp --device "lamp:$number" --hardware lamp-1 \
            --identity "fleet/$number.key" --root repo/metadata/1.root.json --metadata-dir "fleet/$number.metadata" \
            --flash "fleet/$number.flash" --factory-root prod.root --slot app:256K \
            --enrolment-token-file enrolment.token >>"fleet/$number.log" 2>&1 &
        fleet="$fleet $!"
    done
    for process in $fleet; do wait "$process" || true; done
    fleet=
}

# Rolls a release out and drives the fleet until it is over; must end with this exit status.
roll_out() {
    local wanted=$1 status=0 rollout
    show rollout create lamp --release "$release" --group lamps --phase 50:1s:50 --phase 100:1s:50
    rollout=$(slipway rollout create lamp --release "$release" --group lamps --phase 50:1s:50 --phase 100:1s:50)
    run rollout start lamp "$rollout" --reason 'the demo' >/dev/null
    show rollout status lamp "$rollout" --watch
    slipway rollout status lamp "$rollout" --watch &
    watcher=$!
    sleep 1.2
    for _ in $(seq 60); do
        kill -0 "$watcher" 2>/dev/null || break
        fleet_round
        sleep 1
    done
    kill -0 "$watcher" 2>/dev/null && fail 'the rollout goes on for ever'
    wait "$watcher" || status=$?
    watcher=
    [ "$status" -eq "$wanted" ] || fail "the rollout ended with $status, expected $wanted"
    run rollout status lamp "$rollout"
}

demo_depot() {
    chapter 'A depot: it keeps builds, takes them through their stages, rolls them out, and can sign nothing.'
    mkdir -p "$work/delivery"
    cd "$work/delivery"
    [ -d "$work/token" ] || (cd "$work" && make_token)
    export SOFTHSM2_CONF=$work/token/softhsm.conf SLIPWAY_PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so
    make_delivery_signer
    make_delivery_repository
    write_depot_settings
    start_depot
    run product create lamp --title 'The lamp'
    write_pipeline
    run release set-pipeline lamp --file pipeline.json >/dev/null
    run fleet set-group lamp lamps --query everybody.json --consent automatic >/dev/null

    chapter 'Ten lamps join the fleet, each with a key of its own.'
    run fleet create-token lamp --title 'the line' --class prod --channel stable --uses "$fleet_size" --expires 1d |
        tee token.out | sed 's/\(slwe_.\{6\}\).*/\1.../'
    (umask 077 && sed -n 's/^token: //p' token.out >enrolment.token)
    mkdir -p fleet
    fleet_round

    chapter 'A build on its way: endorsed by the build machine, tested in the lab, approved and signed, published.'
    echo 'It shines.' >notes.txt
    deliver good /bin/cat 1.0.0
    roll_out 0

    chapter 'The next image never comes up. Nobody looks; the rule does.'
    printf 'slipway virtual image: never healthy\n' >bad.image
    deliver bad bad.image 1.1.0 >delivery.log 2>&1 || { cat delivery.log >&2; fail 'no second release'; }
    roll_out 7
    run rollout looks lamp 2
    printf '%sThe page: %s/ (name ada, password %s)%s\n' "$bold" "$url" "$(cat password)" "$plain"
    cd "$work"
}

# For `make demo`: the fleet goes on checking in until somebody has seen enough.
stay() {
    cd "$work/delivery"
    echo 'It stays until Ctrl-C.'
    while kill -0 "$depot" 2>/dev/null; do
        fleet_round
        sleep 5
    done
}
