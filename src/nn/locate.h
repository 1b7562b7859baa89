/* Models and networks by name. */
#ifndef AC_NN_LOCATE_H
#define AC_NN_LOCATE_H

#include "util/log.h"

/* The path of a model that a person names: the path itself, or the name of a model in
 * $AUTOCHROME_MODELS or among those that come with the program. *path is the caller's (free()). */
ac_status ac_model_locate(const char *name, const ac_log *log, char **path);
/* The same where a network's description does too: a .net file, or the name of one that comes with
 * the program. */
ac_status ac_network_locate(const char *name, const ac_log *log, char **path);

#endif
