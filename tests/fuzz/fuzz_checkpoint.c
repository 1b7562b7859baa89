/* Checkpoints of a training, of one small network. */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "train/checkpoint.h"

#define NETWORK "input L\nx = conv2d(L, 2, kernel=1)\noutput ab\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ac_model *model;
    fuzz_file file = fuzz_file_create(data, size);
    fuzz_messages messages = {0};
    ac_log log = fuzz_log(&messages);
    ac_checkpoint *checkpoint = NULL;
    ac_status status;
    const char *name;

    if (!model)
        FUZZ_CHECK(!ac_model_random(NETWORK, strlen(NETWORK), "fuzz.net", 1, NULL, &model));
    status = ac_checkpoint_load(file.path, model, &log, &checkpoint);
    fuzz_check_status(&messages, status);
    FUZZ_CHECK(!checkpoint == (status != AC_OK));
    if (checkpoint) {
        FUZZ_CHECK(ac_checkpoint_is_finite(checkpoint, model, &name));
        FUZZ_CHECK(checkpoint->settings && checkpoint->place.step >= 0);
        FUZZ_CHECK(isfinite(checkpoint->place.seconds));
    }
    ac_checkpoint_destroy(&checkpoint);
    fuzz_file_close(&file);
    return 0;
}
