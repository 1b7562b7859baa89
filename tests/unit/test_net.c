/* Network descriptions: the published networks, shapes, multiples, and what is said of mistakes. */
#include "nn/op.h"

#include <stdlib.h>

#include "test.h"

static ac_net *parse_file(const char *name)
{
    static char text[AC_NET_MAX_TEXT];
    ac_log log = test_log();
    char path[512];
    ac_net *net = NULL;
    size_t size;
    FILE *file;

    snprintf(path, sizeof(path), "%s/samples/nets/%s.net", AC_SOURCE_DIR, name);
    file = fopen(path, "rb");
    if (!CHECK(file))
        return NULL;
    size = fread(text, 1, sizeof(text), file);
    fclose(file);
    test_log_clear();
    ac_net_parse(text, size, path, &log, &net);
    CHECK_STR(test_state.message, "");
    return net;
}

static void test_published(void)
{
    static const struct {
        const char *name;
        int64_t parameters;
        int multiple, divisor;
    } nets[] = {
        {"landmark", 889082, 8, 1}, {"landmark-plain", 364026, 8, 1}, {"net1", 67458, 4, 1},
        {"net2", 330178, 8, 1},     {"net4", 1544826, 16, 1},         {"net5", 2594170, 16, 1},
        {"net6", 3643514, 16, 1},   {"mobile", 2988514, 32, 2},
    };

    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        ac_log log = test_log();
        ac_net *net = parse_file(nets[i].name);
        ac_shape *shapes;
        int y, x, last;

        if (!CHECK(net))
            continue;
        last = net->node_count;
        shapes = calloc((size_t)last + 1, sizeof(*shapes));
        CHECK_INT(ac_net_parameters(net), nets[i].parameters);
        ac_net_multiple(net, &y, &x);
        CHECK_INT(y, nets[i].multiple);
        CHECK_INT(x, nets[i].multiple);
        CHECK(net->has_output);
        CHECK_INT(ac_net_check_colours(net, &log), AC_OK);
        CHECK_INT(ac_net_shapes(net, 3, 192, 256, &log, shapes), AC_OK);
        CHECK_INT(shapes[last].n, 3);
        CHECK_INT(shapes[last].c, 2);
        CHECK_INT(shapes[last].h, 192 / nets[i].divisor);
        CHECK_INT(shapes[last].w, 256 / nets[i].divisor);
        if (nets[i].multiple < 32) {
            CHECK_INT(ac_net_shapes(net, 1, 608, 800, &log, shapes), AC_OK);
            CHECK_INT(shapes[last].h, 608);
            CHECK_INT(shapes[last].w, 800);
        }
        free(shapes);
        ac_net_destroy(&net);
        CHECK(!net);
    }
}

int main(void)
{
    test_published();
    return test_end();
}
