/* twofold.json of a model folder that holds everything else. The first byte says what that is: a dummy, a bag of words, a frozen encoder (4: with nothing beside the
 * file); then come its twofold.json and those of the two within it, which a cascade has (empty: as they should be). What loads answers texts, and what it says of itself is written as what is
 * read the same. */
#include <math.h>

#include "compare/outside_entry.h"
#include "compare/text_model_inside.h"
#include "encoder/config.h"
#include "tests/fuzz/fuzz.h"

#define ENCODER TESTS_FOLDER "/golden/tiny-distilbert"
#define TEXT "the cat sat on the mat"

enum { CLASSES = 2, FOLDERS = 4, PARTS = 2 };
static const char *const FOLDER_NAMES[FOLDERS] = {"dummy", "words", "frozen", "bare"};
static char *LABELS[CLASSES] = {(char[]){"a"}, (char[]){"b"}};
static const int32_t TRUTH[CLASSES] = {0, 1};

static TextView texts_view(void) {
    static const int64_t STARTS[] = {0, sizeof TEXT - 1, sizeof TEXT - 1};
    return (TextView){.data = TEXT, .starts = STARTS, .count = CLASSES}; /* the second is empty */
}

/* ---- what stands there ---- */

static void save(const char *name, const TextModelParts *given) {
    Path path;
    Error err = {0};
    TextModelParts parts = *given;
    parts.classes = CLASSES;
    parts.labels = LABELS;
    FUZZ_CHECK(path_make(&path, &err, "%s", fuzz_path(name)));
    if (!text_model_save(&parts, path.text, &err)) fuzz_fail(err.message, __FILE__, __LINE__);
}

static void save_dummy(const char *name) {
    Classifier dummy = {.kind = CLASSIFIER_DUMMY};
    FUZZ_CHECK(dummy_train(&dummy.dummy, TRUTH, CLASSES, CLASSES, DUMMY_PRIOR, 1, NULL));
    save(name, &(TextModelParts){.classifier = &dummy});
    classifier_free(&dummy);
}

static void save_linear(const char *name, const Tfidf *tfidf, int channels) {
    Classifier linear = {.kind = CLASSIFIER_LOGREG, .solver = SOLVER_LIBLINEAR};
    FUZZ_CHECK(linear_model_make(&linear.linear, LINEAR_OVR, CLASSES, channels, NULL));
    linear.linear.weights[0] = 1;
    save(name, &(TextModelParts){.classifier = &linear, .tfidf = tfidf, .encoder_folder = tfidf ? NULL : ENCODER, .extract = {.pooling = POOLING_MEAN, .layer = -1}});
    classifier_free(&linear);
}

static void make_folders(void) {
    TfidfOptions options = TFIDF_DEFAULTS;
    TextView view = texts_view();
    Tfidf *tfidf = tfidf_fit(&view, &options, NULL, NULL);
    EncoderConfig config = {0};
    FUZZ_CHECK(tfidf && encoder_config_load(&config, ENCODER, NULL));
    for (int f = 0; f < FOLDERS; f++) {
        Path inner;
        if (f < 3) {
            if (f == 0) save_dummy(FOLDER_NAMES[f]);
            if (f == 1) save_linear(FOLDER_NAMES[f], tfidf, tfidf_terms(tfidf));
            if (f == 2) save_linear(FOLDER_NAMES[f], NULL, config.channels);
            FUZZ_CHECK(path_make(&inner, NULL, "%s/first", FOLDER_NAMES[f]));
            save_dummy(inner.text);
            FUZZ_CHECK(path_make(&inner, NULL, "%s/second", FOLDER_NAMES[f]));
            save_linear(inner.text, tfidf, tfidf_terms(tfidf));
        } else
            FUZZ_CHECK(folder_make(fuzz_path(FOLDER_NAMES[f]), NULL));
    }
    encoder_config_free(&config);
    tfidf_free(tfidf);
}

static void put_note(const char *folder, const char *inner, Bytes note) {
    static const char DUMMY[] = "{\"version\": 1, \"kind\": \"dummy\", \"labels\": [\"a\", \"b\"]}";
    static const char WORDS[] = "{\"version\": 1, \"kind\": \"tfidf\", \"labels\": [\"a\", \"b\"]}";
    Path name;
    FUZZ_CHECK(path_make(&name, NULL, "%s%s%s/" TEXT_MODEL_FILE, folder, *inner ? "/" : "", inner));
    if (*inner && !note.size) {
        const char *own = strcmp(inner, text_cascade_folders[0]) == 0 ? DUMMY : WORDS;
        note = (Bytes){(const uint8_t *)own, strlen(own)};
    }
    (void)fuzz_put(name.text, note);
}

/* ---- what is read ---- */

