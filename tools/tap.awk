# SPDX-License-Identifier: Apache-2.0
# Turns one program's TAP into rows of results.tsv. Called by tools/results.bash with the variables
# suite, variant and status (the program's exit status).
function row(verdict, name, remark) {
    printf "%s\t%s\t%s\t%s\t%s\n", verdict, suite, name, variant, remark
}
/^(not )?ok( |$)/ {
    verdict = /^ok/ ? "passed" : "failed"
    name = $0
    sub(/^(not )?ok *[0-9]* *(- )?/, "", name)
    remark = ""
    if (match(name, / *# *[Ss][Kk][Ii][Pp]/)) {
        remark = substr(name, RSTART + RLENGTH)
        sub(/^[^ ]* */, "", remark)
        name = substr(name, 1, RSTART - 1)
        if (verdict == "passed")
            verdict = "skipped"
    }
    cases++
    failures += verdict == "failed"
    while (name in seen)
        name = name "'"
    seen[name]
    row(verdict, name, remark)
}
/^1\.\.[0-9]+/ { planned = substr($0, 4) + 0; has_plan = 1 }
END {
    if (!has_plan)
        row("failed", "(whole program)", "no plan, exit status " status)
    else if (planned != cases || cases == 0)
        row("failed", "(whole program)", planned " cases planned, " cases + 0 " reported, exit status " status)
    else if (status != 0 && failures == 0)
        row("failed", "(whole program)", "exit status " status)
}
