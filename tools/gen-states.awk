# SPDX-License-Identifier: Apache-2.0
# The body of tools/gen-states: reads the columns' names from the comment in the table, and a row a state.

BEGIN {
    # Where an action leads, and how a person reads it. REFUSE and NOTHING lead nowhere.
    leads["BEGIN"] = "TRANSFERRING"; reads["BEGIN"] = "begins"
    leads["VERIFY"] = "VERIFYING"; reads["VERIFY"] = "verifies"
    leads["APPLY"] = "APPLYING"; reads["APPLY"] = "applies"
    leads["APPLY_LATER"] = "VERIFYING"; reads["APPLY_LATER"] = "verifies, then applies"
    leads["ABORT"] = "FINISHED"; reads["ABORT"] = "ends it"
    leads["RESET"] = "INACTIVE"; reads["RESET"] = "starts over"
    leads["NOTHING"] = ""; reads["NOTHING"] = "nothing"
    leads["REFUSE"] = ""; reads["REFUSE"] = ""
}

/actions\[STATES_COUNT\]\[SLW_CALLS_COUNT\] = \{/ { inside = 1; next }
inside && /^ *\/\*/ {
    gsub(/\/\*|\*\//, "")
    calls_count = split($0, calls, " ")
    next
}
inside && /\[SLW_UPDATE_STATE_/ {
    match($0, /STATE_[A-Z]+\]/)
    state = substr($0, RSTART + 6, RLENGTH - 7)
    sub(/^[^{]*\{/, "")
    sub(/\}.*$/, "")
    if (split($0, cells, " *, *") != calls_count) bad = "a row of another length than the others"
    states[++states_count] = state
    for (i = 1; i <= calls_count; i++) {
        if (!(cells[i] in reads)) bad = "an action that this doesn't know: " cells[i]
        does[state, i] = cells[i]
    }
    next
}
inside { inside = 0 }

# "SET_TRANSFERRED" as the service has it: SetTransferred.
function method(name,    parts, count, i, text) {
    count = split(name, parts, "_")
    for (i = 1; i <= count; i++)
        text = text substr(parts[i], 1, 1) tolower(substr(parts[i], 2))
    return text
}

END {
    if (states_count == 0 || calls_count == 0) bad = "no table in " FILENAME
    if (bad != "") {
        print "gen-states: " bad > "/dev/stderr"
        exit 1
    }
    print "```mermaid"
    print "stateDiagram-v2"
    print "    [*] --> INACTIVE"
    for (s = 1; s <= states_count; s++)
        for (i = 1; i <= calls_count; i++) {
            to = leads[does[states[s], i]]
            if (to != "" && to != states[s])
                print "    " states[s] " --> " to ": " method(calls[i])
        }
    print "```"
    print ""
    row = "| state |"
    line = "|---|"
    for (i = 1; i <= calls_count; i++) {
        row = row " " method(calls[i]) " |"
        line = line "---|"
    }
    print row
    print line
    for (s = 1; s <= states_count; s++) {
        row = "| " states[s] " |"
        for (i = 1; i <= calls_count; i++) {
            text = reads[does[states[s], i]]
            row = row " " (text == "" ? "" : text " ") "|"
        }
        print row
    }
}
