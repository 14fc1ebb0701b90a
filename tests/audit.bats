#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `slipway audit`: logs that another implementation (tests/log/log.mjs) wrote, and what is found when they are changed.

load slipway

setup() {
    slipway_setup
    tools=$source_dir/tests/log
}

teardown() { stop_servers; }

# make_log KIND DIR …: its verifier key is in $log.
make_log() {
    log=$(node "$tools/make-log.mjs" "$@")
}

# start_servers: a web server of $work/site, mail and posts into $work/out; $web, $smtp and $hook are their URLs; $smtps
# that of a mail server by TLS, when there is a cert.pem.
start_servers() {
    mkdir -p site out
    mkfifo control
    node "$tools/servers.mjs" ports site out <control &
    server=$!
    exec 9>control
    for _ in $(seq 100); do
        [ ! -s ports ] || break
        sleep 0.1
    done
    read -r web smtp hook smtps <ports
    web=http://127.0.0.1:$web smtp=smtp://127.0.0.1:$smtp hook=http://127.0.0.1:$hook/hook smtps=smtps://127.0.0.1:$smtps
    unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
}

stop_servers() {
    [ -z "${server-}" ] || { exec 9>&-; wait "$server" || true; server=; }
    [ -z "${witness-}" ] || { kill "$witness" && wait "$witness" || true; witness=; }
}

# change FILE OFFSET: another byte there.
change() {
    node -e 'const fs = require("fs"); const [file, at] = process.argv.slice(1); const bytes = fs.readFileSync(file);
        const place = at < 0 ? bytes.length + Number(at) : Number(at); bytes[place] ^= 1; fs.writeFileSync(file, bytes);' "$1" "$2"
}

# refuses REASON COMMAND…: exit 3 with this reason.
refuses() {
    local reason=$1
    shift
    exits 3 "$@"
    says "refused: $reason: "
}

@test "verifies logs of any size that another implementation wrote" {
    for releases in 0 1 2 84 85 127 128 200; do
        make_log good "log-$releases" "$releases"
        ok audit verify "log-$releases" --log "$log" --json
        [ "$(jq -r .verdict <<<"$output")" = accept ]
        [ "$(jq .size <<<"$output")" = $((3 + 3 * releases)) ]
    done
}

@test "refuses a log in which any file was changed" {
    make_log good good 100
    for place in 'tile/0/000 9' 'tile/0/001.p/47 31' 'tile/1/000.p/1 0' 'tile/entries/000 70' 'tile/entries/001.p/47 3' \
        'records/000 8' 'records/000 50' 'records/001 -1' 'checkpoint 2' 'checkpoint -20'; do
        rm -rf log
        cp -r good log
        change "log/${place% *}" "${place#* }"
        exits 3 audit verify log --log "$log"
        says 'refused: '
    done
    rm -rf log
    cp -r good log
    rm log/tile/0/000
    refuses log-damaged audit verify log --log "$log"
    rm log/checkpoint
    refuses log-damaged audit verify log --log "$log"
}

@test "refuses another log's checkpoint, and one that too few witnesses cosigned" {
    make_log good other 3
    other=$log
    make_log witnessed log 3
    exits 3 audit verify log --log "${other/example.com/example.org}" || exits 2 audit verify log --log "${other/example.com/example.org}"
    ok audit verify log --log "$log" --witness "$(cat w1.vkey)" --witness "$(cat w2.vkey)"
    prints 'cosigned by 2 of 2 witnesses'
    cp -r log bare
    grep -v ' w2 ' log/checkpoint >bare/checkpoint
    refuses no-witnesses audit verify bare --log "$log" --witness "$(cat w1.vkey)" --witness "$(cat w2.vkey)"
    ok audit verify bare --log "$log" --witness "$(cat w1.vkey)" --witness "$(cat w2.vkey)" --witness-quorum 1
    sed 's/^\(— w1 .*\)A/\1B/' log/checkpoint >bare/checkpoint
    exits 3 audit verify bare --log "$log" --witness "$(cat w1.vkey)" --witness-quorum 0 || cmp log/checkpoint bare/checkpoint
}

