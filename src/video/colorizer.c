#include "video/colorizer.h"

ac_status ac_colorizer_open(const ac_colorizer_params *params, const ac_log *log,
                            ac_colorizer *colorizer)
{
    ac_status status = AC_OK;

    *colorizer = (ac_colorizer){0};
    TRY(ac_model_load(params->model, log, &colorizer->model));
    TRY(ac_net_check_colours(colorizer->model->net, log));
    TRY(ac_device_open(
        &(ac_device_params){.select = params->device, .validation = params->validation}, log,
        &colorizer->device));
    return AC_OK;
fail:
    ac_colorizer_close(colorizer);
    return status;
}

void ac_colorizer_close(ac_colorizer *colorizer)
{
    ac_device_close(&colorizer->device);
    ac_model_destroy(&colorizer->model);
}
