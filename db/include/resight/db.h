/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libresight-db: banks, entries and their hashes in LMDB, with exact search over all of them.
 *
 *     resight_db ──► resight_writer   one at a time over all processes: add, remove, banks; durable when commit returns
 *                └─► resight_reader   any number, each on its own thread: a snapshot; queries, entries, statistics
 *
 * A write is visible to every snapshot taken after its commit returned, in every process. Readers never wait for
 * writers, nor writers for readers. What is promised about crashes, and every byte on disk, is in FORMAT.md.
 *
 * Caveats, all inherited from LMDB: not on network file systems (refused unless allowed); a database is opened once in
 * a process; an open one does not survive fork(); readers write their slot into lock.mdb, so they need the right to; a
 * reader that stays open pins the pages of its snapshot.
 */
#ifndef RESIGHT_DB_H
#define RESIGHT_DB_H

#include <resight/patch.h>
#include <resight/search.h>
#include <resight/video.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open database. Opaque; may be used from any thread. */
typedef struct resight_db resight_db;
/** A write transaction. Opaque; stays on the thread that began it. */
typedef struct resight_writer resight_writer;
/** A snapshot and its scratch memory. Opaque; one thread at a time. */
typedef struct resight_reader resight_reader;

/** How to open. All zero is a valid choice: read and write, must exist. */
typedef struct resight_db_options {
    bool create;          /**< make the directory (0700) and the files (0600) when they are not there */
    bool read_only;       /**< no locks taken for writing; writers are refused with RESIGHT_E_ARG */
    bool allow_network;   /**< open on NFS, SMB or FUSE although locks may not hold there */
    uint32_t radius_bits; /**< guaranteed by the index, fixed when the database is made; 0: 31. At most 63 */
    uint32_t tail_hashes; /**< hashes and patches kept outside segments before a merge; 0: 65,536. For tests */
} resight_db_options;

/**
 * Open a database directory.
 *
 * @param dir      NUL-terminated path of the directory; its parent must exist
 * @param options  NULL for all zero
 * @param out      owned by the caller; free with resight_db_close()
 * @param error    may be NULL
 * @return RESIGHT_OK
 *         RESIGHT_NOT_FOUND  no database there, and create is not set
 *         RESIGHT_E_VERSION  a database, but of another kind, format version or architecture
 *         RESIGHT_E_DAMAGED  shorter than its own header says, or its header's checksum does not hold
 *         RESIGHT_E_BUSY     already open in this process
 *         RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_ARG (an option out of range, a network file system)
 *
 * Cost: a millisecond; no page of data is read.
 */
RESIGHT_API int resight_db_open(const char *dir, const resight_db_options *options, resight_db **out,
                                resight_error *error);

/** Close and set to NULL; every reader and writer must be gone. NULL inside is fine. */
RESIGHT_API void resight_db_close(resight_db **db);

/** The radius that the index guarantees. */
RESIGHT_API uint32_t resight_db_radius(const resight_db *db);

/* ---- Banks ------------------------------------------------------------------------------------------------------ */

/** What a match in a bank means. The values are pinned: they are stored. */
typedef enum resight_polarity {
    RESIGHT_POSITIVE = 1, /**< known media: a match counts */
    RESIGHT_NEGATIVE = 2  /**< known to be harmless: a match here takes away matches elsewhere that are no nearer */
} resight_polarity;

#define RESIGHT_BANK_NAME_MAX 64

/** A named list of known media with its policy. */
typedef struct resight_bank {
    uint32_t id;                          /**< >= 1; never used again after removal */
    char name[RESIGHT_BANK_NAME_MAX + 1]; /**< 1..64 of A-Z a-z 0-9 _ - . , not starting with a dot */
    resight_polarity polarity;
    uint32_t radius_bits; /**< a query without a radius of its own uses this; 0..256 */
    uint32_t min_quality; /**< hashes below it are stored but do not match; 0..100 */
    uint64_t entries;     /**< live; set when read, ignored when written */
} resight_bank;

