#include <string.h>

#include "nn/net_read.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const ac_token *token)
{
    if (token->kind != AC_TOKEN_WORD || !is_letter(token->text[0]))
        return false;
    for (int i = 0; i < token->size; i++)
        if (!is_letter(token->text[i]) && token->text[i] != '.' &&
            !(token->text[i] >= '0' && token->text[i] <= '9'))
            return false;
    return token->size <= AC_NET_MAX_NAME;
}

/* The slot of a name, or the free one where it belongs. */
static ac_net_name *slot(const ac_net_reader *r, const char *name, size_t size)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    for (;; hash++) {
        ac_net_name *s = &r->names[hash % AC_NET_NAME_SLOTS];

        if (!s->name || (strlen(s->name) == size && !memcmp(s->name, name, size)))
            return s;
    }
}

ac_net_name *ac_net_name_find(const ac_net_reader *r, const char *name, int size)
{
    ac_net_name *s = slot(r, name, (size_t)size);

    return s->name ? s : NULL;
}

ac_status ac_net_name_add(ac_net_reader *r, const ac_token *name, const char *suffix, int value,
                          const char **copy)
{
    char shown[80];
    size_t size = (size_t)name->size, suffix_size = strlen(suffix);
    ac_net_name *s;

    if (!is_name(name))
        return ac_net_read_fail(r,
                                "%s cannot be a name: letters, digits, '_' and '.', not beginning "
                                "with a digit, at most %d",
                                ac_token_show(name, shown), AC_NET_MAX_NAME);
    memcpy(r->strings, name->text, size);
    memcpy(r->strings + size, suffix, suffix_size + 1);
    s = slot(r, r->strings, size + suffix_size);
    if (s->name)
        return ac_net_read_fail(r, "'%s' is %s line %d already; choose another name", s->name,
                                s->value < 0 ? "taken by the batchnorm of" : "defined on", s->line);
    *s = (ac_net_name){r->strings, value, r->line};
    *copy = r->strings;
    r->strings += size + suffix_size + 1;
    return AC_OK;
}
