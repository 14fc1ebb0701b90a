# SPDX-License-Identifier: Apache-2.0
# The body of tools/check-banned; variable banned is the table's path.
function read_table(    row, name, fields) {
    while ((getline row < banned) > 0) {
        if (row ~ /^(#|$)/) continue
        split(row, fields, " +")
        name = fields[1]
        where[name] = fields[2]
        sub(/^[^ ]+ +[^ ]+ +/, "", row)
        instead[name] = row
    }
}

# Libraries are the folders below the programs; their tests are programs.
function is_library(path) {
    return path ~ /^(base|wire|crypto|device|ports|host)\// && path !~ /_test\.[ch]$|\/test_[^\/]*\.[ch]$/
}

FNR == 1 { if (!table_read++) read_table(); c_text_begin(); library = is_library(FILENAME) }
{
    code = c_text($0)
    while (match(code, /[A-Za-z_][A-Za-z0-9_]* *\(/)) {
        before = substr(code, 1, RSTART - 1)
        name = substr(code, RSTART, RLENGTH)
        code = substr(code, RSTART + RLENGTH)
        sub(/ *\($/, "", name)
        # A member or a function pointer of that name is another thing.
        if (name in where && before !~ /(\.|->) *$/ && (where[name] == "code" || library))
            complain(name "() is not used here: " instead[name])
    }
}
END { exit complaints > 0 }
