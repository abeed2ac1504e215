/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bytes to pictures: one decoder for stills, animated images and video, with limits that hold before memory is
 * reserved.
 *
 *     source ──► resight_decoder_open() ──► info ──► resight_decoder_next() ──► frame, frame, … ──► RESIGHT_END
 *
 * A still is a video of one frame (of three, with RESIGHT_ALPHA_VIEWS). The first bytes decide what a file is, never
 * its name. JPEG is read by libjpeg-turbo, PNG by libpng, animated WebP by libwebpdemux, HEIC by libheif, JPEG XL by
 * libjxl, everything else by FFmpeg.
 *
 * Error texts of this header do not repeat the path: a file from memory or standard input has none. Whoever opened it
 * knows it.
 *
 * The first use of FFmpeg sets two things for the whole process: its log is quiet, and none of its reservations may
 * pass the default of max_memory_bytes.
 */
#ifndef RESIGHT_DECODE_H
#define RESIGHT_DECODE_H

#include <resight/image.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a file is taken for, by its first bytes. The values are pinned. */
typedef enum resight_format {
    RESIGHT_FORMAT_UNKNOWN = 0,
    RESIGHT_FORMAT_JPEG = 1,
    RESIGHT_FORMAT_PNG = 2,
    RESIGHT_FORMAT_WEBP = 3,
    RESIGHT_FORMAT_GIF = 4,
    RESIGHT_FORMAT_BMP = 5,
    RESIGHT_FORMAT_TIFF = 6,
    RESIGHT_FORMAT_AVIF = 7,
    RESIGHT_FORMAT_HEIC = 8,
    RESIGHT_FORMAT_JXL = 9,
    RESIGHT_FORMAT_VIDEO = 10 /**< any container that FFmpeg's demuxers recognise and that is allowed here */
} resight_format;

/** "jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic", "jxl", "video", "unknown". */
RESIGHT_API const char *resight_format_name(resight_format format);

/** Still or moving. The values are pinned: they are stored. */
typedef enum resight_media_kind {
    RESIGHT_IMAGE = 1, /**< one picture */
    RESIGHT_VIDEO = 2  /**< a video or an animated image with more than one frame */
} resight_media_kind;

/** "image", "video"; "unknown" for anything else. */
RESIGHT_API const char *resight_media_kind_name(resight_media_kind kind);

/** Which picture was made of a frame. The values are pinned: they are stored. */
typedef enum resight_view {
    RESIGHT_VIEW_STORED = 0,   /**< the raster as stored, alpha dropped: what is exchanged */
    RESIGHT_VIEW_ON_WHITE = 1, /**< alpha composited over white */
    RESIGHT_VIEW_ON_BLACK = 2, /**< alpha composited over black */
    RESIGHT_VIEW_REDUCED =
        4, /**< added to one of the above: resight_image_reduce() of it, which scaling hardly changes */
    RESIGHT_VIEW_TRIMMED = 8,     /**< added to a reduced one: without its borders and bars, resight_trim() */
    RESIGHT_VIEW_RECTANGLE = 16,  /**< added to a reduced one: a rectangle inside of it; only of queries */
    RESIGHT_VIEW_APPROXIMATE = 32 /**< added to any: decoded at a part of its size (resight_decode_options.fast), so
                                     that hashes are near the exact ones, and are neither stored nor exchanged */
} resight_view;
/** Views that a decoder gives: the first three. */
#define RESIGHT_VIEWS 3

/**
 * "stored", "on-white", "on-black", and the same with "-reduced", "-trimmed" or "-rectangle" ("stored" goes unsaid
 * then, and "approximate" always); "unknown" for anything else.
 */
RESIGHT_API const char *resight_view_name(resight_view view);

/** What becomes of alpha. */
typedef enum resight_alpha {
    RESIGHT_ALPHA_DROP = 0,      /**< dropped, as PDQ does: what lies under transparent pixels counts */
    RESIGHT_ALPHA_COMPOSITE = 1, /**< composited over background_rgb */
    RESIGHT_ALPHA_VIEWS = 2 /**< a still with a transparent pixel gives three frames, one for each resight_view: people
                                 see, and post again, what white or black shines through. Anything else: dropped */
} resight_alpha;

