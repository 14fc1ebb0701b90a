# SPDX-License-Identifier: Apache-2.0
# The body of tools/check-links: prints the headings and the links of Markdown documents.

# The anchor that a heading gets: lower case, punctuation dropped, spaces as hyphens.
function slug(text) {
    gsub(/[`*]|\]\([^)]*\)|\[/, "", text)
    text = tolower(text)
    gsub(/[^a-z0-9 _-]/, "", text)
    gsub(/ /, "-", text)
    return text
}

function print_link(target) {
    sub(/^</, "", target)
    sub(/[> ].*$/, "", target)
    if (target !~ /^[a-z]+:/ && target != "")
        print "link", FILENAME, FNR, target
}

FNR == 1 { fenced = 0 }
/^ *(```|~~~)/ { fenced = !fenced; next }
fenced { next }
/^#+ / {
    heading = $0
    sub(/^#+ +/, "", heading)
    sub(/ +#* *$/, "", heading)
    heading = slug(heading)
    times = seen[FILENAME, heading]++
    print "anchor " FILENAME "#" heading (times ? "-" times : "")
}
/<a (id|name)="/ {
    name = $0
    sub(/^.*<a (id|name)="/, "", name)
    sub(/".*$/, "", name)
    print "anchor " FILENAME "#" name
}
/^\[[^]]+\]: / { target = $0; sub(/^\[[^]]+\]: */, "", target); print_link(target) }
{
    text = $0
    gsub(/`[^`]*`/, "", text)
    while (match(text, /\]\([^)]*\)/)) {
        print_link(substr(text, RSTART + 2, RLENGTH - 3))
        text = substr(text, RSTART + RLENGTH)
    }
}