@test "finds records that don't fit together" {
    for kind in twice back hidden usurped stolen unsigned loosened seized elsewhere mouthed unasked \
        unapproved misversioned; do
        make_log "$kind" "$kind"
        refuses log-damaged audit verify "$kind" --log "$log"
        case $kind in
        twice) says 'version 2 was signed before with other content' ;;
        back) says 'time fell to 2025-12-31T23:59:59Z' ;;
        hidden) says 'a release that no record of a signature names' ;;
        usurped) says "a policy that doesn't count" ;;
        stolen) says 'a signature by a key that no policy names' ;;
        unsigned) says "a signature that doesn't verify" ;;
        loosened) says "in force from 2026-01-03T00:00:00Z on, where 2026-01-04T00:00:00Z is due" ;;
        seized) says "a takeover that doesn't count: policy: signed by 0 of its administrators, 1 are needed" ;;
        elsewhere) says 'a start on another machine or disk, which nobody stated to take over' ;;
        mouthed) says "a record of kind request that doesn't hold" ;;
        unasked) says "a signature of a request that isn't open in the log" ;;
        unapproved) says "a signature that wasn't allowed: approved by 0 of 1 persons" ;;
        misversioned) says 'metadata of version 3, where its record says 2' ;;
        esac
        exits 3 audit verify "$kind" --log "$log" --json
        [ "$(jq -r '.verdict + " " + (.findings | length | tostring)' <<<"$output")" = 'refuse 1' ]
    done
}

@test "takes a policy that waits as long as it must, and a takeover by the administrators" {
    for kind in delayed moved; do
        make_log "$kind" "$kind"
        ok audit verify "$kind" --log "$log"
    done
}

@test "finds a log that was cut, or forked, since it was verified" {
    make_log good log 50
    ok audit verify log --log "$log" --state state
    make_log good longer 120
    ok audit verify longer --log "$log" --state state
    refuses log-behind audit verify log --log "$log" --state state
    make_log forked fork 120
    refuses log-damaged audit verify fork --log "$log" --state state
    says 'two checkpoints of 363 entries'
    make_log forked fork-2 121
    ok audit verify longer --log "$log" --state state
    ok audit verify fork-2 --log "$log" --state state
    make_log good longest 130
    refuses log-damaged audit verify longest --log "$log" --state state
    says 'a fork'
    change state 100
    exits 3 audit verify longest --log "$log" --state state
    says stored-state
}

@test "finds signed bundles that the log doesn't contain" {
    ok key generate root
    ok key generate targets
    ok root create -o root.pb --root-key root.pub --targets-key targets.pub
    ok root sign root.pb --key root
    echo image >app
    ok bundle create logged.bundle --file app=app --root root.pb --product lamp --targets-version 7 --key targets
    ok bundle create wild.bundle --file app=app --root root.pb --product lamp --targets-version 8 --key targets
    ok bundle create unsigned.bundle --file app=app --root root.pb --product lamp --targets-version 9
    ok bundle inspect logged.bundle --json
    # The serialized metadata: the first field of the SignedTargetsMetadata, which the signatures are over.
    node -e '
        const bytes = require("fs").readFileSync("logged.bundle");
        const varint = (at) => { let value = 0, shift = 0; for (;;) { const b = bytes[at++]; value += (b & 127) * 2 ** shift;
            if (b < 128) return [value, at]; shift += 7; } };
        const fields = (at, end) => { const found = []; while (at < end) { let tag, len; [tag, at] = varint(at); [len, at] = varint(at);
            found.push([tag >> 3, at, at + len]); at += len; } return found; };
        const entry = fields(0, bytes.length).find(([number]) => number === 3);
        const signed = fields(entry[1], entry[2]).find(([number]) => number === 2);
        const serialized = fields(signed[1], signed[2]).find(([number]) => number === 1);
        require("fs").writeFileSync("metadata", bytes.subarray(serialized[1], serialized[2]));'
    make_log bundle log metadata 7
    ok audit verify log --log "$log" --bundles logged.bundle --bundles unsigned.bundle
    says 'unsigned.bundle: nobody signed it'
    refuses log-damaged audit verify log --log "$log" --bundles logged.bundle --bundles wild.bundle
    says "wild.bundle: version 8 is signed, and the log doesn't contain it"
    exits 3 audit verify log --log "$log" --bundles wild.bundle --state state --json
    [ "$(jq -c .missing <<<"$output")" = '["wild.bundle"]' ]
}

