# SPDX-License-Identifier: Apache-2.0
# Prints files as C arrays of their lines, NULL last: packaging/policies/test.json becomes
# cli_example_test, which cli/sign_policy.h declares. cli/meson.build makes a C file of it.

BEGIN {
    print "#include \"sign_policy.h\"\n\n#include <stddef.h>\n"
}

FNR == 1 {
    if (NR > 1) {
        print "    NULL,\n};"
    }
    name = FILENAME
    sub(/^.*\//, "", name)
    sub(/\.[^.]*$/, "", name)
    print "const char *const cli_example_" name "[] = {"
}

{
    gsub(/[\\"]/, "\\\\&")
    print "    \"" $0 "\\n\","
}

END {
    print "    NULL,\n};"
}