static void check_note(const TextModelNote *note) {
    FUZZ_CHECK(note->kind >= MODEL_DUMMY && note->kind < MODEL_FINETUNED && note->max_length >= 0);
    FUZZ_CHECK(note->kind == MODEL_CASCADE ? !note->labels && !note->classes : note->labels && note->classes >= 2);
    for (int k = 0; k < note->classes; k++)
        for (int other = 0; other < k && k < 64; other++) FUZZ_CHECK(strcmp(note->labels[k], note->labels[other]) != 0);
}

/* The labels come back, and what a frozen encoder's says of it (which takes the encoder's files along: that of a dummy says nothing). */
static void check_written(const TextModelNote *note) {
    static bool made;
    Path folder;
    TextModelNote again;
    Classifier dummy = {.kind = CLASSIFIER_DUMMY};
    Error err = {0};
    if (note->kind == MODEL_CASCADE) return;
    if (!made) {
        FUZZ_CHECK(path_make(&folder, NULL, "%s", fuzz_path("saved-encoder")));
        save_linear("saved-encoder", NULL, 1);
        made = true;
    }
    bool frozen = note->kind == MODEL_FROZEN;
    FUZZ_CHECK(path_make(&folder, NULL, "%s", fuzz_path(frozen ? "saved-again" : "saved")));
    FUZZ_CHECK(dummy_train(&dummy.dummy, TRUTH, CLASSES, CLASSES, DUMMY_PRIOR, 1, NULL));
    TextModelParts parts = {.classifier = &dummy, .classes = note->classes, .labels = note->labels, .extract = note->extract, .max_length = note->max_length};
    Path encoder;
    FUZZ_CHECK(path_make(&encoder, NULL, "%s", fuzz_path("saved-encoder")));
    if (frozen) parts.encoder_folder = encoder.text;
    bool saved = text_model_save(&parts, folder.text, &err);
    classifier_free(&dummy);
    if (!saved) { /* more tokens than the encoder has positions for */
        fuzz_check_error(&err);
        return;
    }
    Path file;
    FUZZ_CHECK(path_make(&file, NULL, "%s/" TEXT_MODEL_FILE, folder.text));
    if (!text_model_note_load(&again, file.text, &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.classes == note->classes && again.kind == (frozen ? MODEL_FROZEN : MODEL_DUMMY));
    for (int k = 0; k < note->classes; k++) FUZZ_CHECK(strcmp(again.labels[k], note->labels[k]) == 0);
    FUZZ_CHECK(!frozen || (again.extract.pooling == note->extract.pooling && again.extract.layer == note->extract.layer &&
                           again.extract.normalize == note->extract.normalize));
    text_model_note_free(&again);
}

static void check_answers(TextModel *model) {
    TextView view = texts_view();
    Predictions answers = {0};
    Error err = {0};
    char what[512];
    text_model_describe(model, what);
    FUZZ_CHECK(strlen(what) < sizeof what && text_model_classes(model) == CLASSES);
    if (text_model_predict(model, &view, NULL, &answers, NULL, NULL, &err))
        FUZZ_CHECK(predictions_check(&answers, NULL) && answers.rows == CLASSES);
    else
        fuzz_check_error(&err);
    predictions_free(&answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool made;
    if (!made) make_folders();
    made = true;
    Bytes input = {data, size};
    const char *name = FOLDER_NAMES[fuzz_byte(&input) % FOLDERS];
    put_note(name, "", fuzz_part(&input));
    for (int i = 0; i < PARTS && strcmp(name, "bare") != 0; i++) put_note(name, text_cascade_folders[i], fuzz_part(&input));
    Path folder, file;
    FUZZ_CHECK(path_make(&folder, NULL, "%s", fuzz_path(name)) && path_make(&file, NULL, "%s/" TEXT_MODEL_FILE, folder.text));

    TextModelNote note;
    ModelKind kind = MODEL_FINETUNED;
    Error err = {0};
    bool is_note = text_model_note_load(&note, file.text, &err);
    if (!is_note) fuzz_check_error(&err);
    FUZZ_CHECK(is_note || (!note.labels && !note.classes));
    err = (Error){0};
    FUZZ_CHECK(text_model_kind_load(&kind, file.text, &err) || !is_note);
    FUZZ_CHECK(!is_note || kind == note.kind);
    if (is_note) {
        check_note(&note);
        check_written(&note);
    }
    err = (Error){0};
    TextModel *model = text_model_load(folder.text, 0, NULL, &err);
    FUZZ_CHECK(!model || is_note);
    if (model)
        check_answers(model);
    else
        fuzz_check_error(&err);
    EntrySpec spec;
    err = (Error){0};
    bool taken = outside_entry_model(&spec, "other", folder.text, &err);
    FUZZ_CHECK(taken || !model);
    if (!taken) fuzz_check_error(&err);
    text_model_free(model);
    text_model_note_free(&note);
    return 0;
}
