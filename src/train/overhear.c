#include "train/overhear.h"

#include <stdio.h>

static void write_message(void *opaque, ac_log_level level, const char *message)
{
    ac_overheard *heard = opaque;

    if (level != AC_LOG_ERROR && heard->others)
        ac_log_print(heard->others, level, "%s", message);
    else if (!heard->text[0] || (level == AC_LOG_ERROR && !heard->failed))
        snprintf(heard->text, sizeof(heard->text), "%s", message);
    heard->failed = heard->failed || level == AC_LOG_ERROR;
}

void ac_overhear(ac_overheard *heard, const ac_log *others)
{
    *heard = (ac_overheard){.others = others};
    heard->log = (ac_log){
        .write = write_message,
        .opaque = heard,
        .level = others ? others->level : AC_LOG_WARNING,
    };
}
