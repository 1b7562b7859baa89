/* What a training begins with and goes on from: first weights, rates of tensors, sizes, settings,
 * checkpoints, also damaged ones. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "train/begin.h"
#include "train/checkpoint.h"
#include "train/rare.h"
#include "train/settings.h"

#define PATH "begin_checkpoint.safetensors"

static const char net[] = "input L scale=0.01\n"
                          "x1 = conv2d(L, 4, kernel=4, stride=2, padding=1) batchnorm relu\n"
                          "x2 = conv2d(x1, 6, kernel=3, stride=2, padding=1)\n"
                          "up = conv_transpose2d(x2, 2, kernel=4, stride=4)\n"
                          "output ab scale=100\n";

static ac_model *make_model(const char *text, uint64_t seed)
{
    ac_log log = test_log();
    ac_model *model = NULL;

    CHECK_INT(ac_model_random(text, strlen(text), "a.net", seed, &log, &model), AC_OK);
    return model;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (CHECK(file)) {
        fputs(text, file);
        fclose(file);
    }
}

static void test_scales(void)
{
    static const char *const scale[] = {"x*=0.5", "x1_bn.*=2", "x2.bias=1e-3"};
    static const char *const freeze[] = {"*.running_*", "up.weight"};
    static const char *const all[] = {"*"};
    ac_log log = test_log();
    ac_model *model = make_model(net, 0);
    float *scales;

    CHECK_INT(ac_begin_scales(model, NULL, 0, NULL, 0, &log, &scales), AC_OK);
    for (int i = 0; i < model->tensor_count; i++)
        CHECK_NEAR(scales[i], 1, 0);
    free(scales);
    CHECK_INT(ac_begin_scales(model, scale, 3, freeze, 2, &log, &scales), AC_OK);
    for (int i = 0; i < model->tensor_count; i++) {
        const char *name = model->tensors[i].name;
        double expected = strstr(name, "running") ? 0 : strstr(name, "x1_bn") ? 2 : 0.5;

        expected = !strcmp(name, "x2.bias") ? 1e-3 : !strcmp(name, "up.bias") ? 1 : expected;
        CHECK_NEAR(scales[i], !strcmp(name, "up.weight") ? 0 : expected, 1e-9);
    }
    free(scales);
    test_log_clear();
    CHECK_INT(ac_begin_scales(model, NULL, 0, all, 1, &log, &scales), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "nothing is left to train");
    CHECK(!scales);
    ac_model_destroy(&model);
}

static void test_wrong_scales(void)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"x1.weight", "PATTERN=FACTOR"},
        {"=1", "PATTERN=FACTOR"},
        {"x1.*=", "must be a number from 0"},
        {"x1.*=-1", "must be a number from 0"},
        {"x1.*=1x", "must be a number"},
        {"x1.*=nan", "must be a number"},
        {"x1.*=inf", "must be a number"},
        {"y*=1", "'y*' is the name of no tensor of a.net; "
                 "there are: up.bias, up.weight, "},
    };
    static const char *const freeze[] = {"encoder*"};
    ac_log log = test_log();
    ac_model *model = make_model(net, 0);
    float *scales;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        test_log_clear();
        CHECK_INT(ac_begin_scales(model, &wrong[i].text, 1, NULL, 0, &log, &scales),
                  AC_ERR_ARGUMENT);
        CHECK_HAS(test_state.message, wrong[i].message);
    }
    CHECK_INT(ac_begin_scales(model, NULL, 0, freeze, 1, &log, &scales), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "--freeze: 'encoder*'");
    ac_model_destroy(&model);
}

static void test_sizes(void)
{
    ac_log log = test_log();
    ac_model *model = make_model(net, 0);
    ac_shape out;

    CHECK_INT(ac_begin_check_size(model, 8, 12, &log, &out), AC_OK);
    CHECK_INT(out.h, 8);
    CHECK_INT(out.w, 12);
    test_log_clear();
    CHECK_INT(ac_begin_check_size(model, 9, 12, &log, &out), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "multiples of 4; the nearest sizes are 8x12 and 12x12");
    CHECK_INT(ac_begin_check_size(model, 3, 3, &log, &out), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "the nearest sizes are 4x4");
    CHECK(!strstr(test_state.message, " and "));
    ac_model_destroy(&model);
}

/* From a model of the same beginning: what fits is taken, the rest drawn. */
static void test_init(void)
{
    static const char other[] = "input L scale=0.01\n"
                                "x1 = conv2d(L, 4, kernel=4, stride=2, padding=1) batchnorm relu\n"
                                "x2 = conv2d(x1, 8, kernel=3, padding=1)\n"
                                "output ab\n";
    ac_log log = test_log();
    ac_model *from = make_model(other, 5), *drawn = make_model(net, 1), *model = NULL;
    ac_begin_params params = {.net = "begin.net", .init = "begin.safetensors", .seed = 1};

    write_text("begin.net", net);
    CHECK_INT(ac_model_save(from, "begin.safetensors", false, &log), AC_OK);
    if (!CHECK_INT(ac_begin_model(&params, &log, &model), AC_OK))
        return;
    CHECK_INT(model->tensor_count, drawn->tensor_count);
    for (int i = 0; i < model->tensor_count; i++) {
        const ac_tensor *t = &model->tensors[i];
        const ac_model *same = !strncmp(t->name, "x1", 2) ? from : drawn;
        const ac_tensor *expected = NULL;

        for (int j = 0; j < same->tensor_count; j++)
            if (!strcmp(same->tensors[j].name, t->name))
                expected = &same->tensors[j];
        CHECK(expected &&
              !memcmp(t->data, expected->data, (size_t)ac_tensor_count(t) * sizeof(float)));
    }
    ac_model_destroy(&model);

    /* `other` has 8 channels: no colours. */
    params.net = NULL;
    test_log_clear();
    CHECK_INT(ac_begin_model(&params, &log, &model), AC_ERR_FORMAT);
    CHECK_HAS(test_state.message, "8");
    write_text("begin.net", "input L\ny = conv2d(L, 2, kernel=1)\noutput ab\n");
    params.net = "begin.net";
    CHECK_INT(ac_begin_model(&params, &log, &model), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "none of its tensors");
    ac_model_destroy(&from);
    ac_model_destroy(&drawn);
}

