# SPDX-License-Identifier: Apache-2.0
# The body of tools/check-layers. Variables: table, the path of layers.txt; headers, the project's
# headers, one a line.
#
# allowed[folder, who] is a list of words as in the table, sets replaced by what they hold.
# owner["slipway/x.h"] is the folder whose public header that is; exists[path] is every header.

function top(path) { sub(/\/.*/, "", path); return path }

# A pattern of the table as a regular expression for the whole name.
function as_regex(pattern) {
    gsub(/\./, "\\.", pattern)
    gsub(/\*/, "[^/]*", pattern)
    return "^" pattern "$"
}

function read_table(    row, fields, count, i, words, set) {
    while ((getline row < table) > 0) {
        if (row ~ /^(#|$)/) continue
        count = split(row, fields, " +")
        words = ""
        for (i = 3; i <= count; i++)
            words = words " " (fields[i] in set ? set[fields[i]] : fields[i])
        if (fields[1] == "set") {
            for (i = 3; i <= count; i++) set[fields[2]] = set[fields[2]] " " fields[i]
        } else {
            allowed[fields[1], fields[2]] = words
        }
    }
}

function read_headers(    list, count, i, name) {
    count = split(headers, list, "\n")
    for (i = 1; i <= count; i++) {
        exists[list[i]]
        if (list[i] !~ /\/include\/slipway\//) continue
        name = list[i]
        sub(/^.*\/include\//, "", name)
        if (name in owner)
            complain(list[i] " and one in " owner[name] "/ are both <" name ">")
        owner[name] = top(list[i])
    }
}

# What the words allow: system headers as <x.h>, public headers as folder/x.h, generated ones as "x.h".
function is_allowed(words, name,    list, count, i, regex) {
    count = split(words, list, " +")
    for (i = 1; i <= count; i++) {
        regex = as_regex(list[i])
        if (name ~ regex || (list[i] !~ /[<"\/]/ && top(name) == list[i] && name !~ /^[<"]/))
            return 1
    }
    return 0
}

function words_for(folder, is_test) {
    return allowed[folder, "code"] (is_test ? " " allowed[folder, "tests"] : "")
}

# The path of a private header as written in a file: beside it, or below its top folder.
function private_path(name,    path) {
    path = FILENAME
    sub(/[^\/]*$/, "", path)
    path = path name
    while (sub(/[^\/]+\/\.\.\//, "", path)) { }
    return path in exists ? path : (folder "/" name)
}

function check(name, quoted,    words, path) {
    words = words_for(folder, is_test)
    if (quoted && name in owner) {
        path = name
        sub(/^slipway/, owner[name], path)
        if (owner[name] != folder && !is_allowed(words, path))
            complain(folder "/ may not include \"" name "\", which belongs to " owner[name] "/")
    } else if (!quoted) {
        if (!is_allowed(words, "<" name ">"))
            complain(folder "/ may not include <" name ">")
    } else if (("tests/" name) in exists && (is_test || folder == "tests" || folder == "fuzz")) {
        return
    } else if (!is_allowed(words, "\"" name "\"")) {
        path = private_path(name)
        if (top(path) != folder)
            complain("\"" name "\" is private to " top(path) "/")
        else if (!(path in exists))
            complain("there is no header \"" name "\" in " folder "/")
    }
}

BEGIN { complaints = 0 }
FNR == 1 {
    if (!begun++) { read_table(); read_headers() }
    c_text_begin()
    folder = top(FILENAME)
    is_test = FILENAME ~ /_test\.[ch]$|\/test_[^\/]*\.[ch]$/
    if (!((folder, "code") in allowed))
        complain(folder "/ has no line in tools/layers.txt")
}
{
    line = $0
    code = c_text(line)
    if (code !~ /^ *# *include/) next
    if (match(line, /<[^>]*>/))
        check(substr(line, RSTART + 1, RLENGTH - 2), 0)
    else if (match(line, /"[^"]*"/))
        check(substr(line, RSTART + 1, RLENGTH - 2), 1)
    else
        complain("an include that names no header")
}
END { exit complaints > 0 }
