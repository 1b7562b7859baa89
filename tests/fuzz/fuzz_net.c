/* Network descriptions: the text, and the shapes of what it says. */
#include <stdlib.h>

#include "fuzz.h"
#include "nn/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_messages messages = {0};
    ac_log log = fuzz_log(&messages);
    ac_net *net = NULL;
    ac_status status = ac_net_parse((const char *)data, size, "fuzz.net", &log, &net);
    ac_shape *shapes;
    int y, x;

    fuzz_check_status(&messages, status);
    FUZZ_CHECK(!net == (status != AC_OK));
    if (!net)
        return 0;
    ac_net_multiple(net, &y, &x);
    FUZZ_CHECK(y >= 1 && x >= 1 && y <= AC_NET_MAX_MULTIPLE && x <= AC_NET_MAX_MULTIPLE);
    FUZZ_CHECK(ac_net_parameters(net) >= 0);
    shapes = calloc((size_t)net->node_count + 1, sizeof(*shapes));
    FUZZ_CHECK(shapes);
    for (int scale = 1; scale <= 64; scale *= 8) {
        messages.errors = 0;
        status = ac_net_shapes(net, 1, y * scale, x * scale, &log, shapes);
        fuzz_check_status(&messages, status);
        for (int i = 0; !status && i < net->node_count; i++) {
            const ac_node *node = &net->nodes[i];
            ac_shape in = shapes[node->inputs[0]], out = shapes[i + 1];

            FUZZ_CHECK(out.c == net->channels[i + 1] && out.h >= 1 && out.w >= 1);
            FUZZ_CHECK(ac_node_macs(node, in, out) >= 0);
        }
    }
    free(shapes);
    ac_net_destroy(&net);
    return 0;
}