static ac_train_settings some_settings(void)
{
    static const char *const scale[] = {"x1*=0.1"};

    return (ac_train_settings){.network = "a.net",
                               .epochs = 3,
                               .batch = 4,
                               .accumulate = 1,
                               .rate = {.rate = 0.001, .every = 1},
                               .loss = &ac_loss_huber,
                               .huber_delta = 0.1 + 0.2,
                               .height = 8,
                               .width = 8,
                               .short_side = 8,
                               .lr_scale = scale,
                               .lr_scale_count = 1};
}

static void test_settings(void)
{
    ac_train_settings s = some_settings();
    ac_log log = test_log();
    json_t *before = ac_train_settings_list(&s), *now;

    CHECK_STR(json_string_value(json_object_get(before, "lr")), "0.001");
    CHECK_STR(json_string_value(json_object_get(before, "huber-delta")), "0.30000000000000004");
    CHECK_STR(json_string_value(json_object_get(before, "lr-scale")), "x1*=0.1");
    s.epochs = 5;
    s.steps = 9;
    now = ac_train_settings_list(&s);
    test_log_clear();
    CHECK_INT(ac_train_settings_compare(before, now, "there", &log), AC_OK);
    json_decref(now);

    s.rate.rate = 0.002;
    now = ac_train_settings_list(&s);
    CHECK_INT(ac_train_settings_compare(before, now, "there", &log), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "there: its run has lr 0.001, this command has 0.002");
    json_decref(now);

    s.rate = (ac_rate_params){.kind = AC_RATE_COSINE, .rate = 0.001};
    now = ac_train_settings_list(&s);
    CHECK_INT(ac_train_settings_compare(now, now, "there", &log), AC_OK);
    json_decref(before);
    s.epochs = 4;
    before = ac_train_settings_list(&s);
    CHECK_INT(ac_train_settings_compare(before, now, "there", &log), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "epochs 4, this command has 5");
    json_decref(now);

    s.loss = &ac_loss_mse;
    now = ac_train_settings_list(&s);
    json_object_del(now, "loss");
    json_object_set_new(now, "loss", json_string("huber"));
    CHECK_INT(ac_train_settings_compare(before, now, "there", &log), AC_ERR_ARGUMENT);
    CHECK_HAS(test_state.message, "huber-delta 0.30000000000000004, this command has (none)");
    json_decref(before);
    json_decref(now);
}

