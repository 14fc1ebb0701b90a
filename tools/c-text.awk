# SPDX-License-Identifier: Apache-2.0
# What the checks of C source share: reading a line without its comments and literals.
# Used as `awk -f tools/c-text.awk -f …`; call c_text_begin() at the first line of each file.
function c_text_begin() { in_comment = 0 }

# c_text(line): the line's code, with string and character literals emptied and comments left out.
function c_text(line,    code, at, two, quote, char) {
    code = ""
    for (at = 1; at <= length(line); at++) {
        char = substr(line, at, 1)
        two = substr(line, at, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; at++ }
        } else if (two == "/*") {
            in_comment = 1
            at++
        } else if (two == "//") {
            break
        } else if (char == "\"" || char == "'") {
            quote = char
            code = code quote
            for (at++; at <= length(line) && substr(line, at, 1) != quote; at++)
                if (substr(line, at, 1) == "\\") at++
            code = code quote
        } else {
            code = code char
        }
    }
    return code
}

# complain(text): one line on stdout, in the form that editors jump to; the check then fails.
function complain(text) {
    print FILENAME ":" FNR ": " text
    complaints++
}
