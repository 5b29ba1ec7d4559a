#include "finetune/results.h"

#include "common/file.h"

static bool write_text(const char *output_dir, const char *name, Buffer *text, Error *err) {
    Path path;
    bool good = path_make(&path, err, "%s/%s", output_dir, name) && file_write_buffer(path.text, text, err);
    buffer_free(text);
    return good;
}

/* Adds what a line says, and how many rows stand behind it, to the one line of `sum`. */
static bool add_line(TrainState *sum, const TrainState *state, const LogEntry *line, int samples_key, int samples, Error *err) {
    if (!line) return true;
    for (int i = 0; i < line->count; i++) {
        const LogItem *item = &state->log_items[line->first + (size_t)i];
        if (!log_put(sum, item->key, item->value, err)) return false;
    }
    return log_put(sum, samples_key, samples, err);
}

static bool write_lines(const char *output_dir, const char *name, const TrainState *state, const TrainPlan *plan,
                        const LogEntry *training, const LogEntry *evaluation, int validation_rows, Error *err) {
    Buffer text = {0};
    JsonWriter w = json_writer(&text, 4);
    TrainState sum = {.step = training ? training->step : evaluation ? evaluation->step : 0};
    bool good = log_begin(&sum, plan, err) && add_line(&sum, state, training, LOG_TRAIN_SAMPLES, plan->rows, err) &&
                add_line(&sum, state, evaluation, LOG_EVAL_SAMPLES, validation_rows, err);
    json_begin_object(&w);
    if (good) log_write(&w, &sum, &sum.log[0], false, true);
    json_end_object(&w);
    buffer_text(&text, "\n");
    sum.step = 0;
    train_state_free(&sum);
    if (!good) buffer_free(&text);
    return good && write_text(output_dir, name, &text, err);
}

bool results_write(const char *output_dir, const TrainState *state, const TrainPlan *plan, const FinetuneOptions *options,
                   const LogEntry *training, const LogEntry *evaluation, int validation_rows, Error *err) {
    Buffer text = {0};
    train_state_write(&text, state, plan, options, true);
    return write_text(output_dir, "trainer_state.json", &text, err) &&
           write_lines(output_dir, "train_results.json", state, plan, training, NULL, 0, err) &&
           (!evaluation || write_lines(output_dir, "eval_results.json", state, plan, NULL, evaluation, validation_rows, err)) &&
           write_lines(output_dir, "all_results.json", state, plan, training, evaluation, validation_rows, err);
}
