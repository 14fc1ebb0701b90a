# SPDX-License-Identifier: Apache-2.0
# The body of tools/gen-reasons: reads the classes and the X(...) rows of SLW_STATUS_LIST.

# The next field of row: an identifier, a number, or string literals that stand side by side.
function field(    text, start) {
    sub(/^[ ,]+/, "", row)
    if (row !~ /^"/) {
        match(row, /^[A-Za-z0-9_]+/)
        text = substr(row, 1, RLENGTH)
        row = substr(row, RLENGTH + 1)
        return text
    }
    while (match(row, /^ *"[^"]*"/)) {
        start = index(row, "\"")
        text = text substr(row, start + 1, RLENGTH - start - 1)
        row = substr(row, RLENGTH + 1)
    }
    return text
}

function take_row(    class, number) {
    field()
    class = field()
    number = field()
    rows[class] = rows[class] sprintf("| `%s` | %d | ", field(), class_number[class] * 256 + number)
    rows[class] = rows[class] field() " |\n"
    count++
}

/^ *SLW_CLASS_[A-Z]+ = [0-9]+,/ {
    class = $1
    sub(/^SLW_CLASS_/, "", class)
    class_number[class] = $3 + 0
    about[class] = $0
    if (sub(/^.*\/\* */, "", about[class])) sub(/ *\*\/.*$/, "", about[class])
    else about[class] = ""
    if (class != "OK") classes[++classes_count] = class
}
/^#define SLW_STATUS_LIST/ { inside = 1; next }
inside {
    line = $0
    inside = sub(/\\$/, "", line)
    list = list line
}
END {
    while (match(list, /X\([^"]*("[^"]*"[ ,]*)+\)/)) {
        row = substr(list, RSTART + 2, RLENGTH - 3)
        list = substr(list, RSTART + RLENGTH)
        take_row()
    }
    if (count == 0 || classes_count == 0) {
        print "gen-reasons: no statuses in " FILENAME > "/dev/stderr"
        exit 1
    }
    print "<!-- SPDX-License-Identifier: Apache-2.0 -->"
    print "# Reasons"
    print ""
    print "<!-- Made by tools/gen-reasons from base/include/slipway/status.h; edit that. -->"
    print "Every status that the libraries return, with the word that stands in messages, in `--json` and in what a device"
    print "reports. The words are a closed list: they never change their meaning, and numbers are never used again. When"
    print "each is given, and in which order, is in [SPEC.md, section 3](../spec/SPEC.md#3-verification)."
    print ""
    print "The number is the class times 256 plus the number within it; it is what a device stores. What is marked"
    print "internal never leaves the libraries; IO and MISUSE aren't verdicts on a bundle."
    for (i = 1; i <= classes_count; i++) {
        printf "\n## %s\n\n%s%s.\n\n", classes[i], toupper(substr(about[classes[i]], 1, 1)), substr(about[classes[i]], 2)
        printf "| word | number | meaning |\n|---|---|---|\n%s", rows[classes[i]]
    }
}