@test "shows entries, and nothing that a terminal would obey" {
    make_log good log 2
    ok audit show log --log "$log"
    prints '0  2026-01-01T00:00:00Z  administrators'
    prints 'release  product lamp  version 2'
    ok audit show log --log "$log" --from 4 --count 2 --json
    [ "$(jq -rs 'map(.leaf) | join(" ")' <<<"$output")" = 'release record' ]
    [ "$(jq -rs '.[1].record.version' <<<"$output")" = 1 ]
    make_log terminal log-2
    ok audit show log-2 --log "$log" --from 6
    prints 'refusal'
    [ "$(grep -c $'\e' <<<"$output")" = 0 ]
    change log/records/000 30
    exits 3 audit show log --log "$log"
    [ -z "$output" ]
}

@test "monitors a log over the network, and keeps a copy that verifies by itself" {
    start_servers
    make_log good site/log 90
    ok audit monitor "$web/log" --log "$log" --state state --once --mirror copy
    says '273 entries, all is well'
    make_log good site/log 180
    ok audit monitor "$web/log" --log "$log" --state state --once --mirror copy
    ok audit verify copy --log "$log" --json
    [ "$(jq .size <<<"$output")" = 543 ]
    rm -rf site/log
    make_log forked site/log 180
    refuses log-damaged audit monitor "$web/log" --log "$log" --state state --once --mirror copy
    [ -s state.evidence ]
    ok audit verify copy --log "$log"
    stop_servers
    exits 1 audit monitor "$web/log" --log "$log" --state state --once
    says unavailable
}

@test "tells people by mail and by a signed post" {
    start_servers
    ok key generate hook-key
    make_log good site/log 20
    alerts=(--smtp "$smtp" --mail-from log@example.com --mail-to ada@example.com --mail-to ben@example.com --webhook "$hook"
        --webhook-key hook-key)
    ok audit monitor "$web/log" --log "$log" --state state --once "${alerts[@]}"
    [ -z "$(ls out)" ]
    make_log good site/log 10
    refuses log-behind audit monitor "$web/log" --log "$log" --state state --once "${alerts[@]}"
    grep -q '^RCPT TO:<ada@example.com>' out/mail-1
    grep -q '^RCPT TO:<ben@example.com>' out/mail-1
    grep -q '^Subject: slipway audit: log-behind: example.com/log$' out/mail-1
    grep -q 'it was cut' out/mail-1
    node "$tools/check-alert.mjs" out/hook-1 hook-key.pub >alert.json
    [ "$(jq -r '.reason + " " + .origin' alert.json)" = 'log-behind example.com/log' ]
    touch out/broken
    exits 3 audit monitor "$web/log" --log "$log" --state state --once "${alerts[@]}"
    says "mail couldn't be sent"
    says "the alert couldn't be posted"
}

# mail_setup: servers that want a login, a log that was cut, and ${by_mail[@]} with what tells it by mail.
mail_setup() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    start_servers
    echo 'log@example.com open sesame' >out/login
    (umask 077 && echo 'open sesame' >password)
    make_log good long 20
    ok audit monitor long --log "$log" --state state --once
    make_log good short 10
    by_mail=(audit monitor short --log "$log" --state state --once --mail-from log@example.com --mail-to ada@example.com
        --smtp-user log@example.com --smtp-password-file password)
}

@test "logs in to a mail server, by STARTTLS or smtps" {
    mail_setup
    touch out/starttls
    refuses log-behind "${by_mail[@]}" --smtp "$smtp" --ca-file cert.pem
    grep -q 'it was cut' out/mail-1
    refuses log-behind "${by_mail[@]}" --smtp "$smtps" --ca-file cert.pem
    grep -q 'it was cut' out/mail-2
    [ "$(grep -c '^tls AUTH PLAIN' out/said)" = 2 ]
    [ "$(grep -c '^plain \(AUTH\|MAIL\)' out/said)" = 0 ]
    [ "$(grep -c sesame stderr)" = 0 ]
}