/** 1 when a name fits the rule above, else 0. */
RESIGHT_API int resight_bank_name_ok(const char *name);

/* ---- Entries ---------------------------------------------------------------------------------------------------- */

/** A key and a value, both UTF-8 by convention, NUL-terminated. */
typedef struct resight_label {
    const char *key;   /**< 1..255 bytes, without '=' */
    const char *value; /**< 0..65535 bytes */
} resight_label;

/** The patches of one picture. A still has one set, a video one for each frame that patches were found in. Pinned. */
typedef struct resight_patch_set {
    int64_t time_us;    /**< of the frame, in the media; 0 in a still */
    uint32_t first;     /**< of the entry's patches: as many as the sets before have */
    uint32_t count;     /**< >= 1 */
    uint16_t width_px;  /**< of the picture, >= 1: patches are in units of its longer side, */
    uint16_t height_px; /**< and know nothing of the other */
    uint8_t view;       /**< as in resight_mark */
    uint8_t zero[3];    /**< else refused */
} resight_patch_set;
_Static_assert(sizeof(resight_patch_set) == 24, "a set has no padding");

#define RESIGHT_NAME_MAX 4096
#define RESIGHT_LABELS_MAX 1024
#define RESIGHT_MARKS_MAX (1u << 24)
#define RESIGHT_ENTRY_PATCHES_MAX (1u << 20)

/** One known item. Everything that it points to is borrowed. */
typedef struct resight_entry {
    uint64_t id;   /**< >= 1, rising; given by resight_writer_add(), never used again */
    uint32_t bank; /**< id of its bank */
    resight_media_kind kind;
    const char *name; /**< up to RESIGHT_NAME_MAX bytes; usually the path it was added from */
    const resight_label *labels;
    uint32_t label_count;
    bool has_sha256; /**< false for an entry that came as a hash, without its file */
    uint8_t sha256[32];
    int64_t added_us;                    /**< Unix time; 0 when adding: now */
    int64_t duration_us;                 /**< of a video; else 0 */
    const resight_mark *marks;           /**< in order of time */
    uint32_t mark_count;                 /**< up to RESIGHT_MARKS_MAX; 0 is allowed: known by its digest alone */
    const resight_patch_set *patch_sets; /**< in order of time, one after the other over all patches */
    uint32_t patch_set_count;
    const resight_patch *patches;
    uint32_t patch_count; /**< up to RESIGHT_ENTRY_PATCHES_MAX; 0 is allowed, and then there are no sets */
} resight_entry;

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

/**
 * Begin to write. Waits for the writer of any other process.
 *
 * @param out  owned by the caller; ends with resight_writer_commit() or resight_writer_abort()
 * @return RESIGHT_OK, RESIGHT_E_ARG (opened read only), RESIGHT_E_BUSY (this thread is writing already),
 *         RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM, RESIGHT_E_IO
 */
RESIGHT_API int resight_writer_begin(resight_db *db, resight_writer **out, resight_error *error);

/**
 * Make all of it durable and visible, or none. Frees the writer in either case and sets it to NULL.
 *
 * @return RESIGHT_OK        on disk, flushed
 *         RESIGHT_E_FULL    no room; everything before this writer is intact
 *         RESIGHT_E_IO, RESIGHT_E_NOMEM
 *
 * Cost: two flushes of the device.
 */
RESIGHT_API int resight_writer_commit(resight_writer **writer, resight_error *error);

/** Forget all of it, free, set to NULL; NULL inside is fine. */
RESIGHT_API void resight_writer_abort(resight_writer **writer);

