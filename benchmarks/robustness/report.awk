# SPDX-License-Identifier: Apache-2.0
# Counts as a table (FORM=table) or as JSON lines (FORM=json). Reads groups, totals.tsv, false.tsv and recall.tsv, in
# this order; MS and FAST_MS are milliseconds of processor time a query.
BEGIN {
    FS = "\t"
    columns = split("pdq file frame trimmed rectangle patches probable certain", column, " ")
}

FNR == 1 { file = FILENAME; sub(/.*\//, "", file) }
file == "groups" {
    if (/^#/ || NF < 2)
        next
    group[++groups] = $1
    count = split($2, member, " ")
    for (i = 1; i <= count; i++)
        belongs[groups, member[i]] = 1
}
file == "totals.tsv" { kind[++kinds] = $1; possible[$1] = $2 }
file == "false.tsv" { probable[$1]++; certain[$1] += $2 == "certain" }
file == "recall.tsv" {
    edits++
    for (i = 1; i <= columns; i++)
        share[i] = 100 * $(i + 2) / $2
    row($1, $2)
    for (g = 1; g <= groups; g++)
        if ((g, $1) in belongs) {
            of[g]++
            for (i = 1; i <= columns; i++)
                group_sum[g, i] += share[i]
        }
    for (i = 1; i <= columns; i++)
        sum[i] += share[i]
}

function row(name, copies,    line) {
    if (!headed++ && FORM == "table") {
        print "| edit | pictures | PDQ, turned | file | frame | trimmed | rectangle | patches | probable or better | certain |"
        print "|---|---|---|---|---|---|---|---|---|---|"
    }
    line = FORM == "table" ? "| " name " | " copies : "{\"edit\":\"" name "\",\"pictures\":" copies
    for (i = 1; i <= columns; i++)
        line = line sprintf(FORM == "table" ? " | %.1f" : ",\"" column[i] "\":%.2f", share[i])
    print line (FORM == "table" ? " |" : "}")
}

function mean_row(name, count) {
    if (FORM == "table")
        row("**" name "**", count " edits")
    else
        row(name, count)
}

function false_row(name) {
    if (FORM == "json")
        printf "{\"false\":\"%s\",\"pairs\":%d,\"probable\":%d,\"certain\":%d}\n", name, possible[name], probable[name],
               certain[name]
    else
        printf "| %s | %d | %d (%.2f) | %d (%.2f) |\n", name, possible[name], probable[name],
               1e5 * probable[name] / possible[name], certain[name], 1e5 * certain[name] / possible[name]
}

END {
    for (g = 1; g <= groups; g++) {
        if (!of[g])
            continue
        for (i = 1; i <= columns; i++)
            share[i] = group_sum[g, i] / of[g]
        mean_row(group[g], of[g])
    }
    for (i = 1; i <= columns; i++)
        share[i] = sum[i] / edits
    mean_row("mean", edits)
    if (FORM == "table")
        print "\n| false matches | pairs | probable or better (in 100,000) | certain |\n|---|---|---|---|"
    for (k = 1; k <= kinds; k++)
        if (possible[kind[k]] > 0)
            false_row(kind[k])
    if (FORM == "table")
        printf "\n%.1f ms of processor time a query, %.1f with whole frames alone; decoding included.\n", MS, FAST_MS
    else
        printf "{\"ms\":%.2f,\"ms_fast\":%.2f}\n", MS, FAST_MS
}
