/* Measurements of networks as tables and as JSON. */
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/output.h"
#include "util/text.h"

static double rate(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : 0;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

void ac_bench_print_machine(const ac_bench_machine *m)
{
    char name[300], driver[300];

    printf("device   %s, %s\n", ac_text_clean(m->device->name, false, name, sizeof(name)),
           ac_text_clean(m->device->driver, false, driver, sizeof(driver)));
    if (m->has_peak)
        printf("peak     %.1f GFLOP/s (%s), %.1f GB/s (%s)\n", m->peak.flops / 1e9, m->peak.fma,
               m->peak.bytes / 1e9, m->peak.copy);
    if (!m->layers)
        return;
    printf("layers   %s\n", m->timestamps ? "timed by the device's timestamps"
                                          : "timed one by one by the clock, each with its "
                                            "submission: the device has no timestamps, or they "
                                            "were not wanted");
}

static double sum_of_parts(const ac_bench_pass *pass)
{
    double sum = 0;

    for (int i = 0; i < pass->part_count; i++)
        sum += pass->seconds[i];
    return sum;
}

static int layer_width(const ac_bench_pass *pass)
{
    int width = (int)strlen("layer");

    for (int i = 0; i < pass->part_count; i++) {
        const ac_part *part = &pass->parts[i];
        int used = (int)(strlen(part->name) + 1 + strlen(part->operation));

        width = used > width ? used : width;
    }
    return width;
}

static void print_part(const ac_part *part, double seconds, double sum, int width,
                       const ac_bench_machine *m)
{
    char layer[sizeof(part->name) + sizeof(part->operation)];
    double flops = rate(2.0 * (double)part->macs, seconds);
    double bytes = rate((double)part->bytes, seconds);

    snprintf(layer, sizeof(layer), "%s%s%s", part->name, *part->operation ? " " : "",
             part->operation);
    printf("  %-*s %9.3f %5.1f%%", width, layer, seconds * 1e3, 100 * share(seconds, sum));
    if (part->macs)
        printf(" %9.1f", flops / 1e9);
    else
        printf(" %9s", "-");
    if (part->macs && m->has_peak)
        printf(" %4.0f%%", 100 * share(flops, m->peak.flops));
    else
        printf(" %5s", "-");
    printf(" %9.2f %7.2f", (double)part->bytes / 1e6, bytes / 1e9);
    if (m->has_peak)
        printf(" %4.0f%%", 100 * share(bytes, m->peak.bytes));
    else
        printf(" %5s", "-");
    printf("  %s\n", part->kernels);
}

static void print_pass(const char *what, const ac_bench_pass *pass, int batch,
                       const ac_bench_machine *m)
{
    const ac_bench_times *t = &pass->times;
    double flops = rate(2.0 * (double)pass->macs, t->median), sum = sum_of_parts(pass);
    char memory[32];
    int layer;

    if (!pass->measured) {
        if (*pass->why)
            printf("\n%s: not measured: %s\n", what, pass->why);
        return;
    }
    printf("\n%s: %.3f ms (median of %d; %.3f to %.3f), %.2f pictures/s\n", what, t->median * 1e3,
           t->runs, t->least * 1e3, t->most * 1e3, rate(batch, t->median));
    printf("  %.1f GFLOP/s", flops / 1e9);
    if (m->has_peak)
        printf(", %.0f%% of the peak", 100 * share(flops, m->peak.flops));
    printf("; %s of device memory%s", ac_format_bytes(pass->memory, memory, sizeof(memory)),
           pass->half ? ", values in float16" : "");
    if (m->timestamps)
        printf("; the queue is idle for %.3f ms", pass->idle * 1e3);
    putchar('\n');
    if (!m->layers)
        return;
    layer = layer_width(pass);
    printf("\n  %-*s %9s %6s %9s %5s %9s %7s %5s  %s\n", layer, "layer", "ms", "share", "GFLOP/s",
           "peak", "MB least", "GB/s", "peak", "kernels");
    for (int i = 0; i < pass->part_count; i++)
        print_part(&pass->parts[i], pass->seconds[i], sum, layer, m);
    printf("  %-*s %9.3f\n", layer, "sum", sum * 1e3);
}

void ac_bench_print(const ac_bench *b, const ac_bench_machine *m)
{
    char path[1024];

    printf("\n%s%s, %dx%d, %d picture%s\n", ac_text_clean(b->path, false, path, sizeof(path)),
           b->drawn ? " (weights drawn)" : "", b->height, b->width, b->batch,
           b->batch == 1 ? "" : "s");
    print_pass("forward", &b->forward, b->batch, m);
    if (b->train_step.measured && (b->train_height != b->height || b->train_width != b->width))
        printf("\nthe training step is of %dx%d, which the network's strides fit\n",
               b->train_height, b->train_width);
    print_pass("training step", &b->train_step, b->batch, m);
}

/* JSON. */

static json_t *share_json(double part, double whole, bool known)
{
    return known ? json_real(share(part, whole)) : json_null();
}

static json_t *part_json(const ac_part *part, double seconds, const ac_bench_machine *m)
{
    double flops = rate(2.0 * (double)part->macs, seconds);
    double bytes = rate((double)part->bytes, seconds);

    return json_pack("{s:o, s:s, s:s, s:i, s:f, s:I, s:f, s:o, s:I, s:f, s:o}", "name",
                     ac_output_json_text(part->name), "operation", part->operation, "kernels",
                     part->kernels, "dispatches", part->dispatches, "median_s", seconds,
                     "multiply_adds", (json_int_t)part->macs, "gflops", flops / 1e9,
                     "share_of_peak_flops", share_json(flops, m->peak.flops, m->has_peak), "bytes",
                     (json_int_t)part->bytes, "gbytes_per_s", bytes / 1e9, "share_of_peak_bytes",
                     share_json(bytes, m->peak.bytes, m->has_peak));
}

static json_t *pass_json(const ac_bench_pass *pass, int batch, int height, int width,
                         const ac_bench_machine *m)
{
    const ac_bench_times *t = &pass->times;
    double flops = rate(2.0 * (double)pass->macs, t->median);
    double bytes = rate((double)pass->bytes, t->median);
    json_t *layers = json_array();

    if (!pass->measured) {
        json_decref(layers);
        return json_null();
    }
    for (int i = 0; i < pass->part_count; i++)
        json_array_append_new(layers, part_json(&pass->parts[i], pass->seconds[i], m));
    return json_pack(
        "{s:f, s:f, s:f, s:i, s:i, s:i, s:i, s:f, s:I, s:f, s:o, s:I, s:f, s:o, s:I, s:s, s:o,"
        " s:o, s:o, s:o}",
        "median_s", t->median, "min_s", t->least, "max_s", t->most, "runs", t->runs, "batch", batch,
        "height", height, "width", width, "pictures_per_s", rate(batch, t->median), "multiply_adds",
        (json_int_t)pass->macs, "gflops", flops / 1e9, "share_of_peak_flops",
        share_json(flops, m->peak.flops, m->has_peak), "bytes", (json_int_t)pass->bytes,
        "gbytes_per_s", bytes / 1e9, "share_of_peak_bytes",
        share_json(bytes, m->peak.bytes, m->has_peak), "device_memory", (json_int_t)pass->memory,
        "storage", pass->half ? "float16" : "float32", "device_s",
        m->timestamps ? json_real(pass->device) : json_null(), "idle_s",
        m->timestamps ? json_real(pass->idle) : json_null(), "sum_of_layers_s",
        m->layers ? json_real(sum_of_parts(pass)) : json_null(), "layers", layers);
}

static json_t *bench_json(const ac_bench *b, const ac_bench_machine *m)
{
    return json_pack(
        "{s:o, s:b, s:I, s:i, s:i, s:i, s:o, s:o, s:o}", "network", ac_output_json_text(b->path),
        "weights_drawn", b->drawn, "parameters", (json_int_t)b->parameters, "batch", b->batch,
        "height", b->height, "width", b->width, "forward",
        pass_json(&b->forward, b->batch, b->height, b->width, m), "train_step",
        pass_json(&b->train_step, b->batch, b->train_height, b->train_width, m),
        "train_step_missing", *b->train_step.why ? json_string(b->train_step.why) : json_null());
}

json_t *ac_bench_json(const ac_bench *benches, int count, const ac_bench_machine *m)
{
    const char *timed_by = !m->layers ? NULL : m->timestamps ? "timestamps" : "submissions";
    json_t *root, *list = json_array(), *peak = json_null();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, bench_json(&benches[i], m));
    if (m->has_peak)
        peak = json_pack("{s:f, s:s, s:f, s:s}", "gflops", m->peak.flops / 1e9, "fma_kernel",
                         m->peak.fma, "gbytes_per_s", m->peak.bytes / 1e9, "copy_kernel",
                         m->peak.copy);
    root = json_pack("{s:{s:i, s:o, s:o, s:b}, s:o, s:s?}", "device", "index", m->device->index,
                     "name", ac_output_json_text(m->device->name), "driver",
                     ac_output_json_text(m->device->driver), "timestamps", m->device->timestamps,
                     "peak", peak, "layers_timed_by", timed_by);
    /* One measurement is what is asked for most: its fields are the root's. */
    if (count > 0)
        json_object_update(root, json_array_get(list, 0));
    json_object_set_new(root, "measurements", list);
    return root;
}