static ac_checkpoint *make_checkpoint(const ac_model *model)
{
    ac_train_settings s = some_settings();
    ac_log log = test_log();
    ac_checkpoint *c = NULL;

    if (!CHECK_INT(ac_checkpoint_create(model, true, true, &log, &c), AC_OK))
        return NULL;
    for (int i = 0; i < AC_TRAIN_STATE_COUNT; i++)
        for (int64_t k = 0; c->states[i] && k < c->count; k++)
            c->states[i][k] = (float)(i + 1) + (float)k / 3;
    for (int i = 0; i < AC_RARE_COUNT; i++)
        c->rare[i] = (float)i / 7;
    c->settings = ac_train_settings_list(&s);
    c->data = 0xfedcba9876543210u;
    snprintf(c->device, sizeof(c->device), "a device");
    c->place = (ac_run_place){.epoch = 2,
                              .cursor = 123456,
                              .step = 777,
                              .seconds = 0.1,
                              .epoch_loss = 1.0 / 3,
                              .epoch_steps = 77,
                              .last_loss = 2.0 / 3,
                              .last_rate = 1e-3,
                              .row_due = true,
                              .loss = NAN,
                              .validation = 7,
                              .rgb = 8,
                              .gray = 9,
                              .gray_rgb = 10,
                              .best = 6.5,
                              .best_epoch = 1};
    return c;
}

static void test_round_trip(void)
{
    ac_model *model = make_model(net, 0), *read = NULL;
    ac_checkpoint *c = make_checkpoint(model), *d = NULL;
    ac_log log = test_log();

    test_log_clear();
    CHECK_INT(ac_checkpoint_save(c, model, PATH, &log), AC_OK);
    if (!CHECK_INT(ac_checkpoint_load(PATH, model, &log, &d), AC_OK))
        fprintf(stderr, "    %s\n", test_state.message);
    for (int i = 0; d && i < AC_TRAIN_STATE_COUNT; i++)
        CHECK(!c->states[i] == !d->states[i] &&
              (!c->states[i] ||
               !memcmp(c->states[i], d->states[i], (size_t)c->count * sizeof(float))));
    if (d) {
        CHECK(!memcmp(c->rare, d->rare, AC_RARE_COUNT * sizeof(float)));
        CHECK(json_equal(c->settings, d->settings));
        CHECK(c->data == d->data);
        CHECK_STR(d->device, "a device");
        CHECK_INT(d->place.epoch, 2);
        CHECK_INT(d->place.cursor, 123456);
        CHECK_INT(d->place.step, 777);
        CHECK_NEAR(d->place.seconds, 0.1, 0);
        CHECK_NEAR(d->place.epoch_loss, 1.0 / 3, 0);
        CHECK_INT(d->place.epoch_steps, 77);
        CHECK_NEAR(d->place.last_loss, 2.0 / 3, 0);
        CHECK_NEAR(d->place.last_rate, 1e-3, 0);
        CHECK(d->place.row_due && isnan(d->place.loss));
        CHECK_NEAR(d->place.best, 6.5, 0);
        CHECK_INT(d->place.best_epoch, 1);
    }
    /* It is a model, too. */
    CHECK_INT(ac_model_load(PATH, &log, &read), AC_OK);
    ac_model_destroy(&read);
    ac_checkpoint_destroy(&c);
    ac_checkpoint_destroy(&d);
    ac_model_destroy(&model);
}

