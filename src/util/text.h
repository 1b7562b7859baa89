/* Text that comes from outside, before it is shown. */
#ifndef AC_UTIL_TEXT_H
#define AC_UTIL_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/* Copies at most size - 1 bytes of text, in whole characters, with control characters and what is
 * not UTF-8 (or not allowed in XML) as U+FFFD; line ends and tabs stay where `lines`. Returns to.
 */
char *ac_text_clean(const char *text, bool lines, char *to, size_t size);

/* Writes text of any bytes as XML or HTML, for content and for attributes in double quotes; more
 * than `most` characters are cut, with an ellipsis. most 0: all that fits 1 KiB. */
void ac_text_put_xml(FILE *out, const char *text, int most);

#endif
