/* .npy files, header and values. */
#include <math.h>

#include "cli/npy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_file file = fuzz_file_create(data, size);
    fuzz_messages messages = {0};
    ac_log log = fuzz_log(&messages);
    ac_npy npy;
    ac_status status = ac_npy_open(file.path, &log, &npy);
    char shape[192];
    float values[64];

    fuzz_check_status(&messages, status);
    if (!status) {
        FUZZ_CHECK(npy.count >= 0 && npy.count <= (int64_t)size / 2);
        FUZZ_CHECK(*ac_npy_show_shape(&npy, shape, sizeof(shape)) == '(');
        for (int64_t at = 0; !status && at < npy.count; at += 64) {
            int64_t now = npy.count - at < 64 ? npy.count - at : 64;

            status = ac_npy_read(&npy, at, now, values, &log);
            for (int64_t i = 0; !status && i < now; i++)
                FUZZ_CHECK(isfinite(values[i]));
        }
        fuzz_check_status(&messages, status);
        ac_npy_close(&npy);
    }
    fuzz_file_close(&file);
    return 0;
}
