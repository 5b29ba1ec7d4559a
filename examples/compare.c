/* Is the difference between two models on the same rows more than chance?
 *
 *     compare MODEL_A MODEL_B DATA
 *
 * The models are folders that `twofold train`, `finetune` or `compare` made, DATA labelled texts (docs/FORMATS.md). */
#include <stdio.h>
#include <string.h>

#include "compare/text_model.h"
#include "datasets/load.h"
#include "metrics/intervals.h"
#include "metrics/paired_tests.h"

static bool same_labels(const TextModel *a, const TextModel *b, Error *err) {
    bool same = text_model_classes(a) == text_model_classes(b);
    for (int k = 0; same && k < text_model_classes(a); k++) same = !strcmp(text_model_labels(a)[k], text_model_labels(b)[k]);
    return same || FAIL(err, ERROR_MODEL, "the two models have not the same labels in the same order");
}

static bool answer(TextModel *model, const Dataset *dataset, Predictions *out, Error *err) {
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .count = dataset->rows};
    return text_model_predict(model, &texts, dataset->labels, out, NULL, NULL, err) && predictions_check(out, err);
}

static void print_accuracy(const char *name, int64_t right, int64_t rows) {
    Interval interval = wilson_interval(right, rows, 0.95);
    printf("%s: %lld of %lld right, 95 %% interval %.3f to %.3f\n", name, (long long)right, (long long)rows, interval.low,
           interval.high);
}

static bool compare(TextModel *a, TextModel *b, const char *data, Error *err) {
    Dataset dataset = {0};
    Predictions answers_a = {0}, answers_b = {0};
    PairedCounts counts = {0};
    DataOptions reading = DATA_DEFAULTS;
    reading.data = data;
    reading.class_names = (const char *const *)text_model_labels(a); /* labels get the model's class ids */
    reading.class_count = text_model_classes(a);
    bool ok = same_labels(a, b, err) && dataset_load(&dataset, &reading, DATA_AS_GIVEN, NULL, err) &&
              answer(a, &dataset, &answers_a, err) && answer(b, &dataset, &answers_b, err) &&
              paired_count(&counts, &answers_a, &answers_b, err);
    if (ok) {
        char p[32];
        print_accuracy("A", counts.both + counts.only_a, dataset.rows);
        print_accuracy("B", counts.both + counts.only_b, dataset.rows);
        p_value_text(p, mcnemar_exact(counts.only_a, counts.only_b).log10_p);
        printf("only A right: %lld, only B right: %lld, %s\n", (long long)counts.only_a, (long long)counts.only_b, p);
    }
    predictions_free(&answers_a);
    predictions_free(&answers_b);
    dataset_free(&dataset);
    return ok;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "compare MODEL_A MODEL_B DATA\n"), 2;
    Error err = {0};
    Pool *pool = pool_new(parallel_default_threads(), &err);
    TextModel *a = pool ? text_model_load(argv[1], 0, pool, &err) : NULL;
    TextModel *b = a ? text_model_load(argv[2], 0, pool, &err) : NULL;
    if (!b || !compare(a, b, argv[3], &err)) fprintf(stderr, "%s\n", err.message);
    text_model_free(a);
    text_model_free(b);
    pool_free(pool);
    return (int)err.kind;
}