@test "tells no password and no alert to a mail server that it can't be sure of" {
    mail_setup
    # One that offers no STARTTLS, or whose offer somebody took out.
    refuses log-behind "${by_mail[@]}" --smtp "$smtp" --ca-file cert.pem
    says "mail couldn't be sent"
    # One of whose certificate nobody knows.
    touch out/starttls
    refuses log-behind "${by_mail[@]}" --smtp "$smtp"
    says "mail couldn't be sent"
    refuses log-behind "${by_mail[@]}" --smtp "$smtps"
    says "mail couldn't be sent"
    [ "$(grep -c 'AUTH\|MAIL\|RCPT' out/said)" = 0 ]
    # One that doesn't take the password.
    (umask 077 && echo 'open barley' >password)
    refuses log-behind "${by_mail[@]}" --smtp "$smtp" --ca-file cert.pem
    says "mail couldn't be sent: Login denied"
    [ "$(grep -c 'barley\|sesame' stderr)" = 0 ]
    [ ! -e out/mail-1 ]
}

@test "takes a mail server's password from a file that its owner alone may read" {
    mail_setup
    touch out/starttls
    by_mail+=(--smtp "$smtp" --ca-file cert.pem)
    for mode in 0640 0604 0620; do
        chmod "$mode" password
        exits 1 "${by_mail[@]}"
        says "password: others may read or write it"
    done
    rm password
    exits 1 "${by_mail[@]}"
    for text in '' '\n' 'two\nlines' 'a\0b' "$(head -c 300 /dev/zero | tr '\0' a)"; do
        (umask 077 && printf "$text" >password)
        exits 1 "${by_mail[@]}"
        says 'password: '
    done
    [ ! -e out/said ]
    by_nobody=(audit monitor short --log "$log" --state state --once --mail-from a@b.c --mail-to a@b.c)
    exits 2 "${by_nobody[@]}" --smtp "$smtp" --smtp-user ada
    exits 2 "${by_nobody[@]}" --smtp "$smtp" --smtp-password-file password
    exits 2 "${by_nobody[@]}" --smtp smtp://ada:secret@127.0.0.1
    says 'no user and password in it'
    [ "$(grep -c secret stderr)" = 0 ]
    exits 2 audit monitor short --log "$log" --state state --once --smtp-user ada --smtp-password-file password
}

@test "tells the same once, and again when it couldn't be told" {
    start_servers
    ok key generate hook-key
    make_log good site/log 20
    ok audit monitor "$web/log" --log "$log" --state state --once
    make_log good site/log 10
    touch out/broken
    "$slipway" audit monitor "$web/log" --log "$log" --state state --every 1s --webhook "$hook" --webhook-key hook-key 2>monitor.err &
    monitor=$!
    sleep 1.5
    rm out/broken
    for _ in $(seq 100); do
        [ ! -s out/hook-1 ] || break
        sleep 0.1
    done
    sleep 2.5
    kill "$monitor"
    wait "$monitor" || [ $? = 3 ]
    [ -s out/hook-1 ]
    [ ! -e out/hook-2 ]
}

@test "finds places that show different logs" {
    make_log good one 60
    make_log good two 50
    ok audit monitor one two --log "$log" --state state --once
    make_log forked three 60
    refuses log-damaged audit monitor one three --log "$log" --state state-2 --once
    says 'a split view'
    grep -c 'example.com/log' state-2.evidence
    make_log forked four 59
    refuses log-damaged audit monitor one four --log "$log" --state state-3 --once
    [ ! -e state-3 ]
}

@test "checks every place whole, whichever has the most" {
    make_log good one 60
    make_log good two 60
    make_log good three 50
    ok audit monitor one two three --log "$log" --state state --once
    for place in two three; do
        for file in records/000 tile/0/000.p tile/entries/000.p; do
            rm -rf changed
            cp -r "$place" changed
            [ ! -d "changed/$file" ] || file+=/$(ls "changed/$file")
            change "changed/$file" 50
            refuses log-damaged audit monitor one changed --log "$log" --state "state-$place-${file##*/}" --once
            says "changed: "
        done
    done
    for state in state-*; do
        [ ! -e "$state" ]
    done
}

