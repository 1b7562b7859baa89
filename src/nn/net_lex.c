#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net_read.h"

/* Bytes of the UTF-8 sequence at s, 0 when it is none (also overlong ones and surrogates). */
static int utf8_length(const unsigned char *s, size_t left)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    unsigned code;

    if (n < 2)
        return n;
    if ((size_t)n > left)
        return 0;
    code = s[0] & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

ac_status ac_net_read_check_text(ac_net_reader *r, const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;

    r->line = 1;
    for (size_t i = 0; i < size;) {
        int n = utf8_length(s + i, size - i);

        if (!n)
            return ac_net_read_fail(r, "byte 0x%02x: a description must be UTF-8 text", s[i]);
        if ((s[i] < 0x20 && !strchr("\t\r\n", s[i])) || s[i] == 0 || s[i] == 0x7f)
            return ac_net_read_fail(r, "byte 0x%02x does not belong in a text", s[i]);
        if (s[i] == '\n')
            r->line++;
        i += (size_t)n;
    }
    /* An editor's byte order mark is no part of the first word. */
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        size -= 3;
    }
    r->at = text;
    r->end = text + size;
    r->line = 1;
    r->line_ended = false;
    return AC_OK;
}

static void skip_blank(ac_net_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
    if (r->at < r->end && *r->at == '#')
        while (r->at < r->end && *r->at != '\n')
            r->at++;
}

void ac_net_read_next(ac_net_reader *r)
{
    skip_blank(r);
    r->token = (ac_token){AC_TOKEN_END, r->at, 0};
    if (r->at == r->end || *r->at == '\n')
        return;
    if (strchr("(),=", *r->at)) {
        r->token.kind = AC_TOKEN_PUNCTUATION;
        r->at++;
    } else {
        r->token.kind = AC_TOKEN_WORD;
        while (r->at < r->end && !strchr(" \t\r\n#(),=", *r->at))
            r->at++;
    }
    r->token.size = (int)(r->at - r->token.text);
}

bool ac_net_read_line(ac_net_reader *r)
{
    for (;;) {
        if (r->line_ended) {
            if (r->at == r->end)
                return false;
            r->at++; /* the line end, where the last token was found */
            r->line++;
        }
        r->line_ended = true;
        ac_net_read_next(r);
        if (r->token.kind != AC_TOKEN_END)
            return true;
    }
}

bool ac_token_is(const ac_token *token, const char *text)
{
    size_t size = strlen(text);

    return token->kind != AC_TOKEN_END && (size_t)token->size == size &&
           !memcmp(token->text, text, size);
}

const char *ac_token_show(const ac_token *token, char buffer[80])
{
    int size = token->size;

    if (token->kind == AC_TOKEN_END)
        return "the end of the line";
    if (size > 60)
        /* Not in the middle of a UTF-8 sequence. */
        for (size = 60; size > 56 && ((unsigned char)token->text[size] & 0xc0) == 0x80; size--)
            ;
    snprintf(buffer, 80, "'%.*s%s'", size, token->text, size < token->size ? "..." : "");
    return buffer;
}

int ac_net_read_find_line(const ac_net_reader *r, const ac_token *name)
{
    ac_net_reader ahead = *r;

    while (ahead.token.kind != AC_TOKEN_END)
        ac_net_read_next(&ahead);
    while (ac_net_read_line(&ahead)) {
        bool same = ahead.token.kind == AC_TOKEN_WORD && ahead.token.size == name->size &&
                    !memcmp(ahead.token.text, name->text, (size_t)name->size);

        ac_net_read_next(&ahead);
        if (same && ac_token_is(&ahead.token, "="))
            return ahead.line;
        while (ahead.token.kind != AC_TOKEN_END)
            ac_net_read_next(&ahead);
    }
    return 0;
}

ac_status ac_net_read_int(ac_net_reader *r, const ac_token *token, const char *what, int low,
                          int high, int *value)
{
    char shown[80];
    long long number = 0;
    bool digits = token->kind == AC_TOKEN_WORD;

    for (int i = 0; digits && i < token->size; i++) {
        digits = token->text[i] >= '0' && token->text[i] <= '9';
        if (digits && number <= high) /* once beyond, it stays beyond */
            number = number * 10 + (token->text[i] - '0');
    }
    if (!digits || !token->size || number < low || number > high)
        return ac_net_read_fail(r, "%s must be a whole number from %d to %d, not %s", what, low,
                                high, ac_token_show(token, shown));
    *value = (int)number;
    return AC_OK;
}

ac_status ac_net_read_float(ac_net_reader *r, const ac_token *token, const char *what, double low,
                            double high, float *value)
{
    char shown[80], text[64], *rest = NULL;
    double number = NAN;

    if (token->kind == AC_TOKEN_WORD && token->size < (int)sizeof(text)) {
        memcpy(text, token->text, (size_t)token->size);
        text[token->size] = '\0';
        /* strtod() would also take inf, nan and hexadecimal numbers. */
        if (text[strspn(text, "0123456789+-.eE")] == '\0')
            number = strtod_l(text, &rest, r->locale);
        if (rest && (*rest || rest == text))
            number = NAN;
    }
    if (!(number >= low && number <= high))
        return ac_net_read_fail(r, "%s must be a number from %g to %g, not %s", what, low, high,
                                ac_token_show(token, shown));
    *value = (float)number;
    return AC_OK;
}
