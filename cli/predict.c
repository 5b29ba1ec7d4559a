/* twofold predict: one line of answer a text, in order, as soon as it can be given. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/lines.h"
#include "cli/steps.h"
#include "common/available.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "compare/text_model.h"
#include "datasets/rows.h"

enum { BATCH_ROWS = 1024, BATCH_BYTES = 1 << 22 };

/* Texts that are answered together, and what is counted along the way. */
typedef struct Answering {
    Run *run;
    TextModel *model;
    Observer observer; /* the run's, without progress inside a batch */
    Buffer text;       /* of the batch, end to end */
    int64_t starts[BATCH_ROWS + 1];
    char *ids[BATCH_ROWS]; /* malloc */
    int rows;
    int64_t done, replaced, replaced_texts, truncated;
    int *order; /* (classes) class ids, the likeliest first */
} Answering;

/* ---- output ---- */

static int shown_labels(const Answering *answering) {
    int classes = text_model_classes(answering->model);
    return answering->run->settings.top_k < classes ? answering->run->settings.top_k : classes;
}

/* The `count` most probable classes, the lower id first among equals; without probabilities the predicted one, then the others by
 * id. */
static void order_classes(const Answering *answering, const Predictions *predictions, int row, int count) {
    int classes = predictions->classes, *order = answering->order;
    const double *probabilities = predictions->probabilities ? predictions->probabilities + (size_t)row * (size_t)classes : NULL;
    for (int k = 0; k < classes; k++) order[k] = k;
    for (int i = 0; i < count; i++) {
        int best = i;
        for (int j = i + 1; j < classes; j++) {
            bool is_better = probabilities ? probabilities[order[j]] > probabilities[order[best]]
                                           : i == 0 && order[j] == predictions->predicted[row];
            if (is_better) best = j;
        }
        int chosen = order[best];
        memmove(order + i + 1, order + i, (size_t)(best - i) * sizeof *order);
        order[i] = chosen;
    }
}

static double score_of(const Predictions *predictions, int row, int label) {
    return predictions->probabilities ? predictions->probabilities[(size_t)row * (size_t)predictions->classes + (size_t)label]
                                      : (double)NAN;
}

static void add_json(Buffer *out, const Answering *answering, const Predictions *predictions, int row) {
    char *const *labels = text_model_labels(answering->model);
    JsonWriter json = json_writer(out, 0);
    json_begin_object(&json);
    json_put_string(&json, "id", answering->ids[row]);
    json_write_key(&json, "text");
    json_write_bytes(&json, answering->text.data + answering->starts[row],
                     (size_t)(answering->starts[row + 1] - answering->starts[row]));
    json_put_string(&json, "label", labels[predictions->predicted[row]]);
    json_put_number(&json, "score", score_of(predictions, row, predictions->predicted[row]));
    json_write_key(&json, "scores");
    json_begin_array(&json);
    for (int i = 0; i < shown_labels(answering); i++) {
        json_begin_object(&json);
        json_put_string(&json, "label", labels[answering->order[i]]);
        json_put_number(&json, "score", score_of(predictions, row, answering->order[i]));
        json_end_object(&json);
    }
    json_end_array(&json);
    json_end_object(&json);
    buffer_text(out, "\n");
}

static void add_csv_label(Buffer *out, const Answering *answering, const Predictions *predictions, int row, int label) {
    const char *name = text_model_labels(answering->model)[label];
    char score[32] = "";
    if (predictions->probabilities) number_text(score, score_of(predictions, row, label));
    buffer_text(out, ",");
    escape_csv(out, name, strlen(name));
    buffer_printf(out, ",%s", score);
}

static void add_csv(Buffer *out, const Answering *answering, const Predictions *predictions, int row) {
    escape_csv(out, answering->ids[row], strlen(answering->ids[row]));
    buffer_text(out, ",");
    escape_csv(out, answering->text.data + answering->starts[row], (size_t)(answering->starts[row + 1] - answering->starts[row]));
    add_csv_label(out, answering, predictions, row, predictions->predicted[row]);
    for (int i = 1; i < shown_labels(answering); i++) add_csv_label(out, answering, predictions, row, answering->order[i]);
    buffer_text(out, "\n");
}

