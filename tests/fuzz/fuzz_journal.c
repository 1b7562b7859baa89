/* Records of jobs, as journals and parts have them. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "video/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ac_record record, again;
    ac_status status = ac_record_parse((const char *)data, size, &record);
    char difference[400], *text;

    FUZZ_CHECK(status || (record.settings && record.input));
    FUZZ_CHECK(!status || (!record.settings && !record.count));
    for (size_t i = 0; !status && i < record.count; i++) {
        FUZZ_CHECK(!i || record.segments[i - 1].index < record.segments[i].index);
        FUZZ_CHECK(ac_record_find(&record, record.segments[i].index) == &record.segments[i]);
    }
    if (!status) {
        FUZZ_CHECK(ac_record_frames(&record) >= 0);
        /* What is written is what is read. */
        FUZZ_CHECK(!ac_record_print(&record, &text));
        FUZZ_CHECK(!ac_record_parse(text, strlen(text), &again));
        FUZZ_CHECK(again.count == record.count && again.complete == record.complete);
        FUZZ_CHECK(!ac_record_difference(record.settings, again.settings, NULL, difference,
                                         sizeof(difference)));
        ac_record_uninit(&again);
        free(text);
    }
    ac_record_uninit(&record);
    return 0;
}