/**
 * What a file may ask of the machine. 0 means no limit of that kind. resight_limits_default() gives values that
 * ordinary media never meets. Exceeding one is RESIGHT_E_LIMIT with a text that names the limit.
 *
 * A stream may go on for ever: max_video_bytes, max_frames and max_seconds hold for each minute of it.
 */
typedef struct resight_limits {
    uint64_t max_bytes;        /**< of a still, or of anything that cannot be sought: read whole. 256 MiB */
    uint64_t max_video_bytes;  /**< of a video that can be sought. 8 GiB */
    uint64_t max_memory_bytes; /**< that a decoder may reserve at once, where it can be told or computed. 1 GiB */
    uint64_t max_pixels;       /**< width * height of a frame. 128 million */
    uint32_t max_side_px;      /**< width or height. 32768 */
    uint32_t max_scans;        /**< of a progressive JPEG. 100 */
    uint64_t max_frames;       /**< decoded from one file. 1,000,000 */
    uint32_t max_seconds;      /**< processor time spent decoding one file, checked between frames and scans. 600 */
} resight_limits;

/** The defaults named above. */
RESIGHT_API resight_limits resight_limits_default(void);

/** Where bytes come from. Opaque; one thread at a time. */
typedef struct resight_source resight_source;

/**
 * Open a regular file. Not a directory, FIFO, socket or device: those are RESIGHT_E_IO with a text that says so.
 *
 * @param path   NUL-terminated; borrowed for the call
 * @param out    owned by the caller; free with resight_source_free()
 * @param error  may be NULL
 * @return RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_source_open_path(const char *path, resight_source **out, resight_error *error);

/**
 * Read from an open descriptor: a regular file from its start by pread(), anything else (a pipe, standard input) to its
 * end into memory, at most max_bytes (0: no limit).
 *
 * @param fd  borrowed: must stay open as long as the source; never closed here
 * @return RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_LIMIT
 */
RESIGHT_API int resight_source_open_fd(int fd, uint64_t max_bytes, resight_source **out, resight_error *error);

/**
 * Read from an open descriptor as it comes: a live stream, which need not end. What is made to be read from its
 * beginning becomes a stream (MPEG-TS, Matroska, FLV, MP4 whose index comes first, and the other containers); pictures
 * and any other MP4 are read to their end into memory, and regular files are sought in, as by resight_source_open_fd().
 *
 * Waits for the first bytes. A stream is read once and from front to back, and a decoder asks no more of it than that.
 *
 * @param fd         borrowed: must stay open as long as the source; never closed here
 * @param stop_fd    borrowed likewise; when it can be read, the stream is at its end. -1: none
 * @param max_bytes  of what is read into memory; 0: no limit
 * @return RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM, RESIGHT_E_LIMIT
 */
RESIGHT_API int resight_source_open_stream(int fd, int stop_fd, uint64_t max_bytes, resight_source **out,
                                           resight_error *error);

/** Is it read as it comes? */
RESIGHT_API bool resight_source_is_stream(const resight_source *source);

/**
 * Read from memory.
 *
 * @param bytes  borrowed: must stay as long as the source
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_source_open_memory(const void *bytes, size_t size_bytes, resight_source **out,
                                           resight_error *error);

/** Free, close what was opened here, set to NULL; NULL inside is fine. */
RESIGHT_API void resight_source_free(resight_source **source);

/** Length of the source; of a stream, of what has come of it. */
RESIGHT_API uint64_t resight_source_size(const resight_source *source);

/**
 * Read at an offset, as pread() does but whole: fewer bytes than asked only at the end of the source. Of a stream its
 * first 256 bytes and then each byte once.
 *
 * @param got_bytes  written on RESIGHT_OK
 * @return RESIGHT_OK, RESIGHT_E_IO
 */
RESIGHT_API int resight_source_read(resight_source *source, uint64_t offset, void *buffer, size_t size_bytes,
                                    size_t *got_bytes, resight_error *error);

/**
 * The shorter side that a JPEG keeps with resight_decode_options.fast, four pixels for each that PDQ samples. Below it
 * the distance to the exact hash grows quickly.
 */
#define RESIGHT_FAST_SIDE_PX 256