/* id,text,label,score,label_2,score_2 … */
static bool print_header(const Answering *answering, Error *err) {
    if (answering->run->settings.answer_format != ANSWER_FORMAT_CSV) return true;
    Buffer line = {0};
    buffer_text(&line, "id,text,label,score");
    for (int i = 2; i <= shown_labels(answering); i++) buffer_printf(&line, ",label_%d,score_%d", i, i);
    buffer_text(&line, "\n");
    bool ok = output_add(&line, err);
    buffer_free(&line);
    return ok;
}

static bool print_answers(const Answering *answering, const Predictions *predictions, Error *err) {
    Buffer lines = {0};
    for (int row = 0; row < predictions->rows; row++) {
        order_classes(answering, predictions, row, shown_labels(answering));
        if (answering->run->settings.answer_format == ANSWER_FORMAT_CSV)
            add_csv(&lines, answering, predictions, row);
        else
            add_json(&lines, answering, predictions, row);
    }
    bool ok = output_add_data(&lines, err) && output_flush(err);
    buffer_free(&lines);
    return ok;
}

/* ---- batches ---- */

/* Adds a text; bytes that are no UTF-8 become U+FFFD, as Python's errors="replace". */
static bool batch_add(Answering *answering, const char *id, const char *text, size_t size, Error *err) {
    size_t replaced = utf8_replace(&answering->text, text, size);
    answering->replaced += (int64_t)replaced;
    answering->replaced_texts += replaced > 0;
    answering->ids[answering->rows] = mem_copy_text(id, strlen(id), err);
    answering->starts[++answering->rows] = (int64_t)answering->text.size;
    return answering->ids[answering->rows - 1] && buffer_ok(&answering->text, err);
}

static bool batch_is_full(const Answering *answering) {
    return answering->rows == BATCH_ROWS || answering->text.size >= BATCH_BYTES;
}

static void batch_clear(Answering *answering) {
    for (int row = 0; row < answering->rows; row++) free(answering->ids[row]);
    answering->rows = 0;
    answering->text.size = 0;
}

static bool batch_answer(Answering *answering, Error *err) {
    Predictions predictions = {0};
    int truncated = 0;
    TextView texts = {
        .data = answering->text.data ? answering->text.data : "", .starts = answering->starts, .count = answering->rows};
    bool ok = text_model_predict(answering->model, &texts, NULL, &predictions, &truncated, &answering->observer, err) &&
              predictions_check(&predictions, err) && print_answers(answering, &predictions, err);
    answering->truncated += truncated;
    answering->done += answering->rows;
    batch_clear(answering);
    predictions_free(&predictions);
    return ok;
}

/* ---- where texts come from ---- */

static bool answer_lines(Answering *answering, const char *path, Error *err) {
    LineReader lines;
    if (!lines_open(&lines, path, err)) return false;
    bool is_stream = strcmp(path, "-") == 0;
    if (is_stream && isatty(STDIN_FILENO)) terminal_say(&answering->run->terminal, "one text a line; Ctrl-D ends");
    const char *text = "";
    size_t size;
    bool ok = true;
    while (ok && text) {
        ok = lines_next(&lines, &text, &size, &answering->observer, err);
        if (!ok || !text) break;
        char id[4200];
        (void)snprintf(id, sizeof id, "%s:%lld", is_stream ? lines.name : path_base(lines.name), (long long)lines.line);
        ok = batch_add(answering, id, text, size, err);
        if (ok && (batch_is_full(answering) || !lines_waiting(&lines))) ok = batch_answer(answering, err);
        if (ok && !is_stream) observer_progress(&answering->run->observer, "predict", answering->done, 0, "texts", "");
    }
    lines_close(&lines);
    return ok;
}

/* One row of a file with columns; its id is file:line. */
static bool add_row(Answering *answering, RowReader *reader, const char *name, const Row *row, int64_t *replaced, Error *err) {
    char id[600];
    (void)snprintf(id, sizeof id, "%.500s:%lld", name, (long long)row->line);
    int64_t now = row_reader_replaced(reader);
    answering->replaced += now - *replaced;
    answering->replaced_texts += now > *replaced;
    *replaced = now;
    return batch_add(answering, id, row->text, row->text_size, err);
}

