# SPDX-License-Identifier: Apache-2.0
# The body of tools/check-style: sizes and braces, for C that clang-format has laid out.

function count_of(text, char) { return gsub("[" char "]", "", text) }

# From a line that opens with if, else, for, while or do until its parentheses close; that line must then
# end with an opening brace. `} while (…);` closes one instead.
function check_braces(code) {
    if (!pending && code ~ /^ *(} *)?(if|else|for|while|do)( |$)/ && code !~ /^ *} *while/) {
        pending = 1
        depth = 0
        keyword_line = FNR
    }
    if (!pending) return
    depth += count_of(code, "(") - count_of(code, ")")
    sub(/[ \\]*$/, "", code)
    if (depth > 0) return
    pending = 0
    if (code !~ /{$/)
        complain("no braces around what depends on line " keyword_line)
}

FNR == 1 {
    if (NR > 1 && lines > 600)
        print file ": " lines " lines, more than 600: look for the seam"
    if (NR > 1 && lines > 600) complaints++
    file = FILENAME
    c_text_begin()
    pending = 0
    opened = 0
}
{
    lines = FNR
    code = c_text($0)
    if (code ~ /^[A-Za-z_]/ && code !~ /;$/) head = FNR
    if (code ~ /^\{/) opened = head ? head : FNR
    if (code ~ /^\}/ && opened) {
        if (FNR - opened + 1 > 70)
            complain("function of " (FNR - opened + 1) " lines, more than 70: which step has a name?")
        opened = 0
        head = 0
    }
    check_braces(code)
}
END {
    if (lines > 600) { print file ": " lines " lines, more than 600: look for the seam"; complaints++ }
    exit complaints > 0
}
