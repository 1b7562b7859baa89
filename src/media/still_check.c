/* Whether the file of a picture is whole. Decoders do not always say so: FFmpeg's leaves what is
 * missing of an OpenEXR file black, and that of a PNG file may stay as it was. */
#include <libavutil/intreadwrite.h>
#include <string.h>

#include "media/internal.h"

/* ISO/IEC 15948, 5.3: chunks of length, type, data, checksum; IEND is the last. */
static bool png_is_whole(const uint8_t *data, size_t size)
{
    size_t at = 8;

    while (size >= 12 && at <= size - 12) {
        size_t length = AV_RB32(data + at);

        if (length > size - 12 - at)
            return false;
        if (!memcmp(data + at + 4, "IEND", 4))
            return true;
        at += 12 + length;
    }
    return false;
}

/* ITU-T T.81, B.1: segments with lengths up to the first scan, after that an EOI somewhere; a
 * thumbnail's lies in a segment. */
static bool jpeg_is_whole(const uint8_t *data, size_t size)
{
    size_t at = 2;

    while (at + 4 <= size && data[at] == 0xff) {
        uint8_t marker = data[at + 1];

        if (marker == 0xff) {
            at++;
        } else {
            at += 2 + (size_t)AV_RB16(data + at + 2);
            if (marker == 0xda)
                break;
        }
    }
    for (; at + 2 <= size; at++)
        if (data[at] == 0xff && data[at + 1] == 0xd9)
            return true;
    return false;
}

/* Where an OpenEXR header ends, 0: nowhere. Attributes are a name, a type, a size and a value, and
 * an empty name ends them (OpenEXR File Layout, "Header"). */
static size_t exr_header_end(const uint8_t *data, size_t size)
{
    size_t at = 8;

    while (at < size && data[at]) {
        for (int i = 0; i < 2; i++) {
            const uint8_t *end = memchr(data + at, 0, size - at);

            if (!end)
                return 0;
            at = (size_t)(end - data) + 1;
        }
        if (size - at < 4 || AV_RL32(data + at) > size - at - 4)
            return 0;
        at += 4 + (size_t)AV_RL32(data + at);
    }
    return at < size ? at + 1 : 0;
}

/* After the header comes a table of where the chunks are, then the chunks: coordinates, size,
 * pixels. Of several parts and deep data nothing is known here. */
static bool exr_is_whole(const uint8_t *data, size_t size)
{
    uint32_t version = size >= 8 ? AV_RL32(data + 4) : 0;
    size_t place = version & 0x200 ? 16 : 4, at, first = size;

    if (version & 0x1800)
        return true;
    at = exr_header_end(data, size);
    if (!at)
        return false;
    for (; at + 8 <= first; at += 8) {
        uint64_t chunk = AV_RL64(data + at);

        if (chunk < at || chunk > size || size - chunk < place + 4 ||
            AV_RL32(data + chunk + place) > size - chunk - place - 4)
            return false;
        if (chunk < first)
            first = (size_t)chunk;
    }
    return first < size;
}

bool ac_still_is_whole(enum AVCodecID id, const uint8_t *data, size_t size)
{
    switch (id) {
    case AV_CODEC_ID_PNG:
        return png_is_whole(data, size);
    case AV_CODEC_ID_MJPEG:
        return jpeg_is_whole(data, size);
    case AV_CODEC_ID_EXR:
        return exr_is_whole(data, size);
    default:
        return true;
    }
}
