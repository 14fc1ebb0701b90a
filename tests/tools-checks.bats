#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each check of the source fails on a planted breach, names its place, and passes what is allowed.

setup() {
    tools=$BATS_TEST_DIRNAME/../tools
    root=$BATS_TEST_TMPDIR
}

# plant FILE: write standard input to FILE below a small project of its own.
plant() {
    mkdir -p "$root/$(dirname "$1")"
    cat >"$root/$1"
}

# refuses TEXT CHECK…: the check must fail and say TEXT.
refuses() {
    local text=$1
    shift
    run "$tools/$1" "${@:2}"
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"$text"* ]]
}

accepts() {
    run "$tools/$1" "${@:2}"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "layers: accepts what the table allows" {
    plant base/include/slipway/status.h </dev/null
    plant wire/private.h </dev/null
    plant tests/tap.h </dev/null
    plant wire/a.c <<<'#include "slipway/status.h"
#include "private.h"
#include <stdint.h>'
    plant wire/a_test.c <<<'#include "slipway/status.h"
#include "tap.h"
#include <stdio.h>'
    accepts check-layers "$root"
}

@test "layers: refuses a public header of a folder above" {
    plant host/include/slipway/files.h </dev/null
    plant base/a.c <<<'#include "slipway/files.h"'
    refuses 'base/a.c:1: base/ may not include "slipway/files.h", which belongs to host/' check-layers "$root"
}

@test "layers: refuses a private header of another folder" {
    plant base/private.h </dev/null
    plant wire/a.c <<<'#include "../base/private.h"'
    refuses 'wire/a.c:1: "../base/private.h" is private to base/' check-layers "$root"
}

@test "layers: refuses a private header of another folder that is found through -I" {
    plant base/private.h </dev/null
    plant wire/a.c <<<'#include "private.h"'
    refuses 'there is no header "private.h" in wire/' check-layers "$root"
}

@test "layers: refuses stdio in device code but not in its tests" {
    plant device/a.c <<<'  #  include <stdio.h>'
    refuses 'device/a.c:1: device/ may not include <stdio.h>' check-layers "$root"
    rm "$root/device/a.c"
    plant device/a_test.c <<<'#include <stdio.h>'
    accepts check-layers "$root"
}

@test "layers: refuses all of crypto but crypto.h in device code" {
    plant crypto/include/slipway/crypto.h </dev/null
    plant crypto/include/slipway/keys.h </dev/null
    plant device/a.c <<<'#include "slipway/crypto.h"'
    accepts check-layers "$root"
    plant device/b.c <<<'#include "slipway/keys.h"'
    refuses 'device/b.c:1' check-layers "$root"
}

@test "layers: refuses a library that the folder isn't listed with" {
    plant ports/a.c <<<'#include <jansson.h>'
    refuses 'ports/ may not include <jansson.h>' check-layers "$root"
}

@test "layers: refuses a folder that the table doesn't know" {
    plant attic/a.c </dev/null
    echo 'int a;' >"$root/attic/a.c"
    refuses 'attic/ has no line in tools/layers.txt' check-layers "$root"
}

@test "layers: refuses one public header name in two folders" {
    plant base/include/slipway/a.h <<<'/* one */'
    plant wire/include/slipway/a.h <<<'/* two */'
    refuses 'are both <slipway/a.h>' check-layers "$root"
}

@test "layers: passes over includes in comments" {
    plant base/a.c <<<'/*
#include <stdio.h>
*/'
    accepts check-layers "$root"
}

@test "banned: refuses a banned call and names what to use instead" {
    plant cli/a.c <<<'int main(void) { return system ("true"); }'
    refuses 'cli/a.c:1: system() is not used here: posix_spawn' check-banned "$root"
}

@test "banned: refuses printing in a library but not in its tests or in programs" {
    plant host/a.c <<<'void a(void) { printf("a"); }'
    refuses 'host/a.c:1: printf()' check-banned "$root"
    rm "$root/host/a.c"
    plant host/a_test.c <<<'void a(void) { printf("a"); }'
    plant cli/a.c <<<'void a(void) { printf("a"); }'
    accepts check-banned "$root"
}

@test "banned: passes over comments, strings, members and longer names" {
    plant cli/a.c <<<'/* strcpy(a, b) */ // gets(a)
void a(void) { b("system(1)"); c->system(1); d.random(); slw_system(1); }'
    accepts check-banned "$root"
}

@test "style: refuses a file over 600 lines, also when it isn't the last" {
    for _ in $(seq 601); do echo '/* line */'; done | plant base/a.c
    plant base/b.c <<<'int b;'
    refuses 'base/a.c: 601 lines, more than 600' check-style "$root"
    sed -i 1d "$root/base/a.c"
    accepts check-style "$root"
}

@test "style: refuses a long file of JavaScript" {
    yes '// a' | head -601 | plant tests/a.mjs
    refuses 'tests/a.mjs: 601 lines, more than 600' check-style "$root"
    sed -i 1d "$root/tests/a.mjs"
    accepts check-style "$root"
}

@test "style: refuses a function over 70 lines" {
    { printf 'int a(void)\n{\n'; for _ in $(seq 68); do echo '    b();'; done; echo '}'; } | plant base/a.c
    refuses 'base/a.c:71: function of 71 lines' check-style "$root"
    sed -i 3d "$root/base/a.c"
    accepts check-style "$root"
}

@test "style: refuses a body without braces" {
    plant base/a.c <<<'int a(int b)
{
    if (b &&
        c(b))
        return 1;
    return 0;
}'
    refuses 'base/a.c:4: no braces around what depends on line 3' check-style "$root"
}

@test "style: accepts braces after conditions of several lines, else and do" {
    plant base/a.c <<<'int a(int b)
{
    if (b &&
        c(b)) {
        return 1;
    } else if (d(b)) {
        return 2;
    } else {
        do {
            b = c(")");
        } while (b);
    }
    return 0;
}'
    accepts check-style "$root"
}

@test "style: refuses words that admit something unfinished" {
    word=TO; word+=DO
    plant base/a.c <<<"/* $word: the rest */"
    refuses 'base/a.c:1:' check-style "$root"
    rm "$root/base/a.c"
    plant tests/a.mjs <<<"// $word: the rest"
    refuses 'tests/a.mjs:1:' check-style "$root"
    rm "$root/tests/a.mjs"
    plant tools/a <<<"# $word"
    refuses 'tools/a:1:' check-style "$root"
}

@test "format: refuses a file that clang-format would change" {
    plant base/a.c <<<'int  a;'
    refuses 'base/a.c:1:' check-format "$root"
    plant base/a.c <<<'int a;'
    accepts check-format "$root"
}

@test "spdx: refuses a file without a licence line" {
    plant base/a.c <<<'int a;'
    refuses 'base/a.c:1: no SPDX' check-spdx "$root"
    plant base/a.c <<<'/* SPDX-License-Identifier: Apache-2.0 */'
    plant fuzz/corpus/a/seed <<<'bytes'
    accepts check-spdx "$root"
}

@test "mutations: refuses one that no longer applies, and one that nobody must notice" {
    plant base/a.c <<<'int a;'
    plant base/mutations/b.patch <<'END'
Cases: keeps_a
--- a/base/a.c
+++ b/base/a.c
@@ -1 +1 @@
-int a;
+int b;
END
    accepts check-mutations "$root"
    sed -i '/^Cases/d' "$root/base/mutations/b.patch"
    refuses 'base/mutations/b.patch: names no case' check-mutations "$root"
    plant base/a.c <<<'long a;'
    refuses "base/mutations/b.patch: doesn't apply" check-mutations "$root"
}

@test "links: refuses a link to a file that isn't there" {
    plant docs/a.md <<<'See [the code](../base/a.c).'
    refuses 'docs/a.md:1: ../base/a.c: there is no base/a.c' check-links "$root"
    plant base/a.c </dev/null
    accepts check-links "$root"
}

@test "links: refuses a link to a heading that isn't there" {
    plant a.md <<<'# Keys & roots: `how`
[here](#keys--roots-how) [there](b.md#second)'
    plant b.md <<<'# First'
    refuses 'a.md:2: b.md#second: no such heading' check-links "$root"
    plant b.md <<<'## Second'
    accepts check-links "$root"
}

@test "links: passes over code and other sites" {
    plant a.md <<<'`[a](nowhere)` [b](https://example.org/#c)
```
[d](nowhere)
```'
    accepts check-links "$root"
}

@test "generated: refuses a list of reasons that the source no longer has" {
    mkdir -p "$root/base/include/slipway" "$root/docs"
    cp "$BATS_TEST_DIRNAME/../base/include/slipway/status.h" "$root/base/include/slipway/"
    "$tools/gen-reasons" "$root" >"$root/docs/REASONS.md"
    grep -q '^| `wrong-hash` | 777 | ' "$root/docs/REASONS.md"
    accepts check-generated "$root"
    sed -i 's/"wrong-hash"/"bad-hash"/' "$root/base/include/slipway/status.h"
    refuses '+| `bad-hash` | 777 | ' check-generated "$root"
}

@test "generated: refuses a table of states that the source no longer has" {
    mkdir -p "$root/device" "$root/docs"
    cp "$BATS_TEST_DIRNAME/../device/session.c" "$root/device/"
    {
        echo '<!-- made by tools/gen-states -->'
        "$tools/gen-states" "$root"
        echo '<!-- end -->'
    } >"$root/docs/a.md"
    grep -q 'INACTIVE --> TRANSFERRING: Start' "$root/docs/a.md"
    accepts check-generated "$root"
    sed -i '/SLW_UPDATE_STATE_INACTIVE\] *=/s/BEGIN/REFUSE/' "$root/device/session.c"
    refuses '-    INACTIVE --> TRANSFERRING: Start' check-generated "$root"
}

@test "generated: refuses a source that the generator can't read" {
    plant docs/REASONS.md <<<'# Reasons'
    plant base/include/slipway/status.h <<<'enum slw_status { SLW_OK };'
    refuses 'gen-reasons: no statuses' check-generated "$root"
}

# build_library FLAGS…: compiles base/a.c of the planted project as Meson would name it.
build_library() {
    plant base/meson.build </dev/null
    mkdir -p "$root/build/base/libbase.a.p"
    gcc -c -O1 "$@" -o "$root/build/base/libbase.a.p/a.c.o" "$root/base/a.c"
}

@test "symbols: accepts memcpy, crypto.h and constants" {
    plant crypto/include/slipway/crypto.h <<<'int slw_sha256(void);'
    plant base/a.c <<<'#include <string.h>
int slw_sha256(void);
const char *const names[] = {"a", "b"};
int a(char *b, const char *c, unsigned d) { memcpy(b, c, d); return slw_sha256(); }'
    build_library -fPIE
    accepts check-symbols "$root/build" "$root"
}

@test "symbols: refuses malloc and names the object" {
    plant base/a.c <<<'#include <stdlib.h>
void *a(unsigned b) { return malloc(b); }'
    build_library
    refuses 'the device library needs malloc: base/libbase.a.p/a.c.o' check-symbols "$root/build" "$root"
}

@test "symbols: refuses a crypto function that crypto.h doesn't declare" {
    plant crypto/include/slipway/crypto.h <<<'int slw_sha256(void);'
    plant base/a.c <<<'int slw_sign(void);
int a(void) { return slw_sign(); }'
    build_library
    refuses 'the device library needs slw_sign' check-symbols "$root/build" "$root"
}

@test "symbols: refuses state, zeroed or not" {
    plant base/a.c <<<'int a(void) { static int calls; return calls++; }'
    build_library
    refuses 'static state (.bss' check-symbols "$root/build" "$root"
    plant base/a.c <<<'int a(void) { static int calls = 7; return calls++; }'
    build_library -fdata-sections
    refuses 'static state (.data.calls' check-symbols "$root/build" "$root"
}

@test "symbols: refuses a name that two libraries define" {
    plant base/a.c <<<'int slw_open(void); int slw_open(void) { return 1; }'
    build_library
    mkdir -p "$root/build/host/libhost.a.p"
    cp "$root/build/base/libbase.a.p/a.c.o" "$root/build/host/libhost.a.p/b.c.o"
    refuses 'slw_open is defined by' check-symbols "$root/build" "$root"
}

@test "symbols: refuses a folder whose library wasn't built" {
    plant base/meson.build </dev/null
    mkdir -p "$root/build"
    refuses 'no object of a static library' check-symbols "$root/build" "$root"
}

# plant_device CODE SIZE: a device library whose `device` may take CODE bytes, and a structure that is to have SIZE.
plant_device() {
    local library
    for library in base wire device; do
        mkdir -p "$root/$library/include/slipway"
        plant "$library/a.c" <<<"#include <string.h>
int $library(const char *a, const char *b) { return memcmp(a, b, 7); }"
    done
    plant device/include/slipway/a.h <<<'struct slw_a { void *one; int two; };'
    plant docs/DEVICE.md <<END
| \`struct slw_a\`, while it is open | $2 |
| \`base\` | 8,600 |
| \`wire\` | 100 |
| \`device\` | $1 |
END
}

@test "size: accepts a device library within its limits" {
    plant_device 100 8
    accepts check-size "$root"
}

@test "size: refuses more code, another size of a structure, what doesn't compile, and a library without a limit" {
    plant_device 1 8
    refuses 'device: more code than docs/DEVICE.md allows' check-size "$root"
    plant_device 100 1,008
    refuses 'struct slw_a: 8 bytes, and docs/DEVICE.md says 1008' check-size "$root"
    plant_device 100 8
    plant device/b.c <<<'#include <stdlib.h>'
    refuses "'stdlib.h' file not found" check-size "$root"
    plant_device 100 8
    rm "$root/device/b.c"
    sed -i /wire/d "$root/docs/DEVICE.md"
    refuses 'no limit for the code of base, wire or device' check-size "$root"
}

# A program that knows `slipway key generate PATH [--type T]` and `slipway verify-bundle`.
plant_slipway() {
    plant build/bin/slipway <<'END'
#!/bin/sh
case "$*" in
--help) echo "slipway key    keys"; echo "slipway verify-bundle" ;;
"key --help") echo "slipway key generate PATH" ;;
"key generate --help") echo "slipway key generate PATH [--type T]" ;;
"verify-bundle --help") echo "slipway verify-bundle" ;;
*) exit 2 ;;
esac
END
    chmod +x "$root/build/bin/slipway"
    plant Makefile <<<'run: all'
}

# readme_says COMMANDS: a README with these commands in a block.
readme_says() {
    printf '%s\n' '# Title' '```sh' "$1" '```' | plant README.md
}

@test "readme: accepts targets, commands and options that exist" {
    plant_slipway
    readme_says 'make run
build/bin/slipway key generate \
    dev.key --type ed25519  # a key
cd x && slipway verify-bundle'
    accepts check-readme "$root"
}

@test "readme: refuses a make target that doesn't exist" {
    plant_slipway
    readme_says 'make runn'
    refuses 'make has no target runn' check-readme "$root"
}

@test "readme: refuses a command or option that the help doesn't show" {
    plant_slipway
    readme_says 'slipway key gen dev.key'
    refuses '"slipway key gen"' check-readme "$root"
    readme_says 'slipway key generate dev.key --typo p256'
    refuses 'no option --typo' check-readme "$root"
    readme_says 'slipway key generate dev.key'
    printf '%s\n' '```sh' 'slipway key print dev.key' '```' | plant docs/KEYS.md
    refuses 'docs/KEYS.md: ' check-readme "$root"
}

@test "readme: refuses a README without commands" {
    plant_slipway
    plant README.md <<<'# Title'
    refuses 'no command' check-readme "$root"
}

@test "shellcheck: refuses a script that it warns about" {
    plant tools/a <<<'#!/bin/sh
cd $1
rm -rf "$2/"*
[ $x == y ]'
    refuses 'SC' check-shellcheck "$root"
}

@test "cppcheck: refuses an array read past its end" {
    plant base/a.c <<<'int a(void)
{
    int b[2] = {1, 2};
    return b[2];
}'
    refuses 'base/a.c:4:' check-cppcheck "$root"
    plant base/a.c <<<'int a(void)
{
    int b[2] = {1, 2};
    return b[1];
}'
    accepts check-cppcheck "$root"
}

# build_program FLAGS…
build_program() {
    gcc -x c -O1 "$@" -o "$root/program" - <<<'int main(void) { return 0; }'
}

@test "hardening: accepts what is built as it should be, and refuses each thing that isn't" {
    local strict=(-fPIE -pie '-Wl,-z,relro,-z,now')
    mkdir -p "$root"
    build_program "${strict[@]}"
    accepts check-hardening "$root/program"
    build_program -no-pie -Wl,-z,relro,-z,now
    refuses 'no position-independent program' check-hardening "$root/program"
    build_program "${strict[@]}" -Wl,-z,norelro
    refuses 'no relro' check-hardening "$root/program"
    build_program -fPIE -pie -Wl,-z,relro,-z,lazy
    refuses 'binds its calls late' check-hardening "$root/program"
    build_program "${strict[@]}" -Wl,-z,execstack
    refuses 'a stack that runs' check-hardening "$root/program"
    build_program -static -nostdlib -Wl,--omagic
    refuses 'written and run' check-hardening "$root/program"
}
