#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# Manual pages: there is one for each program, it can be laid out, and it says what the program says.
bats_require_minimum_version 1.5.0

load slipway.bash

setup() {
    slipway_setup
    pages=$source_dir/build/share/man
}

# The build makes them for what runs on this machine without sanitizers.
page() { find "$pages" -name "$1.[18]"; }

@test "each program that is installed has a page, which any reader of manual pages takes" {
    for program in "$source_dir"/build/bin/*; do
        name=${program##*/}
        page=$(page "$name")
        [ -s "$page" ]
        run -0 --separate-stderr groff -Kutf8 -ww -man -Tutf8 "$page"
        [ -z "$stderr" ]
        for title in NAME SYNOPSIS DESCRIPTION 'SEE ALSO'; do grep -qx ".SH $title" "$page"; done
        ! command -v mandoc >/dev/null || mandoc -Tlint -Werror "$page"
    done
}

@test "the page of slipway has every command, as it explains itself" {
    page=$(page slipway)
    "$slipway" --help | sed -n '/^Nouns:/,/^$/s/^  \([a-z-]*\) .*/\1/p' >nouns
    [ "$(wc -l <nouns)" -gt 10 ]
    while read -r noun; do
        "$slipway" "$noun" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/ \1/p' >verbs
        [ -s verbs ] || echo >verbs
        while IFS= read -r verb; do grep -qxF ".SS $noun${verb//-/\\-}" "$page"; done <verbs
    done <nouns
    groff -Kutf8 -man -Tascii -P-c -rLL=200n "$page" 2>/dev/null >page.txt
    "$slipway" review --help | sed -n '/^Options:/,/^$/p' | sed '/^$/d' | while IFS= read -r line; do
        grep -qF -- "$(sed 's/^ *//; s/….*//' <<<"$line")" page.txt
    done
}

@test "pages of programs that are no commands have their usage" {
    grep -qx 'slipway\\-depot backup|restore \\-\\-config FILE DIRECTORY' "$(page slipway-depot)"
    grep -qx 'slipway\\-signer\\-keys run \\-\\-config FILE' "$(page slipway-signer-keys)"
    run ! grep -rq '@[A-Z]*@' "$pages"
}
