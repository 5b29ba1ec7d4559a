/* twofold evaluate: how good a model is on rows it was not made with. */
#include "cli/scores_table.h"

#include <string.h>

#include "cli/shown_labels.h"
#include "cli/score_ranges.h"
#include "cli/steps.h"
#include "common/available.h"
#include "compare/text_model.h"

/* A folder's test rows; those of validation or training where it has no others. */
static Split choose_split(const Dataset *dataset) {
    if (dataset->splits[SPLIT_TEST].count) return SPLIT_TEST;
    return dataset->splits[SPLIT_VALIDATION].count ? SPLIT_VALIDATION : SPLIT_TRAIN;
}

static bool check_labels(const Dataset *dataset, Split split, Error *err) {
    const RowList *list = &dataset->splits[split];
    if (!list->count) return FAIL(err, ERROR_DATA, "there are no rows to evaluate");
    for (int i = 0; i < list->count; i++)
        if (dataset->labels[list->rows[i]] == NO_LABEL)
            return FAIL(err, ERROR_DATA, "%s:%lld: a row without a label; `twofold predict` answers those",
                        dataset->file_names[dataset->file[list->rows[i]]], (long long)dataset->line[list->rows[i]]);
    return true;
}

static bool answer(Run *run, TextModel *model, const Dataset *dataset, Split split, Predictions *out, Error *err) {
    const RowList *list = &dataset->splits[split];
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = list->rows, .count = list->count};
    int32_t *truth = mem_new((size_t)list->count, sizeof *truth, err);
    int truncated = 0;
    for (int i = 0; truth && i < list->count; i++) truth[i] = dataset->labels[list->rows[i]];
    double bytes = 0;
    for (int i = 0; i < list->count; i++) bytes += (double)(dataset->starts[list->rows[i] + 1] - dataset->starts[list->rows[i]]);
    bool ok = truth &&
              memory_check("this evaluation", text_model_needs_mb(model, list->count, bytes), "fewer rows need less", err) &&
              text_model_predict(model, &texts, truth, out, &truncated, &run->observer, err) &&
              predictions_check(out, err) && terminal_stop_asking(err);
    if (ok && truncated) terminal_say(&run->terminal, "texts     %d of %d truncated", truncated, list->count);
    if (ok) step_say_passed_on(run, model, list->count);
    mem_free(truth);
    return ok;
}

static bool print_report(const Scores *scores, char *const *labels, Error *err) {
    Buffer text = {0};
    ShownLabels shown;
    bool ok = shown_labels_make(&shown, labels, scores->classes, err);
    if (ok) {
        buffer_text(&text, "\n");
        scores_write_report(&text, scores, shown.labels, 4);
        ok = output_add(&text, err);
    }
    shown_labels_free(&shown);
    buffer_free(&text);
    return ok;
}

static bool report(const Run *run, const Dataset *dataset, Split split, const Predictions *predictions, char *const *labels,
                   Error *err) {
    Scores scores = {0};
    SplitScores shown = {{NULL}};
    bool ok = scores_compute(&scores, predictions, run->pool, err);
    shown.scores[split] = &scores;
    ok = ok && scores_table_print(run, &shown, labels, err);
    ok = ok && score_ranges_report(run, split, &scores, predictions, labels, err);
    ok = ok && (run->settings.json || print_report(&scores, labels, err));
    if (ok && run->settings.output_dir)
        ok = results_write_all(run->settings.output_dir, dataset, split, predictions, &shown, labels, err);
    scores_free(&scores);
    return ok;
}

bool command_evaluate(Run *run, Error *err) {
    Path folder;
    Dataset dataset = {0};
    Predictions predictions = {0};
    TextModel *model = step_load_model(run, &folder, err);
    bool ok = model != NULL;
    if (ok) {
        char what[512];
        text_model_describe(model, what);
        terminal_say(&run->terminal, "model     %s  %s", folder.text, what);
        run->settings.data.class_names = (const char *const *)text_model_labels(model);
        run->settings.data.class_count = text_model_classes(model);
        ok = (!run->settings.output_dir || step_make_output(run, NULL, err)) && step_read_data(run, &dataset, DATA_AS_GIVEN, err);
    }
    if (ok) {
        Split split = choose_split(&dataset);
        ok = check_labels(&dataset, split, err) && answer(run, model, &dataset, split, &predictions, err) &&
             report(run, &dataset, split, &predictions, text_model_labels(model), err);
    }
    if (ok && run->settings.output_dir) terminal_say(&run->terminal, "written   %s", run->settings.output_dir);
    predictions_free(&predictions);
    dataset_free(&dataset);
    text_model_free(model);
    return ok;
}
