#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# slipway bundle verify on every row of spec/vectors/index.tsv: verdict, reason, exit status, and what
# --json says. The library runs them too (device/vectors_test.c); here it is the program.

load slipway.bash

# Verifies each row of the index, and gathers one JSON object a row in $BATS_FILE_TMPDIR/$1.json, with what the
# index says and what came out. $2: an option for every row.
verify_rows() {
    local results=$BATS_FILE_TMPDIR/$1 bundle root manifest options rest code
    local -a words
    mkdir "$results"
    grep -v '^#' index.tsv >"$results/rows"
    while IFS=$'\t' read -r bundle root manifest options rest; do
        words=(${2:+"$2"})
        [ "$manifest" = - ] || words+=(--manifest "$manifest")
        # Options are words of the index: splitting them is meant.
        # shellcheck disable=SC2206
        [ "$options" = - ] || words+=($options)
        code=0
        "$slipway" bundle verify --json "$bundle" --trusted-root "$root" "${words[@]}" \
            >"$results/out" 2>"$results/err" </dev/null || code=$?
        echo "$code" >>"$results/codes"
        [ -s "$results/out" ] || echo null >"$results/out"
        cat "$results/out" >>"$results/objects"
        tr '\n' '\v' <"$results/err" >>"$results/messages"
        echo >>"$results/messages"
    done <"$results/rows"
    jq -n --rawfile rows "$results/rows" --slurpfile codes "$results/codes" \
        --slurpfile objects "$results/objects" --rawfile messages "$results/messages" '
        ($messages | split("\n") | map(gsub("\u000b"; "\n"))) as $said
        | [$rows | rtrimstr("\n") | split("\n") | to_entries[]
         | . as $row | .value | split("\t")
         | {bundle: .[0], root: .[1], manifest: .[2], options: .[3], expected: .[4], reasons: (.[5] | split("|")),
            pigweed: .[6:8], code: $codes[$row.key], object: $objects[$row.key], said: $said[$row.key]}]' \
        >"$BATS_FILE_TMPDIR/$1.json"
}

setup_file() {
    BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR slipway_setup
    cd "$vectors"
    verify_rows plain ''
    verify_rows pigweed --as-pigweed
}

setup() {
    slipway_setup
}

# all_rows NAME WHICH HOLDS: of the rows of NAME that WHICH selects (both are jq filters), HOLDS must be true.
all_rows() {
    jq -rc "[.[] | select($2)] | \"\\(length) rows\", (.[] | select(($3) | not))" "$BATS_FILE_TMPDIR/$1.json" >failed
    head -n 60 failed
    [ "$(head -n 1 failed)" != '0 rows' ]
    [ "$(wc -l <failed)" -eq 1 ]
}

@test "vectors: every row was run" {
    [ "$(jq length "$BATS_FILE_TMPDIR/plain.json")" -eq "$(grep -cv '^#' "$vectors/index.tsv")" ]
    all_rows plain true '.object | type == "object"'
}

@test "vectors: accepts every bundle that is to be accepted" {
    all_rows plain '.expected == "accept"' '.code == 0 and .object.verdict == "accept"'
}

@test "vectors: refuses every bundle that is to be refused, for its reason" {
    all_rows plain '.expected == "refuse"' \
        '.object.verdict == "refuse" and (.object.reason as $got | any(.reasons[]; . == $got))'
}

@test "vectors: exits 3 when refused, 4 when nothing but an expiry stands against it" {
    all_rows plain '.expected == "refuse"' '.code == (if .object.reason == "expired" then 4 else 3 end)'
}

@test "vectors: says the reason in one line on stderr, and nothing when it accepts" {
    all_rows plain '.expected == "refuse"' '.object.reason as $reason
        | (.said | startswith("refused: \($reason): ")) and (.said | rtrimstr("\n") | contains("\n") | not)'
    all_rows plain '.expected == "accept"' '.said == ""'
}

@test "vectors: prints one object whose members are as specified" {
    all_rows plain true '.object |
        (keys - ["verdict", "reason", "detail", "role", "key_id", "target", "root_version", "targets_version",
                 "root_upgraded", "targets", "proof"] == [])
        and ((has("proof") | not) or (.proof | .index < .size and .cosigned >= 0))
        and ((.key_id // ("0" * 64)) | test("^[0-9a-f]{64}$"))
        and ((.role // "root") | test("^(root|timestamp|snapshot|targets)$"))'
    all_rows plain '.expected == "refuse"' '.object | (.reason | type) == "string" and (.detail | length) > 0'
    all_rows plain '.expected == "accept"' '.object |
        (.targets_version | type) == "number" and (.root_version | type) == "number"
        and (.root_upgraded | type) == "boolean" and (has("reason") | not)
        and ([.targets[] | (.sha256 | test("^[0-9a-f]{64}$")) and (.length | type) == "number"
                           and (.present | type) == "boolean" and (.name | length) > 0] | all)'
}

@test "vectors: --as-pigweed agrees with Pigweed's verifiers in both languages" {
    all_rows pigweed '.expected == "accept" and .pigweed == ["accept", "accept"]' '.code == 0'
    all_rows pigweed '.expected == "accept" and .pigweed[0] != "-" and .pigweed != ["accept", "accept"]' \
        ".code == 3 and (.said | contains(\"Pigweed's verifiers: \"))"
}

@test "vectors: --as-pigweed changes nothing where a bundle is refused anyway" {
    all_rows pigweed '.expected == "refuse"' '.code == (if .object.reason == "expired" then 4 else 3 end)'
}
