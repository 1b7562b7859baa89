/* Where the files lie that come with the program: models/ and nets/. */
#ifndef AC_UTIL_DATA_FOLDER_H
#define AC_UTIL_DATA_FOLDER_H

/* Of the first of these that is there: what was installed with this program or library, wherever
 * that was put as a whole; the source tree; what was installed under the prefix that the build was
 * told. The caller's (free()); NULL: memory ran out. */
char *ac_data_folder(void);

#endif