/**
 * Make a bank, or change the policy of one with the same name.
 *
 * @param bank  id and entries are ignored
 * @param id    of the bank; may be NULL; written on RESIGHT_OK and RESIGHT_EXISTS
 * @return RESIGHT_OK       made
 *         RESIGHT_EXISTS   was there; its policy is now this one
 *         RESIGHT_E_ARG    a field is out of range
 *         RESIGHT_E_FULL, RESIGHT_E_IO, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_writer_put_bank(resight_writer *writer, const resight_bank *bank, uint32_t *id,
                                        resight_error *error);

/**
 * Remove a bank and every entry in it.
 *
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND, RESIGHT_E_FULL, RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_DAMAGED
 *
 * Cost: O(entries of all banks).
 */
RESIGHT_API int resight_writer_remove_bank(resight_writer *writer, uint32_t bank, resight_error *error);

/**
 * Add one item.
 *
 * @param entry  borrowed for the call; id is ignored
 * @param id     of the new entry, or of the one that has the same SHA-256 in the same bank
 * @return RESIGHT_OK
 *         RESIGHT_EXISTS  that file is in that bank; nothing was changed
 *         RESIGHT_E_ARG   no such bank, or a field is out of range
 *         RESIGHT_E_FULL, RESIGHT_E_IO, RESIGHT_E_NOMEM: abort the writer
 */
RESIGHT_API int resight_writer_add(resight_writer *writer, const resight_entry *entry, uint64_t *id,
                                   resight_error *error);

/**
 * Remove one item; its hashes and patches match nothing from the commit on.
 *
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND, RESIGHT_E_FULL, RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_writer_remove(resight_writer *writer, uint64_t entry, resight_error *error);

/**
 * Bring the index up to date: move the tail into segments, merge small segments into larger ones, in transactions of
 * bounded size. Nothing depends on it but speed. Call it after adding, without a writer on this thread; it returns at
 * once when there is nothing to do, or when another process is merging. Snapshots keep what it replaces: before it
 * stores a segment it gives readers up to a tenth of a second to move on, when they keep much. A file whose readers
 * take a new snapshot now and then stays under 2.5 times its live data; one with a reader that never does grows with
 * every merge.
 *
 * @return RESIGHT_OK, RESIGHT_E_FULL, RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_db_merge(resight_db *db, resight_error *error);

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

/**
 * Take a snapshot of everything committed so far.
 *
 * @param out  owned by the caller; free with resight_reader_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM, RESIGHT_E_IO, RESIGHT_E_DAMAGED
 *         RESIGHT_E_BUSY  every reader slot is taken; or the file has outgrown the map, which cannot move while other
 *                         transactions of this process are open
 */
RESIGHT_API int resight_reader_new(resight_db *db, resight_reader **out, resight_error *error);

/** Move the snapshot to everything committed so far. Cheap: do it before each query. Returns as resight_reader_new().
 */
RESIGHT_API int resight_reader_renew(resight_reader *reader, resight_error *error);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_reader_free(resight_reader **reader);

/** What a query may ask beyond its hashes. All zero: every bank, each with its own radius and minimum quality. */
typedef struct resight_query_options {
    bool has_radius;      /**< use radius_bits instead of each bank's */
    uint32_t radius_bits; /**< 0..256; beyond resight_db_radius() by scanning */
    bool has_min_quality; /**< use min_quality instead of each bank's */
    uint32_t min_quality; /**< 0..100, of the known hash */
    uint32_t bank;        /**< only this one; 0: all */
} resight_query_options;

/** One stored hash that lies within the radius of one query hash. */
typedef struct resight_match {
    uint64_t entry;
    uint32_t bank;
    uint16_t distance_bits;
    uint16_t query;     /**< which of the query hashes */
    uint32_t mark;      /**< which mark of the entry */
    resight_mark known; /**< that mark */
} resight_match;

/** A growing array of matches. All zero is a valid empty one. */
typedef struct resight_matches {
    resight_match *items; /**< owned; free with resight_matches_free() */
    size_t count, capacity;
} resight_matches;

/** Free the items and set all to zero. */
RESIGHT_API void resight_matches_free(resight_matches *matches);

