#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The depot's page in a browser: each page, each button by its effect in the depot, what others wrote, accessibility. The
# cases are in tests/web; they run once, in one browser over one depot, and are told apart here.

setup_file() {
    local root=$BATS_TEST_DIRNAME/..
    SLIPWAY_PAGE_MODULES=$("$root/tools/fetch-page-tests" 2>"$BATS_FILE_TMPDIR/npm.log") || SLIPWAY_PAGE_MODULES=
    export SLIPWAY_PAGE_MODULES
    [ -n "$SLIPWAY_PAGE_MODULES" ] || return 0
    TMPDIR=$BATS_FILE_TMPDIR "$root/tests/web/run" >"$BATS_FILE_TMPDIR/results" 2>&1 </dev/null 3>&- || true
}

setup() {
    [ -n "$SLIPWAY_PAGE_MODULES" ] || skip 'what drives a browser is not here, and the npm registry is out of reach'
}

# page CASE: it passed.
page() {
    if ! grep -E '^ok [0-9]+ - ' "$BATS_FILE_TMPDIR/results" | sed -E 's/^ok [0-9]+ - //; s/ # [0-9]+ ms$//' | grep -qxF -- "$1"; then
        cat "$BATS_FILE_TMPDIR/results"
        return 1
    fi
}

@test "every case of the page is asked for here" {
    local cases
    cases=$(sed -n 's/^1\.\.//p' "$BATS_FILE_TMPDIR/results")
    [ "$cases" = "$(grep -c "^    page '" "$BATS_TEST_FILENAME")" ]
}

@test "every page is drawn, and axe finds nothing serious" {
    page 'every page is drawn, and axe finds nothing serious'
}

@test "every page fits a phone, and is readable in the dark" {
    page 'every page fits a phone, and is readable in the dark'
}

@test "the first screen says what is broken, since when, why, and what comes next" {
    page 'the first screen says what is broken, since when, why, and what comes next'
}

@test "the keyboard goes everywhere, and a list says how" {
    page 'the keyboard goes everywhere, and a list says how'
}

@test "Tab reaches every control, and each shows that it has the focus" {
    page 'Tab reaches every control, and each shows that it has the focus'
}

@test "what is shown can be had as CSV and as JSON" {
    page 'what is shown can be had as CSV and as JSON'
}

@test "texts that begin like formulas are none in a spreadsheet" {
    page 'texts that begin like formulas are none in a spreadsheet'
}

@test "the page asks again when an event says so" {
    page 'the page asks again when an event says so'
}

@test "what is stale is visibly stale, until the depot is there again" {
    page 'what is stale is visibly stale, until the depot is there again'
}

@test "HALT on the first screen states how many devices it touches, and halts" {
    page 'HALT on the first screen states how many devices it touches, and halts'
}

@test "start, pause, resume and abort do so" {
    page 'start, pause, resume and abort do so'
}

@test "the failed are retried" {
    page 'the failed are retried'
}

@test "a person lets a phase go on" {
    page 'a person lets a phase go on'
}

@test "a rollout is made, changed while it is a draft, and watched to its halt" {
    page 'a rollout is made, changed while it is a draft, and watched to its halt'
}

@test "what the depot refuses stands in the dialog" {
    page 'what the depot refuses stands in the dialog'
}

@test "a build shows its gates, and an approval is counted" {
    page 'a build shows its gates, and an approval is counted'
}

@test "the kind of a release is changed, and a patch holds nothing but fixes" {
    page 'the kind of a release is changed, and a patch holds nothing but fixes'
}

@test "a freeze is shown with its reason" {
    page 'a freeze is shown with its reason'
}

@test "a build whose signature was refused is tried again" {
    page 'a build whose signature was refused is tried again'
}

@test "a release is withdrawn with its reason" {
    page 'a release is withdrawn with its reason'
}

@test "the queue of signatures says what differs, and how to approve" {
    page 'the queue of signatures says what differs, and how to approve'
}

@test "what others wrote is text: in releases, devices, reasons, titles" {
    page 'what others wrote is text: in releases, devices, reasons, titles'
}

@test "a device is found, changed, asked for its log, revoked" {
    page 'a device is found, changed, asked for its log, revoked'
}

@test "the fleet is counted" {
    page 'the fleet is counted'
}

@test "title and retention of a product are changed" {
    page 'title and retention of a product are changed'
}

@test "a group is made, changed and removed" {
    page 'a group is made, changed and removed'
}

@test "an enrolment token is made, shown once, and revoked" {
    page 'an enrolment token is made, shown once, and revoked'
}

@test "a pipeline is saved as a new version, or refused with the place" {
    page 'a pipeline is saved as a new version, or refused with the place'
}

@test "somebody is invited, chooses a password, gets roles, and is disabled" {
    page 'somebody is invited, chooses a password, gets roles, and is disabled'
}

@test "a second factor that was lost is removed" {
    page 'a second factor that was lost is removed'
}

@test "a role is given and taken away in one product" {
    page 'a role is given and taken away in one product'
}

@test "a product is made" {
    page 'a product is made'
}

@test "an API token is made, works, and is revoked" {
    page 'an API token is made, works, and is revoked'
}

@test "a wrong password is refused, in the same words as a wrong name" {
    page 'a wrong password is refused, in the same words as a wrong name'
}

@test "a second factor is set up, and asked for from then on" {
    page 'a second factor is set up, and asked for from then on'
}

@test "a password is changed, and other sessions end" {
    page 'a password is changed, and other sessions end'
}

@test "who may only look has no buttons, and sees no other product" {
    page 'who may only look has no buttons, and sees no other product'
}

@test "a session that ended leads to the door" {
    page 'a session that ended leads to the door'
}

@test "the proof of the trail is computed here, and finds what was changed" {
    page 'the proof of the trail is computed here, and finds what was changed'
}

@test "a job is run by hand, watched to its end, and its log read" {
    page 'a job is run by hand, watched to its end, and its log read'
}

@test "a test is run on a build, cancelled, tried again, and stands on the page of the build" {
    page 'a test is run on a build, cancelled, tried again, and stands on the page of the build'
}

@test "a webhook is made, its secret shown once, starts a job, and is removed" {
    page 'a webhook is made, its secret shown once, starts a job, and is removed'
}

@test "a device waits to be let in, is let in, rejected, and revoked" {
    page 'a device waits to be let in, is let in, rejected, and revoked'
}

@test "what the buttons of a rollout say reaches devices" {
    page 'what the buttons of a rollout say reaches devices'
}

@test "consent and a pin hold a device, until somebody says yes and takes the pin out" {
    page 'consent and a pin hold a device, until somebody says yes and takes the pin out'
}

@test "a bad image is watched to its halt" {
    page 'a bad image is watched to its halt'
}

@test "a build shows its way from commit to device" {
    page 'a build shows its way from commit to device'
}

@test "an emergency is rehearsed by a button, and its steps are timed" {
    page 'an emergency is rehearsed by a button, and its steps are timed'
}

@test "keys and roles stand with their expiry, and the root with its own" {
    page 'keys and roles stand with their expiry, and the root with its own'
}

@test "what was delivered fits a phone in the dark, and axe finds nothing serious" {
    page 'what was delivered fits a phone in the dark, and axe finds nothing serious'
}

@test "with the signing service down the first screen says so, and HALT works" {
    page 'with the signing service down the first screen says so, and HALT works'
}
