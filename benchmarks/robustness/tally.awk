# SPDX-License-Identifier: Apache-2.0
# What `resight match --json` said of edited pictures, as counts. Reads pdq.jsonl (fast), edits.jsonl and strangers.jsonl,
# in this order; COMPOSITES is an expression that the names of edits made with unrelated pictures match.
# stdout: a line for each edit. FALSE: a line for each false pair. TOTALS: pairs that could be false, by kind.
BEGIN {
    FS = OFS = "\t"
    evidences = split("file frame trimmed rectangle patches", evidence, " ")
}

# The first value of this key, without quotes. Names keep their escapes, which are the same wherever they are told.
function value(text, key) {
    if (!match(text, "\"" key "\":(\"([^\"\\\\]|\\\\.)*\"|[^],}]*)"))
        return ""
    text = substr(text, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
    gsub(/^"|"$/, "", text)
    return text
}

# The name of a file without its folders and its extension.
function stem(path) {
    sub(/.*\//, "", path)
    sub(/\.[^.]*$/, "", path)
    return path
}

function edit_of(path) {
    sub(/\/[^\/]*$/, "", path)
    sub(/.*\//, "", path)
    return path
}

function mistaken(kind, query, found) {
    print kind, value(found, "confidence"), value(found, "evidence"), query, value(found, "name") > FALSE
}

function tally_copy(found, edit, query,    kind) {
    if (value(found, "bank") == "known" && stem(value(found, "name")) == stem(query)) {
        recognised[edit]++
        certain[edit] += value(found, "confidence") == "certain"
        by[edit, value(found, "evidence")]++
        return
    }
    kind = value(found, "bank")
    if (kind == "known" || edit !~ COMPOSITES)
        mistaken("edits on " kind, query, found)
}

FNR == 1 { file++ }
!/"matches":/ { next }
{
    query = value($0, "query")
    edit = edit_of(query)
    count = split($0, found, /\{"bank":/)
    for (i = 2; i <= count; i++)
        found[i] = "\"bank\":" found[i]
}
file == 1 {
    for (i = 2; i <= count; i++)
        pdq[edit] += value(found[i], "pdq_distance_bits") != "null" && stem(value(found[i], "name")) == stem(query)
}
file == 2 {
    copies[edit]++
    possible["edits on known"] += KNOWN - 1
    possible["edits on unrelated"] += edit ~ COMPOSITES ? 0 : UNRELATED
    for (i = 2; i <= count; i++)
        tally_copy(found[i], edit, query)
}
file == 3 {
    possible["strangers on known"] += KNOWN
    for (i = 2; i <= count; i++)
        mistaken("strangers on known", query, found[i])
}
END {
    for (edit in copies) {
        line = edit OFS copies[edit] OFS pdq[edit] + 0
        for (i = 1; i <= evidences; i++)
            line = line OFS by[edit, evidence[i]] + 0
        print line, recognised[edit] + 0, certain[edit] + 0
    }
    for (kind in possible)
        printf "%s\t%d\n", kind, possible[kind] > TOTALS
}