/**
 * Every live stored hash within the radius of any query hash. Exact: nothing is missed at any radius.
 *
 * @param queries  [count], 1..65535, borrowed
 * @param options  NULL for all zero
 * @param out      emptied first; on RESIGHT_OK sorted by distance, then entry, mark, query
 * @return RESIGHT_OK (out may be empty)
 *         RESIGHT_E_ARG      an option is out of range
 *         RESIGHT_E_DAMAGED  the index or a record contradicts itself; run verify
 *         RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_reader_query(resight_reader *reader, const resight_hash *queries, uint32_t count,
                                     const resight_query_options *options, resight_matches *out, resight_error *error);

/** What a query for patches may ask. All zero: every bank, within RESIGHT_PATCH_RADIUS_BITS. */
typedef struct resight_patch_query_options {
    bool has_radius;      /**< use radius_bits instead of RESIGHT_PATCH_RADIUS_BITS */
    uint32_t radius_bits; /**< 0..64; beyond RESIGHT_PATCH_RADIUS_BITS by scanning */
    uint32_t bank;        /**< only this one; 0: all */
    uint32_t common;      /**< a key near more live patches than this, of all banks, tells pictures apart no more: it
                               gets no match at all. It also bounds the answer. 0: no such limit */
    uint32_t least;       /**< an entry with fewer matches than this, those of common keys not counted, gets none: it
                               need not be read, and of unrelated entries nearly all have one. 0: no such limit */
} resight_patch_query_options;

/** One stored patch that lies within the radius of one key. */
typedef struct resight_patch_hit {
    uint64_t entry;
    uint32_t bank;
    uint32_t set;   /**< which set of the entry */
    uint32_t patch; /**< which patch of the entry, counted over all sets */
    uint16_t query; /**< which of the keys */
    uint16_t distance_bits;
    resight_patch known;          /**< that patch */
    int64_t time_us;              /**< of that set */
    uint16_t width_px, height_px; /**< of that set's picture */
} resight_patch_hit;

/** A growing array of matches. All zero is a valid empty one. */
typedef struct resight_patch_hits {
    resight_patch_hit *items; /**< owned; free with resight_patch_hits_free() */
    size_t count, capacity;
    uint32_t common_keys; /**< keys that got no match for being common */
} resight_patch_hits;

/** Free the items and set all to zero. */
RESIGHT_API void resight_patch_hits_free(resight_patch_hits *matches);

/**
 * Every live stored patch within the radius of any key. Exact: nothing is missed at any radius.
 *
 * @param keys     [count], 1..65535, borrowed: all those of a picture in one call
 * @param options  NULL for all zero
 * @param out      emptied first; on RESIGHT_OK sorted by entry, then patch, query
 * @return RESIGHT_OK (out may be empty)
 *         RESIGHT_E_ARG      an option is out of range
 *         RESIGHT_E_DAMAGED  the index or a record contradicts itself; run verify
 *         RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_reader_query_patches(resight_reader *reader, const uint64_t *keys, uint32_t count,
                                             const resight_patch_query_options *options, resight_patch_hits *out,
                                             resight_error *error);

/**
 * The patches of one set of an entry.
 *
 * @param set       its number in the entry, as in resight_patch_hit
 * @param out       [capacity]; of a larger set, the first ones
 * @param count     how many were written
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND (no such entry or set), RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_reader_patches(resight_reader *reader, uint64_t entry, uint32_t set, resight_patch *out,
                                       size_t capacity, size_t *count, resight_error *error);

/**
 * One entry whole.
 *
 * @param out  borrowed from the reader until its next call
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND, RESIGHT_E_DAMAGED (its checksum does not hold), RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_reader_entry(resight_reader *reader, uint64_t entry, resight_entry *out, resight_error *error);

/**
 * The first entry after an id: walks all of them, in order of id.
 *
 * @param after  0 to start
 * @param bank   only of this bank; 0: all
 * @param out    borrowed from the reader until its next call
 * @return RESIGHT_OK, RESIGHT_END, RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_reader_next_entry(resight_reader *reader, uint64_t after, uint32_t bank, resight_entry *out,
                                          resight_error *error);

/**
 * Entries that came from a file with this digest.
 *
 * @param after  0 to start, then the id found before: there may be one in each bank
 * @return RESIGHT_OK, RESIGHT_END, RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_reader_find_sha256(resight_reader *reader, const uint8_t sha256[32], uint64_t after,
                                           uint64_t *entry, resight_error *error);

/**
 * One bank by name.
 *
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND, RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_reader_bank(resight_reader *reader, const char *name, resight_bank *out, resight_error *error);

/**
 * The first bank after an id, in order of id; 0 to start.
 *
 * @return RESIGHT_OK, RESIGHT_END, RESIGHT_E_DAMAGED
 */
