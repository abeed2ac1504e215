/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: two bytes say what the command accepts, then come its arguments, each with a NUL behind it. */
#include "fuzz.h"
#include "memory.h"
#include "options.h"
#include "text.h"

#include <stdlib.h>

enum { MOST_ARGUMENTS = 48 };

/* complain() is wrapped by the linker: a complaint is counted, not printed. */
void __wrap_complain(const char *subject, const char *format, ...) RESIGHT_PRINTF(2, 3);
static unsigned complaints;

void __wrap_complain(const char *subject, const char *format, ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    PROPERTY(line[0] != '\0' && (!subject || subject[0] != '\0'));
    complaints++;
}

/* What is left of the input, cut at its NULs; words has one byte more, and argv[0] is the name of the program. */
static int cut(fuzz_input *in, char *words, char **argv) {
    static char name[] = "resight";
    const size_t length = in->left;
    int argc = 0;
    argv[argc++] = name;
    take(in, words, length);
    for (size_t at = 0; at < length && argc < MOST_ARGUMENTS; at += strlen(words + at) + 1)
        argv[argc++] = words + at;
    argv[argc] = NULL;
    return argc;
}

static void check_values(const settings *set) {
    PROPERTY(!set->radius_bits.given || set->radius_bits.value <= 256);
    PROPERTY(!set->min_quality.given || set->min_quality.value <= 100);
    PROPERTY(!set->jobs.given || (set->jobs.value >= 1 && set->jobs.value <= 1024));
    PROPERTY(!set->every_us.given || set->every_us.value <= UINT64_C(86400000000));
    PROPERTY(set->frames_per_second > 0 && set->frames_per_second <= 1000);
    PROPERTY(set->dialect == RESIGHT_PDQ || set->dialect == RESIGHT_PDQ512);
    PROPERTY(resight_cpu_available(set->cpu));
    PROPERTY(set->labels.count <= RESIGHT_LABELS_MAX);
    PROPERTY(set->limits.max_side_px <= 1u << 20);
    PROPERTY((set->raw_width_px == 0) == (set->raw_height_px == 0));
    for (size_t i = 0; i < set->labels.count; i++)
        PROPERTY(strchr(set->labels.items[i], '=') > set->labels.items[i]);
}

/* A run either gives operands, each one of the arguments, or says one thing that is wrong. */
static int read_once(unsigned groups, int argc, char **argv, settings *set, char **operands) {
    const command which = {.name = "fuzz", .usage = "", .groups = groups, .most = -1};
    char *order[MOST_ARGUMENTS + 1];
    memcpy(order, argv, sizeof order);
    complaints = 0;
    *set = settings_default();
    const int count = options_read(&which, argc, order, set, operands);
    PROPERTY(count >= 0 ? complaints == 0 : complaints == 1);
    PROPERTY(count < argc);
    for (int i = 0; i < count; i++) {
        bool found = false;
        for (int j = 1; j < argc; j++)
            found |= operands[i] == argv[j];
        PROPERTY(found);
    }
    PROPERTY(count < 0 || !operands[count]);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const unsigned groups = take16(&in);
    char *words = calloc(in.left + 1, 1), *argv[MOST_ARGUMENTS + 1] = {0};
    char *operands[MOST_ARGUMENTS + 1], *again[MOST_ARGUMENTS + 1];
    settings first, second;
    PROPERTY(words);
    const int argc = cut(&in, words, argv);
    const int count = read_once(groups, argc, argv, &first, operands);
    PROPERTY(read_once(groups, argc, argv, &second, again) == count);
    if (count >= 0) {
        check_values(&first);
        PROPERTY(memcmp(operands, again, (size_t)count * sizeof *operands) == 0);
        PROPERTY(memcmp(&first.limits, &second.limits, offsetof(resight_limits, max_seconds)) == 0); /* then padding */
        PROPERTY(first.limits.max_seconds == second.limits.max_seconds);
        PROPERTY(first.labels.count == second.labels.count && first.hashes.count == second.hashes.count);
    }
    settings_free(&first);
    settings_free(&second);
    free(words);
    return 0;
}
