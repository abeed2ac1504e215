# SPDX-License-Identifier: Apache-2.0
# recall.tsv as a bar chart in SVG: for each edit what PDQ finds in its eight turns, and below it what resight finds, in
# a darker colour what it is certain of.
BEGIN {
    FS = "\t"
    left = 200
    wide = 500
    step = 20
}
{
    name[NR] = $1
    pdq[NR] = $3 / $2
    probable[NR] = $9 / $2
    certain[NR] = $10 / $2
}

function bar(y, height, share, colour) {
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", left, y, wide * share, height, colour
}

function words(x, y, anchor, text) {
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, text
}

function legend(x, colour, text) {
    printf "<rect x=\"%d\" y=\"12\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, colour
    words(x + 18, 22, "start", text)
}

END {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", left + wide + 60, NR * step + 70
    print "font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    legend(left, "#b0b0b0", "PDQ, turned")
    legend(left + 120, "#1f77b4", "resight, certain")
    legend(left + 260, "#9ecae1", "resight, probable")
    for (k = 0; k <= 4; k++) {
        x = left + wide * k / 4
        printf "<path d=\"M%d 44V%d\" stroke=\"#ddd\"/>\n", x, NR * step + 52
        words(x, 40, "middle", 25 * k " %")
    }
    for (i = 1; i <= NR; i++) {
        y = 30 + i * step
        gsub(/&/, "\\&amp;", name[i])
        gsub(/</, "\\&lt;", name[i])
        words(left - 8, y + 11, "end", name[i])
        bar(y, 5, pdq[i], "#b0b0b0")
        bar(y + 6, 9, probable[i], "#9ecae1")
        bar(y + 6, 9, certain[i], "#1f77b4")
        words(left + wide + 8, y + 13, "start", sprintf("%.0f", 100 * probable[i]))
    }
    print "</svg>"
}
