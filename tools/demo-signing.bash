# SPDX-License-Identifier: Apache-2.0
# The chapter of `make run` that has a signing service in it: keys in a token, a policy, a log, and a device that
# wants the log's proof. Sourced by tools/demo, whose functions and variables it uses; everything is below its folder.
# shellcheck shell=bash disable=SC2154

signer=
stop_signer() {
    if [ -n "$signer" ]; then
        kill "$signer" 2>/dev/null || true
        wait "$signer" 2>/dev/null || true
        signer=
    fi
}

# A file as a JSON string.
json_text() { awk 'BEGIN { printf "\"" } { printf "%s\\n", $0 } END { printf "\"" }' "$1"; }

# A new token made of software, with a PIN of its own.
make_token() {
    mkdir -p token/tokens
    cat >token/softhsm.conf <<CONF
directories.tokendir = $work/token/tokens
objectstore.backend = file
log.level = ERROR
CONF
    export SOFTHSM2_CONF=$work/token/softhsm.conf SLIPWAY_PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so
    (umask 077 && od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >token/pin)
    # The PIN of a token that is thrown away in a minute; no other interface of this tool takes one.
    softhsm2-util --init-token --free --label vendor --pin "$(cat token/pin)" --so-pin "$(cat token/pin)" >/dev/null
}

in_token() { printf 'pkcs11:token=vendor;object=%s?pin-source=file:%s/token/pin' "$1" "$work"; }

write_policy() {
    cat >policy.json <<POLICY
{"version": 1, "issued": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
 "administrators": {"threshold": 2, "keys": {"one": $(json_text admin-1.key.pub), "two": $(json_text admin-2.key.pub)}},
 "people": {"ada": {"keys": [$(json_text ada.key.pub)]}},
 "machines": {"ci": {"keys": [$(json_text ci.key.pub)]}},
 "loosening_delay_s": 86400,
 "keys": {"lamp-test": {"key": $(json_text lamp-test.pub), "class": "test", "use": "targets", "product": "lamp"}},
 "rules": [{"product": "lamp", "class": "test", "use": "targets", "requesters": ["ada"],
   "builders": [{"machine": "ci", "id": "https://ci.example/lamp", "build_type": "https://ci.example/make/v1",
                 "source": "git+https://git.example/lamp"}],
   "build_types": ["user"],
   "content": {"names": ["app", "rtos"], "hardware": ["lamp-1"], "elf": "stripped"}}]}
POLICY
}

write_signer_settings() {
    cat >signer.json <<SETTINGS
{"state": "$work/signer", "origin": "signer.example/lamp", "module": "$SLIPWAY_PKCS11_MODULE",
 "token_paths": ["$work/token"], "sessions": 2, "threads": 2,
 "log_key": {"key": "$(in_token log)"},
 "keys": {"lamp-test": {"key": "$(in_token lamp-test)"}},
 "front": {"program": "$programs/slipway-signer", "settings": "$work/front.conf"},
 "judge": {"program": "$programs/slipway-signer-judge"}}
SETTINGS
    printf '[front]\nsocket = %s/signer.sock\nsocket-mode = 0600\n' "$work" >front.conf
    cat >sign.conf <<SETTINGS
[sign]
signer = unix:$work/signer.sock
log = $log
requester-key = $work/ada.key
SETTINGS
}

start_signer() {
    slipway-signer-keys run --config signer.json >signer.log 2>&1 &
    signer=$!
    for _ in $(seq 100); do
        grep -q '^listening on ' signer.log && return
        kill -0 "$signer" 2>/dev/null || break
        sleep 0.1
    done
    cat signer.log >&2
    fail 'the signing service did not start'
}

# A bundle as the build machine makes it: complete, and unsigned.
build() {
    local name=$1 version=$2
    shift 2
    run bundle create "$name" --file app=/bin/ls --file rtos=/bin/true --root test-root.pb --targets-version "$version" \
        --release-version "$version.0.0" --product lamp --hardware lamp-1 --build-type user "$@"
}

endorse() {
    run build endorse "$1" --key ci.key --builder-id https://ci.example/lamp --build-type https://ci.example/make/v1 \
        --source git+https://git.example/lamp
}

demo_signing() {
    chapter 'A signing service: its key is in a token, and it looks before it signs.'
    make_token
    for key in ada ci admin-1 admin-2; do slipway key generate "$key.key" >/dev/null 2>&1; done
    slipway key generate "$(in_token log)" --type ed25519 -o log.pub >/dev/null
    run key generate "$(in_token lamp-test)" -o lamp-test.pub
    run root create -o test-root.pb --root-key root.key.pub --targets-key lamp-test.pub --key-class test --expires 365d
    run root sign test-root.pb --key root.key
    write_policy
    echo 'Two administrators agree on who may have what signed: ada, what the build machine vouches for, stripped.'
    run sign policy sign policy.json --key admin-1.key --key admin-2.key --origin signer.example/lamp -o policy.dsse
    log=unknown
    write_signer_settings
    slipway-signer-keys init --config signer.json --administrators policy.dsse
    log=$(slipway-signer-keys show --config signer.json | sed 's/.*"log":"\([^"]*\)".*/\1/')
    write_signer_settings
    start_signer
    sed 's/^/    signer: /' signer.log

    chapter 'What nobody built is not signed; what the build machine vouches for is, and it is in the log.'
    build t1.bundle 1
    expect 7 sign submit t1.bundle --key lamp-test --config sign.conf --wait
    endorse t1.bundle
    run sign submit t1.bundle --key lamp-test --config sign.conf --wait
    run bundle inspect t1.bundle
    run sign list --config sign.conf

    chapter 'A device that wants the proof: a release that is not in the log does not run.'
    stop_device
    said=0
    flash=lab.flash
    start_device --root test-root.pb --log "$log"
    device_says
    update t1.bundle
    build stolen.bundle 2 --notes notes-2.txt
    echo 'Somebody stole the token, and signs behind the service'"'"'s back. The signature is good:'
    run bundle sign stolen.bundle --key "$(in_token lamp-test)"
    refused stolen.bundle
    echo 'The next release, asked for as it should be:'
    build t2.bundle 2
    endorse t2.bundle
    run sign submit t2.bundle --key lamp-test --config sign.conf --wait
    update t2.bundle

    chapter 'Anybody with a copy of the log can check all of it, and finds what was signed in secret.'
    run audit verify "unix:$work/signer.sock" --log "$log" --bundles t1.bundle --bundles t2.bundle
    expect 3 audit verify "unix:$work/signer.sock" --log "$log" --bundles stolen.bundle
    stop_signer
}