static void test_finite(void)
{
    ac_model *model = make_model(net, 0);
    ac_checkpoint *c = make_checkpoint(model);
    const char *name = NULL;

    CHECK(ac_checkpoint_is_finite(c, model, &name));
    c->states[AC_TRAIN_MOMENT2][c->count - 1] = INFINITY;
    CHECK(!ac_checkpoint_is_finite(c, model, &name));
    CHECK_STR(name, model->tensors[model->tensor_count - 1].name);
    c->states[AC_TRAIN_WEIGHTS][0] = NAN;
    CHECK(!ac_checkpoint_is_finite(c, model, &name));
    CHECK_STR(name, model->tensors[0].name);
    ac_checkpoint_destroy(&c);
    ac_model_destroy(&model);
}

/* Puts `to` into the place of `from`, of the same length. */
static void patch(const char *from, const char *to)
{
    FILE *file = fopen(PATH, "r+");
    char bytes[16384];
    size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    const char *at = memmem(bytes, size, from, strlen(from));

    CHECK(strlen(from) == strlen(to));
    if (CHECK(at)) {
        fseek(file, at - bytes, SEEK_SET);
        fputs(to, file);
    } else {
        fprintf(stderr, "    %s\n", from);
    }
    if (file)
        fclose(file);
}

static void test_damaged(void)
{
    static const struct {
        const char *from, *to, *message;
    } damages[] = {
        {"\"version\\\": 1", "\"version\\\": 2", "another version"},
        {"\"version\\\": 1", "\"versiom\\\": 1", "'version'"},
        {"\"step\\\": 777,", "\"step\\\": -77,", "'step'"},
        {"\"step\\\": 777,", "\"step\\\": 1e9,", "'step'"},
        {"\"cursor\\\": 123456", "\"cursor\\\": null  ", "'cursor'"},
        {"\"epoch_steps\\\": 77", "\"epoch_steps\\\": 7e", "record"},
        {"\"best_epoch\\\": 1", "\"best_epoch\\\": x", "record"},
        {"\"seconds\\\": 0.1", "\"seconds\\\": -.1", "record"},
        {"fedcba9876543210", "fedcba987654321x", "'data'"},
        {"adam/moment2", "adam/moment3", "adam/moment2"},
        {"\"x2.weight\"", "\"x2.weighs\"", "x2.weight"},
        {"kernel=3", "kernel=5", "another network"},
        {"autochrome.checkpoint", "autochrome.checkpoins", "is no checkpoint"},
    };
    ac_model *model = make_model(net, 0);
    ac_checkpoint *c = make_checkpoint(model), *d = NULL;
    ac_log log = test_log();

    for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        CHECK_INT(ac_checkpoint_save(c, model, PATH, &log), AC_OK);
        patch(damages[i].from, damages[i].to);
        test_log_clear();
        CHECK(ac_checkpoint_load(PATH, model, &log, &d) < 0 && !d);
        CHECK_INT(test_state.messages, 1);
        CHECK_HAS(test_state.message, damages[i].message);
        CHECK_HAS(test_state.message, PATH);
    }
    /* Values: what is not finite, second moments that are negative. */
    c->states[AC_TRAIN_MOMENT2][3] = -1;
    CHECK_INT(ac_checkpoint_save(c, model, PATH, &log), AC_OK);
    CHECK_INT(ac_checkpoint_load(PATH, model, &log, &d), AC_ERR_FORMAT);
    CHECK_HAS(test_state.message, "'adam/moment2' has the value -1 at place 3");
    c->states[AC_TRAIN_MOMENT2][3] = NAN;
    CHECK_INT(ac_checkpoint_save(c, model, PATH, &log), AC_OK);
    CHECK_INT(ac_checkpoint_load(PATH, model, &log, &d), AC_ERR_FORMAT);
    /* Cut off. */
    CHECK(!truncate(PATH, 3000));
    CHECK_INT(ac_checkpoint_load(PATH, model, &log, &d), AC_ERR_FORMAT);
    ac_checkpoint_destroy(&c);
    ac_model_destroy(&model);
}

int main(void)
{
    test_scales();
    test_wrong_scales();
    test_sizes();
    test_init();
    test_settings();
    test_round_trip();
    test_finite();
    test_damaged();
    return test_end();
}
