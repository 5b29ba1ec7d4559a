/* A linear model or a dummy: classifier.json, then classifier.safetensors. What loads answers, and is saved as what loads the same. */
#include "classifiers/classifier.h"
#include "tests/fuzz/fuzz.h"

enum { ROWS = 2, MOST_CHANNELS = 64, MOST_CLASSES = 64 };

static void check_answers(const Classifier *classifier) {
    static float values[ROWS * MOST_CHANNELS];
    int channels = classifier->kind == CLASSIFIER_DUMMY ? 1 : classifier->linear.channels;
    if (channels > MOST_CHANNELS || classifier_classes(classifier) > MOST_CLASSES) return;
    for (int i = 0; i < ROWS * channels; i++) values[i] = (float)(i % 5) - 2;
    Features features = {.rows = ROWS, .channels = channels, .values = values};
    FeatureView view = features_view(&features);
    Predictions answers = {0};
    Error err = {0};
    if (classifier_predict(classifier, &view, NULL, NULL, &answers, &err))
        for (int row = 0; row < answers.rows; row++)
            FUZZ_CHECK(answers.predicted[row] >= 0 && answers.predicted[row] < classifier_classes(classifier));
    else
        fuzz_check_error(&err);
    predictions_free(&answers);
}

static bool same_doubles(const double *a, const double *b, size_t count) {
    return !count || memcmp(a, b, count * sizeof *a) == 0;
}

/* What loads is saved as what loads the same. */
static void check_saved(const Classifier *classifier) {
    Path folder;
    Classifier again;
    Error err = {0};
    FUZZ_CHECK(path_make(&folder, &err, "%s", fuzz_path("saved")) && folder_make(folder.text, &err));
    if (!classifier_save(classifier, folder.text, &err)) {
        fuzz_check_error(&err);
        return;
    }
    if (!classifier_load(&again, folder.text, &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.kind == classifier->kind && classifier_classes(&again) == classifier_classes(classifier));
    if (again.kind == CLASSIFIER_DUMMY)
        FUZZ_CHECK(again.dummy.seed == classifier->dummy.seed &&
                   same_doubles(again.dummy.prior, classifier->dummy.prior, (size_t)again.dummy.classes));
    else
        FUZZ_CHECK(again.linear.channels == classifier->linear.channels &&
                   same_doubles(again.linear.bias, classifier->linear.bias, (size_t)again.linear.outputs) &&
                   same_doubles(again.linear.weights, classifier->linear.weights,
                                (size_t)again.linear.outputs * (size_t)again.linear.channels));
    classifier_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes input = {data, size};
    (void)fuzz_put("classifier.json", fuzz_part(&input));
    (void)fuzz_put("classifier.safetensors", input);
    Classifier classifier;
    Error err = {0};
    if (classifier_load(&classifier, fuzz_folder(), &err)) {
        char text[256];
        classifier_describe(&classifier, text);
        check_answers(&classifier);
        check_saved(&classifier);
    } else
        fuzz_check_error(&err);
    classifier_free(&classifier);
    return 0;
}
