# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What scenarios with a TUF repository of ours share: sourced by repo*.bats and tuf-js.bats, after slipway.bash.

# Keys of a repository: root-1 root-2 (root), targets, team (a product's role), online; made once for a file.
make_repo_keys() {
    local keys=$BATS_FILE_TMPDIR/repo-keys name
    if [ ! -d "$keys" ]; then
        mkdir "$keys"
        for name in root-1 root-2 targets team online online-2 stranger; do
            "$slipway" key generate -q "$keys/$name" >/dev/null
        done
        "$slipway" key generate -q --type ed25519 "$keys/ed-root" >/dev/null
        "$slipway" key generate -q --type ed25519 "$keys/ed-targets" >/dev/null
        "$slipway" key generate -q --type ed25519 "$keys/ed-team" >/dev/null
        "$slipway" key generate -q --type ed25519 "$keys/ed-online" >/dev/null
    fi
    cp -p "$keys"/* .
}

# repo/, published at version 1: root by root-1 and targets by targets.
make_repo() {
    make_repo_keys
    ok repo init repo --root-key root-1.pub --targets-key targets.pub --online-key online "$@"
    ok repo sign repo root --key root-1
    ok repo sign repo targets --key targets
    ok repo publish repo
}

# publish_targets: what is staged for the top-level targets is signed and published.
publish_targets() {
    ok repo sign repo targets --key targets
    ok repo publish repo
}

# lists PATTERN TEXT: a new client of repo/ finds this.
client_lists() {
    ok repo list --from repo --root repo/metadata/1.root.json --metadata-dir "${client:-client}" "$1"
    prints "$2"
}

# fetches TARGET FILE: a client of repo/ gets these bytes.
client_fetches() {
    ok repo fetch "$1" --from repo --root repo/metadata/1.root.json --metadata-dir "${client:-client}" --dir fetched
    cmp "$output" "$2"
}

version_of() { jq -r .signed.version "$1"; }

# resign FILE KEY [JQ-OPTION…]: a metadata file as forge.jq makes it, signed by KEY, as a thief of that key would.
resign() {
    local file=$1 key=$2 id
    shift 2
    id=$(jq -r '.signatures[0].keyid' "$file")
    jq -jc "$@" -f forge.jq "$file" >forged
    openssl dgst -sha256 -sign "$key" -out forged.sig forged
    printf '{"signatures":[{"keyid":"%s","sig":"%s"}],"signed":%s}' "$id" "$(od -An -v -tx1 forged.sig | tr -d ' \n')" "$(cat forged)" >"$file"
}

# newest ROLE: the file of its highest version.
newest() {
    find repo/metadata -name "*.$1.json" | sort -V | tail -n 1
}
