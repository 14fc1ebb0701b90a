#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# People and machines over real connections: TLS, client certificates, a proxy on the local socket; and what is kept.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
}

teardown() {
    depot_stop
}

@test "over TLS a session's cookie is for TLS alone, and a certificate is a machine" {
    certificate ca /CN=authority ca
    certificate server /CN=127.0.0.1 ca subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key
    certificate robot /CN=robot ca extendedKeyUsage=clientAuth -CA ca.pem -CAkey ca.key
    certificate admin /CN=admin ca extendedKeyUsage=clientAuth -CA ca.pem -CAkey ca.key
    certificate self /CN=robot self extendedKeyUsage=clientAuth
    depot_setup "$(printf 'tls-certificate = %s\ntls-key = %s\nclient-ca = %s' "$PWD/server.pem" "$PWD/server.key" "$PWD/ca.pem")"
    depot_start
    [[ $depot_url == https://* ]]
    local tls=(--cacert ca.pem)
    answers 201 POST /api/v1/products '{"name": "lamp"}' "${tls[@]}"
    answers 201 POST /api/v1/people \
        '{"name": "robot", "kind": "machine", "roles": [{"product": "lamp", "role": "developer"}]}' "${tls[@]}"
    depot_token=
    answers 401 GET /api/v1/session '' "${tls[@]}"
    answers 200 GET /api/v1/session '' "${tls[@]}" --cert robot.pem --key robot.key
    [ "$(jq -c '[.name, .machine]' <<<"$output")" = '["robot",true]' ]
    answers 200 GET /api/v1/products/lamp '' "${tls[@]}" --cert robot.pem --key robot.key
    answers 403 POST /api/v1/products '{"name": "fan"}' "${tls[@]}" --cert robot.pem --key robot.key
    # A person's name in a certificate makes nobody that person, and an authority of one's own counts for nothing.
    answers 401 GET /api/v1/session '' "${tls[@]}" --cert admin.pem --key admin.key
    api GET /api/v1/session '' "${tls[@]}" --cert self.pem --key self.key
    [ "$status" != 200 ]
    # A page of another site can't use a certificate that a browser has.
    answers 403 POST /api/v1/products '{"name": "fan"}' "${tls[@]}" --cert robot.pem --key robot.key \
        -H 'Origin: https://evil.example'
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' "${tls[@]}" -D head
    grep -qi '^set-cookie: slipway_session=[0-9a-f]\{64\}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure' head
    depot_token=$(cat admin.token)
    answers 204 POST /api/v1/people/robot/disable '' "${tls[@]}"
    depot_token=
    answers 401 GET /api/v1/session '' "${tls[@]}" --cert robot.pem --key robot.key
}

@test "what a proxy says is believed on the local socket alone" {
    depot_setup "socket = $PWD/depot.sock"
    depot_start
    answers 201 POST /api/v1/people '{"name": "robot", "kind": "machine", "roles": []}'
    depot_token=
    answers 401 GET /api/v1/session '' -H 'X-Slipway-Client-Name: robot'
    answers 200 GET /api/v1/session '' -H 'X-Slipway-Client-Name: robot' --unix-socket depot.sock
    answers 401 GET /api/v1/session '' -H 'X-Slipway-Client-Name: admin' --unix-socket depot.sock
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' \
        -H 'X-Forwarded-Proto: https' --unix-socket depot.sock -c jar -D head
    grep -qi '^set-cookie: .*; Secure' head
    cookie=$(sed -n 's/^set-cookie: \([^;]*\);.*/\1/Ip' head)
    answers 200 GET /api/v1/session '' -H 'X-Forwarded-Proto: https' --unix-socket depot.sock -H "Cookie: $cookie"
    answers 401 GET /api/v1/session '' --unix-socket depot.sock -H "Cookie: $cookie"
    answers 401 GET /api/v1/session '' -H 'X-Forwarded-Proto: https' -H "Cookie: $cookie"
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' \
        -H 'X-Forwarded-Proto: https' -D head
    run ! grep -qi '; Secure' head
}

@test "passwords, tokens, sessions and codes are in no file and no log" {
    depot_setup
    depot_start
    answers 201 POST /api/v1/people '{"name": "ada", "roles": []}'
    invitation=$(jq -r .invitation <<<"$output")
    answers 200 POST /api/v1/invitation "{\"secret\": \"$invitation\", \"password\": \"the password of ada\"}"
    depot_token=
    answers 200 POST /api/v1/session '{"name": "ada", "password": "the password of ada"}' -D head
    csrf=$(jq -r .csrf <<<"$output")
    cookie=$(sed -n 's/^set-cookie: slipway_session=\([^;]*\);.*/\1/Ip' head)
    answers 401 POST /api/v1/session '{"name": "ada", "password": "a secret typo"}'
    answers 200 POST /api/v1/account/totp '{"password": "the password of ada"}' \
        -H "Cookie: slipway_session=$cookie" -H "X-Slipway-CSRF: $csrf"
    totp=$(jq -r .secret <<<"$output")
    [ ${#cookie} = 64 ] && [ ${#csrf} = 64 ] && [ ${#totp} = 32 ]
    depot_stop
    for secret in "$invitation" "the password of ada" "a secret typo" "$cookie" "$csrf" "$totp" \
        "$(printf %s "$totp" | base32 -d | od -An -tx1 | tr -d ' \n')" "$(cut -d_ -f3 admin.token)"; do
        run ! grep -rqF -- "$secret" depot.db* depot.log depot.out blobs
    done
    run ! grep -q 127.0.0.1 depot.log
}

# totp KEY STEPS: the code of a key in hexadecimal digits, so many steps from now. RFC 6238 by openssl, which shares no
# code with what checks it.
totp() {
    local counter mac
    counter=$(printf '%016x' $(($(date +%s) / 30 + $2)) | sed 's/../\\x&/g')
    mac=$(printf '%b' "$counter" | openssl dgst -sha1 -mac HMAC -macopt "hexkey:$1" | sed 's/.* //')
    printf '%06d' $(((0x${mac:$((0x${mac:39:1} * 2)):8} & 0x7fffffff) % 1000000))
}

@test "a second factor that everybody must have comes first" {
    depot_setup 'totp-required = yes'
    depot_start
    depot_token=
    answers 200 POST /api/v1/session '{"name": "admin", "password": "the first password"}' -D head
    csrf=$(jq -r .csrf <<<"$output")
    [ "$(jq -c '[.totp, .totp_required]' <<<"$output")" = '[false,true]' ]
    cookie=$(sed -n 's/^set-cookie: \([^;]*\);.*/\1/Ip' head)
    local session=(-H "Cookie: $cookie" -H "X-Slipway-CSRF: $csrf")
    answers 403 GET /api/v1/people '' "${session[@]}"
    answers 403 POST /api/v1/tokens '{"title": "t", "roles": [{"product": "*", "role": "viewer"}]}' "${session[@]}"
    answers 200 POST /api/v1/account/totp '{"password": "the first password"}' "${session[@]}"
    key=$(jq -r .secret <<<"$output" | base32 -d | od -An -tx1 | tr -d ' \n')
    code=$(totp "$key" 0)
    answers 204 POST /api/v1/account/totp/confirm "{\"code\": \"$code\"}" "${session[@]}"
    answers 200 GET /api/v1/people '' "${session[@]}"
    answers 401 POST /api/v1/session '{"name": "admin", "password": "the first password"}'
    answers 401 POST /api/v1/session "{\"name\": \"admin\", \"password\": \"the first password\", \"code\": \"$code\"}"
    # A token by command takes one, too, each code once.
    echo 'the first password' >password
    chmod 600 password
    local token=(people create-token admin --depot "$depot_url" --title desk --role '*:viewer' --password-file password)
    exits 7 "${token[@]}" -o desk.token
    exits 7 "${token[@]}" -o desk.token --code "$code"
    [ ! -e desk.token ]
    code=$(totp "$key" 1)
    ok "${token[@]}" -o desk.token --code "$code"
    exits 7 "${token[@]}" -o other.token --code "$code"
    ok people whoami --depot "$depot_url" --token-file desk.token
    [[ $output == *admin* ]]
}

@test "a trail that was written anew is noticed by whoever saw it" {
    depot_setup
    depot_start
    local depot=(--depot "$depot_url" --token-file admin.token)
    ok audit depot "${depot[@]}" --state seen
    prints "2 entries are as they were written; the last is 2 "
    for name in lamp fan rack; do
        answers 201 POST /api/v1/products "{\"name\": \"$name\", \"title\": \"ü\\u0001 \\\"\"}"
    done
    cp seen seen-early
    ok audit depot "${depot[@]}" --state seen --json
    [ "$(jq -c '[.verdict, .entries, .number]' <<<"$output")" = '["accept",3,5]' ]
    answers 200 GET /api/v1/audit/proof
    [ "$(cat seen)" = "$(jq -r '"\(.number) \(.hash)"' <<<"$output")" ]
    depot_stop
    cp depot.db good.db
    for change in "UPDATE audit SET who = 'eve' WHERE number = 4" "UPDATE audit SET detail = '{}' WHERE number = 3" \
        "UPDATE audit SET hash = zeroblob(32) WHERE number = 5" "DELETE FROM audit WHERE number = 4" \
        "UPDATE audit SET time_us = time_us + 1 WHERE number = 1"; do
        cp good.db depot.db
        sqlite3 depot.db "$change"
        depot_start
        refused log-damaged audit depot --depot "$depot_url" --token-file admin.token
        depot_stop
    done
    # Nothing is wrong with a trail that was cut and went on otherwise, but that it isn't the one that was there.
    cp good.db depot.db
    sqlite3 depot.db "DELETE FROM audit WHERE number > 3; UPDATE counters SET value = 3 WHERE name = 'audit'"
    depot_start
    depot=(--depot "$depot_url" --token-file admin.token)
    ok audit depot "${depot[@]}"
    ok audit depot "${depot[@]}" --state seen-early
    refused log-damaged audit depot "${depot[@]}" --state seen
    says "entry 5 was there, and is gone"
    for name in a b c; do
        answers 201 POST /api/v1/products "{\"name\": \"$name\"}"
    done
    ok audit depot "${depot[@]}"
    refused log-damaged audit depot "${depot[@]}" --state seen
    echo nonsense >seen
    exits 1 audit depot "${depot[@]}" --state seen
    answers 201 POST /api/v1/people '{"name": "ada", "password": "the password of ada", "roles": []}'
    exits 7 audit depot --depot "$depot_url" --token-file <(echo slw_1_0)
}
