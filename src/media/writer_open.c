/* Opening an output: all that can be known to be wrong is said before the first frame. */
#include <libavutil/avstring.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/internal.h"
#include "media/segment_file.h"

static ac_status find_container(ac_writer *w, const char *format, const AVOutputFormat **of)
{
    bool picture;

    *of = av_guess_format(NULL, w->name, NULL);
    if (!*of && format)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "--format: FFmpeg knows no container and no kind of pictures '%s'; 'ffmpeg "
                       "-muxers' lists containers",
                       format);
    if (!*of)
        return ac_fail(
            w->log, AC_ERR_ARGUMENT,
            "%s: the name's ending says no container that FFmpeg knows; use .mkv, .mp4 or "
            ".mov, for a picture .png, .jpg or .tif",
            w->path);
    picture = !strcmp((*of)->name, "image2");
    if (picture && w->pipe)
        return ac_fail(w->log, AC_ERR_ARGUMENT, "%s: takes films: --format y4m, nut or matroska",
                       w->path);
    w->still = picture && (w->sequence || w->input->info.still);
    if (picture && !w->still)
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "%s: is a picture's name, but %s is a %s; name a film, such as .mkv, or a "
                       "pattern, such as frames/%%06d.png",
                       w->path, w->input->path, w->input->sequence ? "sequence" : "film");
    if (!picture && ((*of)->flags & AVFMT_NOFILE || (*of)->video_codec == AV_CODEC_ID_NONE))
        return ac_fail(w->log, AC_ERR_ARGUMENT,
                       "%s: %s holds no film in one file; use .mkv, .mp4 or .mov", w->path,
                       (*of)->long_name ? (*of)->long_name : (*of)->name);
    return AC_OK;
}

static void say_interlaced(const ac_writer *w)
{
    if (w->input->info.interlaced)
        ac_log_print(w->log, AC_LOG_WARNING,
                     "%s: is interlaced; each frame is coloured as a whole and stays interlaced%s",
                     w->input->path,
                     w->encoder->flags & AV_CODEC_FLAG_INTERLACED_DCT
                         ? ""
                         : ", though this encoder does not code fields apart");
}

static ac_status open_file(ac_writer *w)
{
    char *url;
    int error;

    if (w->pipe) {
        w->mux->pb = ac_pipe_io(w->pipe);
        w->mux->flags |= AVFMT_FLAG_CUSTOM_IO;
        return AC_OK;
    }
    url = av_asprintf("file:%s", w->temporary);
    error = url ? avio_open(&w->mux->pb, url, AVIO_FLAG_WRITE) : AVERROR(ENOMEM);
    /* mov reads its file again to put the index in front, under this name. */
    av_freep(&w->mux->url);
    w->mux->url = url;
    return error < 0 ? ac_writer_io_failed(w, error) : AC_OK;
}

static ac_status write_header(ac_writer *w)
{
    const AVOutputFormat *of = w->mux->oformat;
    AVDictionary *options = NULL;
    int error = 0;

    /* Players can begin before they have the whole file. */
    if (av_match_name(of->name, "mov,mp4,ipod,3gp,3g2,psp,f4v"))
        error = av_dict_set(&options, "movflags",
                            w->pipe ? "+frag_keyframe+empty_moov" : "+faststart", 0);
    /* A transport stream begins some time after zero; one that does already need not be moved. */
    if (!strcmp(of->name, "mpegts") && !w->input->cut_start &&
        ac_reader_origin(w->input) > AV_TIME_BASE)
        error = av_dict_set(&options, "mpegts_copyts", "1", 0);
    w->mux->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    ac_av_forget();
    if (error >= 0)
        error = avformat_write_header(w->mux, &options);
    av_dict_free(&options);
    if (w->mux->pb->error < 0)
        return ac_writer_io_failed(w, w->mux->pb->error);
    if (error < 0)
        return ac_fail(w->log, AC_ERR_UNSUPPORTED,
                       "%s: %s does not take these streams together: %s; .mkv may", w->path,
                       of->long_name, ac_av_why(error).text);
    return AC_OK;
}

