/* SPDX-License-Identifier: Apache-2.0 */
/* A whole answer, in lines and as JSON: of a file, of a hash, of what appears in a stream. */
#include "answer.h"

#include "found.h"
#include "json.h"
#include "text.h"

static void print_json_answer(FILE *out, const answer_style *style, const char *name, const char *kind,
                              const resight_subject *what, const resight_answer *got, const char *state, bool damaged) {
    json_t *record = json_object(), *matches = json_array();
    json_object_set_new(record, "query", json_name(name));
    json_object_set_new(record, "kind", json_string(kind));
    if (state) {
        json_object_set_new(record, "state", json_string(state));
        json_object_set_new(record, "stream_us", json_integer(what->duration_us));
    }
    json_object_set_new(record, "quality", got->quality >= 0 ? json_integer(got->quality) : json_null());
    if (what->kind == RESIGHT_VIDEO)
        json_object_set_new(record, "frames", json_integer(got->frames));
    if (damaged)
        json_object_set_new(record, "damaged", json_true());
    for (size_t i = 0; i < got->count && i < style->top; i++)
        json_array_append_new(matches, json_found(&got->items[i], what));
    json_object_set_new(record, "matches", matches);
    json_object_set_new(record, "match_count", json_integer((json_int_t)got->count)); /* --top may show fewer */
    if (got->suppressor_count > 0)
        json_object_set_new(record, "suppressed_by", json_suppressors(got));
    print_json(out, record);
}

void print_answer(FILE *out, const answer_style *style, const char *name, const char *kind, const resight_subject *what,
                  const resight_answer *got, const char *state, bool damaged) {
    if (style->json) {
        print_json_answer(out, style, name, kind, what, got, state, damaged);
        return;
    }
    for (size_t i = 0; i < got->count && i < style->top; i++)
        print_found(out, name, &got->items[i], what, got, state);
    if (got->count > style->top) {
        print_name(out, name);
        fprintf(out, ": and %zu more; --top 0 prints all\n", got->count - style->top);
    }
    if (got->count == 0)
        print_nothing_found(out, name, got, style->min_quality);
}