/** How to read a file. Start from resight_decode_options_default(). */
typedef struct resight_decode_options {
    resight_limits limits;
    /**
     * Video and animated images: give the first frame, then the first frame at or after each multiple of this time, in
     * microseconds since the first frame. 0 gives every frame. Default 1,000,000. Of a video, what no such frame refers
     * to is not decoded, where its codec tells what that is; frames, times and numbers are the same as if it were.
     */
    int64_t every_us;
    /** Convert video frames to RGB24 as vPDQ does, instead of handing out their luma plane. Default false. */
    bool via_rgb;
    /**
     * Decode a JPEG as grey at a half, a quarter or an eighth of its size, whichever is the smallest that leaves the
     * shorter side RESIGHT_FAST_SIDE_PX. The frame is of view RESIGHT_VIEW_APPROXIMATE: its hash is near the exact one
     * and is not it; README.md says how near. A JPEG too small for that and every other kind of file are decoded as
     * without it. Default false.
     */
    bool fast;
    resight_alpha alpha;       /**< default RESIGHT_ALPHA_DROP */
    uint8_t background_rgb[3]; /**< for RESIGHT_ALPHA_COMPOSITE */
} resight_decode_options;

/** The defaults named above. */
RESIGHT_API resight_decode_options resight_decode_options_default(void);

/** What is known of a file once it is open. */
typedef struct resight_media_info {
    resight_media_kind kind;
    resight_format format;
    char codec[24];                /**< "jpeg", "png", "h264", …; NUL-terminated */
    uint32_t width_px, height_px;  /**< of the raster as stored, before any rotation */
    resight_transform orientation; /**< what makes the stored raster upright, from EXIF or the container's matrix */
    int64_t duration_us;           /**< as the container says; 0 when it does not or for a still */
    double frames_per_second;      /**< average, as the container says; 0 when it does not or for a still */
} resight_media_info;

/** One decoded frame. */
typedef struct resight_frame {
    resight_image image; /**< borrowed from the decoder until its next call. GRAY8, GRAY8_LIMITED or RGB24 */
    int64_t time_us;     /**< presentation time since the first frame of the file; 0 for a still */
    int64_t number;      /**< 0, 1, 2, … in presentation order, counting frames that were not sampled too */
    resight_view view;   /**< RESIGHT_VIEW_STORED, unless RESIGHT_ALPHA_VIEWS or fast was asked for */
} resight_frame;

/** Buffers and codec contexts. Opaque; one thread at a time; reused from file to file. */
typedef struct resight_decoder resight_decoder;

/**
 * Make a decoder.
 *
 * @param options  copied; NULL for the defaults
 * @param out      owned by the caller; free with resight_decoder_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_decoder_new(const resight_decode_options *options, resight_decoder **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_decoder_free(resight_decoder **decoder);

/**
 * Recognise a source, read its header and check it against the limits. Ends whatever was open before.
 *
 * @param source  borrowed until the next open or free of the decoder
 * @param info    written on RESIGHT_OK
 * @param error   may be NULL
 * @return RESIGHT_OK
 *         RESIGHT_E_FORMAT       empty, of no known kind, damaged header, or without any picture (audio only)
 *         RESIGHT_E_UNSUPPORTED  known kind, no decoder in this build
 *         RESIGHT_E_LIMIT, RESIGHT_E_IO, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_decoder_open(resight_decoder *decoder, resight_source *source, resight_media_info *info,
                                     resight_error *error);

/**
 * Decode up to the next sampled frame.
 *
 * A video that breaks off gives the frames before the break and then RESIGHT_END (resight_decoder_damaged() tells); a
 * still that breaks off is RESIGHT_E_FORMAT, for its hash would be that of another picture.
 *
 * @param frame  written on RESIGHT_OK
 * @param error  may be NULL
 * @return RESIGHT_OK, RESIGHT_END, or as resight_decoder_open(). After RESIGHT_END or a failure: RESIGHT_END.
 */
RESIGHT_API int resight_decoder_next(resight_decoder *decoder, resight_frame *frame, resight_error *error);

/** True when the open video had frames or packets that could not be read and were passed over. Of packets that were not
 * decoded, because no sampled frame needs them, only the container is looked at; the last of a file is always decoded.
 */
RESIGHT_API bool resight_decoder_damaged(const resight_decoder *decoder);

#ifdef __cplusplus
}
#endif
#endif