RESIGHT_API int resight_reader_next_bank(resight_reader *reader, uint32_t after, resight_bank *out,
                                         resight_error *error);

/* ---- Care ------------------------------------------------------------------------------------------------------- */

/** One segment of the index. */
typedef struct resight_segment_stats {
    uint64_t id;
    uint32_t hashes, bands, radius_bits;
    uint32_t patches, patch_bands; /**< no bands: its patches are scanned */
    uint64_t first_entry, last_entry;
    uint64_t bytes;
} resight_segment_stats;

#define RESIGHT_MAX_SEGMENTS 256

/** Figures of a snapshot. */
typedef struct resight_db_stats {
    uint32_t format_version, radius_bits;
    uint32_t banks;
    uint64_t entries, images, videos, hashes, patches; /**< live */
    uint64_t tail_hashes, tail_patches;                /**< not yet in a segment: compared one by one */
    uint64_t file_bytes, used_bytes, map_bytes;
    uint32_t readers, stale_readers; /**< slots taken; those whose process is gone were cleared just now */
    uint32_t segment_count;
    resight_segment_stats segment[RESIGHT_MAX_SEGMENTS];
} resight_db_stats;

/** @return RESIGHT_OK, RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM. Cost: O(banks + segments + free pages). */
RESIGHT_API int resight_reader_stats(resight_reader *reader, resight_db_stats *out, resight_error *error);

/** Called for each thing found wrong. */
typedef void (*resight_verify_sink)(void *user, const char *line);

/** What verify looked at. */
typedef struct resight_verify_report {
    uint64_t entries, hashes, patches, segments;
    uint64_t lookups; /**< of hashes and of patches */
    uint64_t faults;  /**< lines given to the sink */
} resight_verify_report;

/**
 * Hold a snapshot against every rule of FORMAT.md: checksums of records and segments, records against segments in both
 * directions, banks, digests, and `lookups` random queries for hashes and as many for patches through the index against
 * a full scan.
 *
 * Runs on a database that is in use. A damaged file can make the operating system kill the process that reads it
 * (SIGBUS, SIGSEGV): call it in a child process when the file is not trusted, as `resight verify` does.
 *
 * @param sink  may be NULL
 * @return RESIGHT_OK         no fault
 *         RESIGHT_E_DAMAGED  at least one
 *         RESIGHT_E_NOMEM, RESIGHT_E_IO
 */
RESIGHT_API int resight_db_verify(resight_db *db, uint32_t lookups, resight_verify_sink sink, void *user,
                                  resight_verify_report *report, resight_error *error);

/**
 * Write a compact copy of one snapshot while the database is in use: a directory that resight_db_open() opens.
 *
 * @param dir  must not exist; made 0700. Nothing is left there on failure
 * @return RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_FULL, RESIGHT_E_ARG (dir exists)
 */
RESIGHT_API int resight_db_backup(resight_db *db, const char *dir, resight_error *error);

#ifdef __cplusplus
}
#endif
#endif