static ac_status open_film(ac_writer *w, const AVOutputFormat *of)
{
    ac_status status;

    if (avformat_alloc_output_context2(&w->mux, (AVOutputFormat *)of, NULL, NULL) < 0)
        return ac_media_no_memory(w->log, w->path);
    TRY(ac_writer_add_streams(w));
    if (!w->pipe)
        TRY(ac_writer_make_temporary(w));
    TRY(open_file(w));
    TRY(write_header(w));
    return AC_OK;
fail:
    return status;
}

/* Pictures hold no streams beside. */
static ac_status check_dropped(const ac_writer *w)
{
    unsigned others = w->input->streams - 1;
    const char *home = w->strict ? "" : ", which are left out";

    if (!others)
        return AC_OK;
    ac_log_print(w->log, w->strict ? AC_LOG_ERROR : AC_LOG_WARNING,
                 "%s: pictures cannot hold sound or what else %s has beside the film (%u stream%s)"
                 "%s; .mkv can",
                 w->path, w->input->path, others, others == 1 ? "" : "s", home);
    return w->strict ? AC_ERR_UNSUPPORTED : AC_OK;
}

ac_status ac_writer_open(const ac_writer_params *params, const ac_log *log, ac_writer **writer)
{
    const char *path = params->target ? params->target : params->path;
    const ac_encoder_wish wish = {.codec = params->codec,
                                  .preset = params->preset,
                                  .pix_fmt = params->pix_fmt,
                                  .options = params->codec_options,
                                  .crf = params->crf,
                                  .threads = params->threads};
    ac_writer *w = calloc(1, sizeof(*w));
    ac_status status;

    *writer = NULL;
    if (!w)
        return ac_media_no_memory(log, params->path);
    w->log = log;
    w->input = params->input;
    w->overwrite = params->overwrite;
    w->strict = params->strict;
    w->last_pts = AV_NOPTS_VALUE;
    w->wish = wish;
    w->path = strdup(ac_pipe_is(params->path) ? "standard output" : path);
    w->shown = w->path;
    w->sequence = ac_writer_means_sequence(w->input, params, &w->name);
    w->packet = av_packet_alloc();
    w->folder = params->work_folder ? strdup(params->work_folder) : NULL;
    if (!w->path || !w->name || !w->packet || (params->work_folder && !w->folder)) {
        status = ac_media_no_memory(log, params->path);
        goto fail;
    }
    if (ac_pipe_is(params->path))
        TRY(ac_pipe_open_output(params->cancel, log, &w->pipe));
    else if (!w->sequence)
        TRY(ac_writer_check_path(w));
    TRY(find_container(w, params->format, &w->container));
    TRY(ac_writer_choose(w, &wish, w->container, &w->codec));
    TRY(ac_writer_open_encoder(w));
    TRY(ac_writer_make_luma_table(w));
    if (w->still)
        TRY(check_dropped(w));
    if (w->sequence)
        TRY(ac_writer_open_files(w, params));
    else if (w->still)
        TRY(ac_writer_make_temporary(w));
    else
        TRY(open_film(w, w->container));
    say_interlaced(w);
    *writer = w;
    return AC_OK;
fail:
    ac_writer_close(&w);
    return status;
}

void ac_writer_close(ac_writer **writer)
{
    ac_writer *w = writer ? *writer : NULL;

    if (!w)
        return;
    ac_segment_writer_destroy(&w->segment);
    avcodec_free_context(&w->encoder);
    if (w->mux && w->mux->pb && !w->pipe)
        avio_closep(&w->mux->pb);
    avformat_free_context(w->mux);
    ac_pipe_close(&w->pipe);
    av_packet_free(&w->packet);
    if (w->temporary)
        unlink(w->temporary);
    ac_writer_close_files(w);
    free(w->temporary);
    free(w->folder);
    free(w->name);
    free(w->final);
    free(w->path);
    free(w->map);
    free(w->last_dts);
    free(w->moved_shown);
    free(w->luma_table);
    free(w->durations);
    free(w);
    *writer = NULL;
}
