# SPDX-License-Identifier: Apache-2.0
# Prints the files of depot/migrations, in the order given, as the C table depot_migrations that
# depot/depot.h declares; depot/migrations/meson.build makes a C file of it.

BEGIN {
    print "#include \"depot.h\"\n"
    # The standard promises texts of 4,095 bytes; the compilers that we use, any.
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    print "const struct slw_migration depot_migrations[] = {"
}

FNR == 1 {
    if (count++ > 0) {
        print "     },"
    }
    name = FILENAME
    sub(/^.*\//, "", name)
    sub(/\.[^.]*$/, "", name)
    print "    {\"" name "\","
}

{
    gsub(/[\\"]/, "\\\\&")
    print "     \"" $0 "\\n\""
}

END {
    print "     },\n};"
    print "const size_t depot_migrations_count = sizeof depot_migrations / sizeof depot_migrations[0];"
}
