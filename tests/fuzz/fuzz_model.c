/* Models: .safetensors files with a description. */
#include "fuzz.h"
#include "nn/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_file file = fuzz_file_create(data, size);
    fuzz_messages messages = {0};
    ac_log log = fuzz_log(&messages);
    ac_model *model = NULL;
    ac_status status = ac_model_load(file.path, &log, &model);

    fuzz_check_status(&messages, status);
    FUZZ_CHECK(!model == (status != AC_OK));
    /* Every weight is in the file, in two bytes at least. */
    FUZZ_CHECK(!model || ac_model_count(model) <= (int64_t)size / 2);
    ac_model_destroy(&model);
    fuzz_file_close(&file);
    return 0;
}
