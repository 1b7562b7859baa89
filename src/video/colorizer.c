#include "video/colorizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ac_status add(const ac_colorizer_params *params, const char *select, const ac_log *log,
                     ac_colorizer *colorizer)
{
    const ac_device_params device = {.select = select, .validation = params->validation};

    if (!colorizer->device)
        return ac_device_open(&device, log, &colorizer->device);
    if (colorizer->more_count == AC_COLORIZER_MORE)
        return ac_fail(log, AC_ERR_ARGUMENT, "more than %d devices are too many",
                       1 + AC_COLORIZER_MORE);
    return ac_device_open(&device, log, &colorizer->more[colorizer->more_count++]);
}

static ac_status add_all(const ac_colorizer_params *params, const ac_log *log,
                         ac_colorizer *colorizer)
{
    ac_device_info *list = NULL;
    int count = 0, chosen;
    bool others = false;
    ac_status status;

    TRY(ac_device_list(log, &list, &count, &chosen));
    for (int i = 0; i < count; i++)
        others |= list[i].usable && list[i].type != AC_DEVICE_CPU;
    for (int i = 0; i < count; i++) {
        char select[16];

        if (!list[i].usable || (others && list[i].type == AC_DEVICE_CPU))
            continue;
        snprintf(select, sizeof(select), "%d", list[i].index);
        TRY(add(params, select, log, colorizer));
    }
    if (!colorizer->device) /* says why */
        status = add(params, NULL, log, colorizer);
fail:
    free(list);
    return status;
}

static ac_status open_devices(const ac_colorizer_params *params, const ac_log *log,
                              ac_colorizer *colorizer)
{
    char *copy, *rest, *one;
    ac_status status = AC_OK;

    if (!params->device)
        return add(params, NULL, log, colorizer);
    if (!strcmp(params->device, "all"))
        return add_all(params, log, colorizer);
    rest = copy = strdup(params->device);
    if (!copy)
        return ac_fail(log, AC_ERR_MEMORY, "out of memory");
    while (!status && (one = strsep(&rest, ",")))
        status = *one ? add(params, one, log, colorizer)
                      : ac_fail(log, AC_ERR_ARGUMENT, "--device '%s': a device is missing",
                                params->device);
    free(copy);
    return status;
}

ac_status ac_colorizer_open(const ac_colorizer_params *params, const ac_log *log,
                            ac_colorizer *colorizer)
{
    ac_status status = AC_OK;

    *colorizer = (ac_colorizer){0};
    TRY(ac_model_load(params->model, log, &colorizer->model));
    TRY(ac_net_check_colours(colorizer->model->net, log));
    TRY(open_devices(params, log, colorizer));
    return AC_OK;
fail:
    ac_colorizer_close(colorizer);
    return status;
}

void ac_colorizer_close(ac_colorizer *colorizer)
{
    while (colorizer->more_count)
        ac_device_close(&colorizer->more[--colorizer->more_count]);
    ac_device_close(&colorizer->device);
    ac_model_destroy(&colorizer->model);
}