@test "names each place that is forked, behind, or can't be read, and looks at the others" {
    make_log good one 60
    make_log forked two 60
    make_log forked three 50
    make_log good four 40
    refuses log-damaged audit monitor one two three nowhere four --log "$log" --state state --once
    says 'nowhere'
    says 'a split view: the first 183 entries of one and two differ'
    says 'a split view: the first 153 entries of three and one differ'
    [ "$(grep -c '^example.com/log$' state.evidence)" -ge 4 ]
    [ ! -e state ]
    # What can't be read keeps nothing from being followed elsewhere.
    exits 1 audit monitor nowhere one --log "$log" --state state --once
    [ -s state ]
    refuses log-behind audit monitor four one --log "$log" --state state --once
    says 'four: the log has 123 entries, 183 were verified before'
    rm state.evidence
    refuses log-damaged audit monitor one three --log "$log" --state state --once
    says 'three: the log has 153 entries, 183 were verified before'
    says 'a split view: the first 153 entries of three and one differ'
    grep -q 'example.com/log' state.evidence
    # Also when the entries that differ are far behind what was verified.
    make_log good long 120
    ok audit monitor long --log "$log" --state far --once
    refuses log-damaged audit monitor long three four --log "$log" --state far --once
    says 'four: the log has 123 entries, 363 were verified before'
    says 'a split view: the first 153 entries of three and long differ'
    [ "$(grep -c 'split view' stderr)" = 1 ]
    make_log good five 61
    refuses log-damaged audit monitor two five --log "$log" --state state --once
    says 'two: a fork: two checkpoints of 183 entries'
}

@test "refuses command lines that make no sense" {
    make_log good log 1
    exits 2 audit verify log
    exits 2 audit verify log --log nonsense
    exits 2 audit monitor log --log "$log"
    exits 2 audit monitor log --log "$log" --state s --every 1s --once
    exits 2 audit monitor log --log "$log" --state s --once --smtp smtp://127.0.0.1
    exits 2 audit monitor log --log "$log" --state s --once --smtp http://127.0.0.1 --mail-from a@b --mail-to c@d
    exits 2 audit monitor log --log "$log" --state s --once --smtp smtp://127.0.0.1 --mail-from 'a@b> x' --mail-to c@d
    exits 2 audit monitor log --log "$log" --state s --once --webhook http://127.0.0.1/
    exits 1 audit verify nowhere --log "$log"
    exits 1 audit verify log --log "$log" --tuf-root nowhere
    echo '{"signed": {}, "signatures": []}' >root.json
    exits 1 audit verify log --log "$log" --tuf-root root.json
    says 'root.json: '
    exits 1 audit monitor log --log "$log" --state s --once --tuf-root root.json
    exits 3 audit verify . --log "$log"
}

@test "witnesses a log over HTTP" {
    front=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}/slipway-signer
    make_log good log 5
    ok key generate w1 --type ed25519
    ok audit witness --key w1 --name witness.example/w1 --show-key
    vkey=$output
    [[ $vkey == witness.example/w1+* ]]
    port_take
    printf '[front]\nplain-listen = 127.0.0.1:%s\nsandbox = no\n' "$port_taken" >front.conf
    "$slipway" audit witness --key w1 --name witness.example/w1 --log "$log" --state state --front "$front" --front-config front.conf 2>witness.err &
    witness=$!
    url=http://127.0.0.1:$port_taken/add-checkpoint
    unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
    printf 'old 0\n\n' | cat - log/checkpoint >body
    for _ in $(seq 100); do
        code=$(curl -s -o answer -w '%{http_code}' --data-binary @body "$url") && break
        sleep 0.1
    done
    [ "$code" = 200 ] || { cat witness.err answer; false; }
    cat answer >>log/checkpoint
    ok audit verify log --log "$log" --witness "$vkey"
    prints 'cosigned by 1 of 1 witnesses'
    [ "$(curl -s -o answer -w '%{http_code} %{content_type}' --data-binary @body "$url")" = '409 text/x.tlog.size' ]
    [ "$(cat answer)" = 18 ]
    make_log forked fork 5
    printf 'old 18\n\n' | cat - fork/checkpoint >body
    [ "$(curl -s -o answer -w '%{http_code}' --data-binary @body "$url")" = 409 ]
    [ "$(curl -s -o answer -w '%{http_code}' --data-binary 'nonsense' "$url")" = 400 ]
    kill "$witness"
    wait "$witness"
    witness=
    exits 2 audit witness --key w1 --name 'a b' --show-key
}
