/* Lists of files' names. */
#include <string.h>

#include "fuzz.h"
#include "util/list_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"-", "list.txt", "a folder/list.txt"};

    for (int i = 0; i < 3; i++) {
        fuzz_messages messages = {0};
        ac_log log = fuzz_log(&messages);
        ac_list_file list;
        ac_status status = ac_list_file_parse((const char *)data, size, paths[i], &log, &list);

        fuzz_check_status(&messages, status);
        FUZZ_CHECK(status || list.count);
        for (size_t j = 0; j < list.count; j++)
            FUZZ_CHECK(list.names[j][0] && strlen(list.names[j]) <= size + strlen("a folder/"));
        ac_list_file_uninit(&list);
    }
    return 0;
}
