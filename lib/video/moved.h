/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of a part of its size, moved to where PDQ samples the whole one. */
#ifndef RESIGHT_VIDEO_MOVED_H
#define RESIGHT_VIDEO_MOVED_H

#include "base/buffer.h"
#include <resight/image.h>

/*
 * Turn a picture, and move it to where the hash of the whole picture, so turned, would have looked.
 *
 * out: borrows scratch. RESIGHT_OK, RESIGHT_E_NOMEM, or as resight_image_transform()
 */
int picture_moved(const resight_image *image, resight_transform transform, buffer *scratch, resight_image *out);

#endif