/* A batch at a time, so that a file of any length is answered in bounded memory. */
static bool answer_table(Answering *answering, const char *path, Error *err) {
    const Run *run = answering->run;
    RowReader *reader = row_reader_open(path, &run->settings.data, ROWS_TO_PREDICT, err);
    int64_t replaced = 0, bytes, total;
    bool ok = reader != NULL, found = true;
    while (ok && found) {
        Row row;
        ok = row_reader_next(reader, &row, &found, err) &&
             (!found || add_row(answering, reader, path_base(path), &row, &replaced, err));
        if (!ok || answering->rows == 0 || (found && !batch_is_full(answering))) continue;
        ok = batch_answer(answering, err) && terminal_stop_asking(err); /* the next rows may come from a pipe, which does not ask */
        row_reader_progress(reader, &bytes, &total);
        observer_progress(&run->observer, "predict", bytes, total, "bytes", "");
    }
    row_reader_close(reader);
    return ok;
}

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text), ending = strlen(end);
    return size >= ending && strcmp(text + size - ending, end) == 0;
}

/* A file with columns, by its name or because --input_format says so; any other is one text a line. */
static bool is_table(const Run *run) {
    static const char *const endings[] = {".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz"};
    if (strcmp(run->settings.data.input_format, "auto") != 0) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(run->settings.file, endings[i])) return true;
    return false;
}

static bool answer_all(Answering *answering, Error *err) {
    const Settings *settings = &answering->run->settings;
    if (settings->text)
        return batch_add(answering, "text:1", settings->text, strlen(settings->text), err) && batch_answer(answering, err);
    if (settings->file)
        return is_table(answering->run) ? answer_table(answering, settings->file, err)
                                        : answer_lines(answering, settings->file, err);
    return answer_lines(answering, "-", err);
}

static void say_what_was_changed(const Answering *answering) {
    Terminal *terminal = &answering->run->terminal;
    if (answering->replaced)
        terminal_say(terminal, "! invalid UTF-8 was replaced by U+FFFD at %lld place%s, in %lld text%s",
                     (long long)answering->replaced, answering->replaced == 1 ? "" : "s", (long long)answering->replaced_texts,
                     answering->replaced_texts == 1 ? "" : "s");
    if (answering->truncated)
        terminal_say(terminal, "! %lld of %lld texts were longer than the model reads, and cut", (long long)answering->truncated,
                     (long long)answering->done);
}

static bool check_source(const Run *run, Error *err) {
    const TextList *arguments = &run->options.arguments;
    bool is_stdin = arguments->count == 1 && strcmp(arguments->items[0], "-") == 0;
    if (arguments->count && !is_stdin)
        return FAIL(err, ERROR_USAGE,
                    "found '%s', expected -, for standard input; a text follows --text   (twofold predict --help)",
                    arguments->items[0]);
    if (!options_check_one(&run->options, err, "text", "file", NULL)) return false;
    if (is_stdin + (run->settings.text != NULL) + (run->settings.file != NULL) == 1) return true;
    return FAIL(err, ERROR_USAGE,
                "predict needs one of --text, --file and -, which is standard input   (twofold predict --help)");
}

bool command_predict(Run *run, Error *err) {
    Path folder;
    if (!check_source(run, err)) return false;
    Answering *answering = mem_new(1, sizeof *answering, err);
    if (!answering) return false;
    answering->run = run;
    answering->observer = (Observer){.context = run->observer.context, .note = run->observer.note, .stop = run->observer.stop};
    answering->model = step_load_model(run, &folder, err);
    if (answering->model) answering->order = mem_new((size_t)text_model_classes(answering->model), sizeof *answering->order, err);
    double rows = run->settings.text ? 1 : BATCH_ROWS, bytes = run->settings.text ? (double)strlen(run->settings.text) : BATCH_BYTES;
    bool ok = answering->order &&
              memory_check("answering", text_model_needs_mb(answering->model, rows, bytes), "a smaller model needs less", err) &&
              print_header(answering, err) && answer_all(answering, err);
    say_what_was_changed(answering);
    if (ok) step_say_passed_on(run, answering->model, answering->done);
    batch_clear(answering);
    buffer_free(&answering->text);
    mem_free(answering->order);
    text_model_free(answering->model);
    mem_free(answering);
    return ok;
}
