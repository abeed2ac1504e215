/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line asked for, in values. options.c fills it from one table; the commands only read it. */
#ifndef RESIGHT_CLI_SETTINGS_H
#define RESIGHT_CLI_SETTINGS_H

#include <resight/match.h>
#include <resight/pool.h>
#include <stdbool.h>
#include <stddef.h>

/* The exit codes, as grep's. */
enum { EXIT_MATCHED = 0, EXIT_NOTHING = 1, EXIT_TROUBLE = 2 };

/* A list of words from the command line; the words themselves are borrowed from argv. */
typedef struct word_list {
    const char **items;
    size_t count;
} word_list;

/* A number that may not have been given. */
typedef struct given_number {
    bool given;
    uint64_t value;
} given_number;

typedef struct settings {
    /* the database and what is looked at in it */
    const char *db;
    const char *bank;
    word_list labels;
    word_list sha256;
    bool negative, positive;
    bool allow_network;
    given_number radius_bits;
    given_number min_quality;
    given_number lookups;
    given_number top;
    resight_effort effort;
    bool vpdq_rule;

    /* what is hashed, and how */
    resight_dialect dialect;
    resight_cpu cpu;
    resight_isolation isolation;
    bool dihedral;
    given_number every_us;
    bool via_rgb;
    bool fast;
    bool composite; /* over background_rgb */
    uint8_t background_rgb[3];
    resight_limits limits;
    uint32_t max_wall_seconds; /* of a worker on one file; 0: the pool's default */
    resight_pixel_format raw_format; /* 0: not raw */
    uint32_t raw_width_px, raw_height_px;
    double frames_per_second;

    /* what is drawn */
    const char *out;
    const char *known; /* a path */
    bool force, show, blur;

    /* where inputs come from and where output goes */
    const char *files_from;
    bool null_separated;
    word_list hashes;
    const char *hashes_file;
    const char *list_format;
    bool json;
    bool help;
    given_number jobs;
} settings;

#endif
