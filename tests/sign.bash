# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What scenarios of `slipway sign` add to the service of signer.bash: somebody who approves by OpenSSH, a key for roots,
# settings of a client, bundles. Source slipway.bash, token.bash and signer.bash first.

# sign_setup [JQ-FILTER]: a service that isn't started yet, its policy changed by the filter, and in sign.conf how ada asks it.
sign_setup() {
    ok key generate root.key
    ssh-keygen -q -t ed25519 -N '' -C '' -f eve-ssh
    signer_setup ".people.eve.keys = [$(signer_pem eve-ssh.pub)]
        | .keys[\"lamp-root\"] = {key: $(signer_pem root.key.pub), class: \"test\", use: \"root\", product: \"lamp\"}
        | .rules += [{product: \"lamp\", class: \"test\", use: \"root\", requesters: [\"ada\"]}]
        | ${1:-.}" '.keys["lamp-root"] = {key: (.state[:-5] + "root.key")}' || return 1
    cat >sign.conf <<END
[sign]
signer = unix:$PWD/signer.sock
log = $log_vkey
requester-key = $PWD/ada.key
END
    head -c 5000 /dev/urandom >app.bin
    sign_bundle test.bundle test 1 && sign_bundle prod.bundle prod 1
}

# sign_start: starts it, and waits until it is ready.
sign_start() {
    signer_start || return 1
    local _
    for _ in $(seq 200); do
        [ "$(curl -s --unix-socket signer.sock http://signer/v1/health 2>/dev/null)" != '{"state":"ready"}' ] || return 0
        sleep 0.05
    done
    echo "the signing service isn't ready"
    cat signer.log
    return 1
}

# sign_bundle FILE test|prod VERSION [OPTION…]: an unsigned bundle of app.bin, and what was said of it.
sign_bundle() {
    local file=$1 class=$2 version=$3 key=$2.pub
    shift 3
    [ "$class" = prod ] || key=test.key.pub
    if [ ! -e "$class-root.root" ]; then
        ok root create -o "$class-root.root" --root-key root.key.pub --targets-key "$key" --key-class "$class" || return 1
        ok root sign "$class-root.root" --key root.key || return 1
    fi
    ok bundle create "$file" --file app=app.bin --root "$class-root.root" --targets-version "$version" --product lamp \
        --hardware lamp-1 --build-type user --expires 60d --force "$@" || return 1
    ok build endorse "$file" --key ci.key --builder-id https://ci.example/lamp --build-type https://ci.example/type \
        --source git+https://git.example/lamp || return 1
    ok build test-result "$file" --key lab.key --suite system --result passed
}

# submits STATUS FILE OPTION…: `slipway sign submit` must exit with STATUS; the request's id is in $id.
submits() {
    local expected=$1
    shift
    exits "$expected" sign submit --config sign.conf "$@" || return 1
    id=$output
}

# waits_for ID STATE: until the request is there; its JSON is in $output.
waits_for() {
    local _
    for _ in $(seq 400); do
        ok sign show "$1" --config sign.conf --json || return 1
        [ "$(jq -r .state <<<"$output")" != "$2" ] || return 0
        sleep 0.05
    done
    echo "never $2: $output"
    return 1
}

# verifies BUNDLE test|prod [OPTION…]: as a device would, with its proof.
verifies() {
    ok bundle verify "$1" --trusted-root "$2-root.root" --log "$log_vkey" --product lamp --hardware lamp-1 "${@:3}"
}

# An authority, a server's certificate for 127.0.0.1, ada's, and a stranger's by itself.
sign_certificates() {
    local new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes) name
    openssl req -x509 "${new[@]}" -subj /CN=authority -days 9 -keyout ca-tls.key -out ca.pem 2>/dev/null
    openssl req -x509 "${new[@]}" -subj /CN=stranger -days 9 -keyout stranger-tls.key -out stranger.pem 2>/dev/null
    echo 'subjectAltName=IP:127.0.0.1' >server.ext
    echo 'extendedKeyUsage=clientAuth' >ada.ext
    for name in server ada; do
        openssl req "${new[@]}" -subj "/CN=$name" -keyout "$name-tls.key" -out "$name.csr" 2>/dev/null
        openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca-tls.key -CAcreateserial -days 5 -extfile "$name.ext" \
            -out "$name.pem" 2>/dev/null || return 1
    done
}
