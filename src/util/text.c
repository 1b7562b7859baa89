#include "util/text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at text and the character; 0 where it is not UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc0 ? 0 : text[0] < 0xe0 ? 2 : 0;

    if (text[0] >= 0xe0)
        length = text[0] < 0xf0 ? 3 : text[0] < 0xf8 ? 4 : 0;
    if (!length)
        return 0;
    *character = length == 1 ? text[0] : text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *character = *character << 6 | (text[i] & 0x3f);
    }
    if (*character < least[length] || *character > 0x10ffff ||
        (*character >= 0xd800 && *character < 0xe000))
        return 0;
    return length;
}

char *ac_text_clean(const char *text, bool lines, char *to, size_t size)
{
    size_t used = 0;

    while (*text) {
        uint32_t character = 0;
        size_t length = decode((const unsigned char *)text, &character), taken = length;
        bool kept = length && character != 0xfffe && character != 0xffff &&
                    !(character >= 0x7f && character < 0xa0) &&
                    (character >= ' ' || (lines && (character == '\n' || character == '\t')));
        const char *from = kept ? text : "\xef\xbf\xbd";

        if (!kept)
            length = 3;
        if (used + length >= size)
            break;
        memcpy(to + used, from, length);
        used += length;
        text += taken ? taken : 1;
    }
    to[used] = '\0';
    return to;
}

void ac_text_put_xml(FILE *out, const char *text, int most)
{
    char clean[1024];
    int count = 0;

    ac_text_clean(text, false, clean, sizeof(clean));
    for (const char *c = clean; *c; c++) {
        bool starts = ((unsigned char)*c & 0xc0) != 0x80;

        if (starts && ++count == most && c[1]) {
            fputs("\xe2\x80\xa6", out);
            return;
        }
        switch (*c) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*c, out);
        }
    }
}
