/* Model folders of each kind, every file of them (calibration.json too) cut at every byte, and with one bit flipped at 10,000 places (all, where it has fewer):
 * the folder is refused with a sentence, or answers with probabilities that are some. An argument N takes every N-th of both. */
#include "tests/check.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/file.h"
#include "common/safetensors.h"
#include "compare/calibration_file.h"
#include "compare/text_model.h"
#include "encoder/quantize_folder.h"
#include "encoder/weights.h"
#include "tests/data_files.h"
#include "tests/formula_weights.h"

enum { PLACES = 10000, CHANNELS = 8, CLASSES = 2, VOCABULARY = 14, POSITIONS = 16 };

static int every = 1;
static char work[64];

static const char *const LABELS[CLASSES] = {"glad", "sad"};
static const char VOCAB[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ngood\nbad\nday\n##s\nnot\n!\nof\nit\n";
static const char TOKENIZER[] =
    "{\"added_tokens\": [{\"id\": 2, \"content\": \"[CLS]\", \"special\": true}, {\"id\": 4, \"content\": \"[MASK]\"}],"
    " \"normalizer\": {\"type\": \"BertNormalizer\", \"lowercase\": true}, \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},"
    " \"model\": {\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", \"vocab\": {\"[PAD]\": 0, \"[UNK]\": 1, \"[CLS]\": 2, \"[SEP]\": 3,"
    " \"[MASK]\": 4, \"a\": 5, \"good\": 6, \"bad\": 7, \"day\": 8, \"##s\": 9, \"not\": 10, \"!\": 11, \"of\": 12, \"it\": 13}}}";
static const char CONFIG[] =
    "{\"model_type\": \"distilbert\", \"n_layers\": 1, \"dim\": 8, \"n_heads\": 2, \"hidden_dim\": 8, \"vocab_size\": 14,"
    " \"max_position_embeddings\": 16, \"architectures\": [\"DistilBertForSequenceClassification\"],"
    " \"id2label\": {\"0\": \"glad\", \"1\": \"sad\"}}";
static const char TEXT[] = "A good day, not bad days of it!";

/* ---- folders ---- */

static const char *path_in(const char *folder, const char *name) {
    static Path path;
    Error err = {0};
    CHECK_OK(path_make(&path, &err, "%s/%s/%s", work, folder, name), &err);
    return path.text;
}

static const char *path_of(const char *folder) {
    static Path path;
    Error err = {0};
    CHECK_OK(path_make(&path, &err, "%s/%s", work, folder), &err);
    return path.text;
}

/* An encoder with a head; the tokenizer in one file, or in the older ones. */
static void make_finetuned(const char *folder, bool old_tokenizer) {
    Error err = {0};
    Weights weights;
    CHECK_OK(folder_make(path_of(folder), &err), &err);
    formula_weights(&weights, FAMILY_DISTILBERT, 1, CHANNELS, 2, 8, VOCABULARY, POSITIONS, CLASSES);
    CHECK_OK(weights_write(&weights, path_in(folder, "model.safetensors"), &err), &err);
    weights_free(&weights);
    write_text(path_in(folder, "config.json"), CONFIG);
    if (!old_tokenizer) {
        write_text(path_in(folder, "tokenizer.json"), TOKENIZER);
        return;
    }
    write_text(path_in(folder, "vocab.txt"), VOCAB);
    write_text(path_in(folder, "tokenizer_config.json"), "{\"do_lower_case\": true, \"model_max_length\": 16, \"cls_token\": \"[CLS]\"}");
    write_text(path_in(folder, "special_tokens_map.json"), "{\"cls_token\": \"[CLS]\", \"unk_token\": {\"content\": \"[UNK]\"}}");
    write_text(path_in(folder, "added_tokens.json"), "{\"[MASK]\": 4}");
}

/* Puts the tensors of a folder's one file into two shards with an index. */
static void make_sharded(const char *folder) {
    Error err = {0};
    SafeTensors stored;
    Buffer index = {0};
    make_finetuned(folder, false);
    CHECK_OK(safetensors_open(&stored, path_in(folder, "model.safetensors"), &err), &err);
    int half = stored.count / 2;
    buffer_text(&index, "{\"weight_map\": {");
    for (int i = 0; i < stored.count; i++)
        buffer_printf(&index, "%s\"%s\": \"%c.safetensors\"", i ? ", " : "", stored.tensors[i].name, i < half ? 'a' : 'b');
    buffer_text(&index, "}}");
    CHECK_OK(safetensors_write(path_in(folder, "a.safetensors"), stored.tensors, half, &err), &err);
    CHECK_OK(safetensors_write(path_in(folder, "b.safetensors"), stored.tensors + half, stored.count - half, &err), &err);
    write_bytes(path_in(folder, "model.safetensors.index.json"), index.data, index.size);
    safetensors_close(&stored);
    buffer_free(&index);
    assert_int_equal(unlink(path_in(folder, "model.safetensors")), 0);
}

static void make_classifier(Classifier *classifier, int channels) {
    Error err = {0};
    *classifier = (Classifier){.kind = CLASSIFIER_LOGREG, .solver = SOLVER_LIBLINEAR};
    CHECK_OK(linear_model_make(&classifier->linear, LINEAR_OVR, CLASSES, channels, &err), &err);
    for (int c = 0; c < channels; c++) classifier->linear.weights[c] = (double)(c % 5) - 2;
}

static void save_linear(const char *folder, const char *encoder, const Tfidf *tfidf, int channels) {
    Error err = {0};
    Classifier classifier;
    Path encoder_folder;
    CHECK_OK(path_make(&encoder_folder, &err, "%s/%s", work, encoder ? encoder : ""), &err);
    make_classifier(&classifier, channels);
    TextModelParts parts = {.classifier = &classifier,
                            .classes = CLASSES,
                            .labels = (char *const *)(uintptr_t)LABELS,
                            .tfidf = tfidf,
                            .encoder_folder = encoder ? encoder_folder.text : NULL,
                            .extract = {.pooling = POOLING_MEAN, .layer = -1},
                            .max_length = POSITIONS};
    CHECK_OK(text_model_save(&parts, path_of(folder), &err), &err);
    classifier_free(&classifier);
}

static void make_words(const char *folder) {
    Error err = {0};
    TfidfOptions options = TFIDF_DEFAULTS;
    TextView view = {.data = TEXT, .starts = (const int64_t[]){0, sizeof TEXT - 1}, .count = 1};
    Tfidf *tfidf = tfidf_fit(&view, &options, NULL, &err);
    assert_non_null(tfidf);
    save_linear(folder, NULL, tfidf, tfidf_terms(tfidf));
    tfidf_free(tfidf);
}

static void make_quantised(const char *folder) {
    Error err = {0};
    Path from;
    make_finetuned("to_quantise", false);
    CHECK_OK(path_make(&from, &err, "%s", path_of("to_quantise")), &err);
    CHECK_OK(quantize_folder(from.text, path_of(folder), &err), &err);
}

/* A bag of words that passes on to an encoder with a head what it is not sure of. */
static void make_cascade(const char *folder) {
    Error err = {0};
    Path first, second;
    make_words("cheap");
    make_finetuned("dear", true);
    CHECK_OK(path_make(&first, &err, "%s", path_of("cheap")) && path_make(&second, &err, "%s", path_of("dear")), &err);
    CHECK_OK(text_model_save_cascade(first.text, second.text, 0.9999, path_of(folder), &err), &err);
}

static void add_temperature(const char *folder) {
    Error err = {0};
    const StoredCalibration fitted = {.temperature = 1.25, .fitted = true, .rows = 40, .loss_before = 0.5, .loss_after = 0.375};
    CHECK_OK(calibration_save(&fitted, path_of(folder), &err), &err);
}

/* ---- asking ---- */

typedef struct Answer {
    bool given;
    double probabilities[CLASSES];
} Answer;

static TextModel *load(const char *folder, Error *err) {
    TextModel *model = text_model_load(path_of(folder), 0, NULL, err);
    if (!model || !file_exists(path_in(folder, CALIBRATION_FILE)) || text_model_calibrate(model, err)) return model;
    text_model_free(model);
    return NULL;
}

/* A folder that loads answers with one distribution over its classes; one that does not says why, and not for want of memory: no file
 * this small may ask for much. */
static Answer ask(const char *folder) {
    TextView view = {.data = TEXT, .starts = (const int64_t[]){0, sizeof TEXT - 1}, .count = 1};
    Answer answer = {0};
    Predictions predictions = {0};
    Error err = {0};
    TextModel *model = load(folder, &err);
    if (model && text_model_predict(model, &view, NULL, &predictions, NULL, NULL, &err)) {
        CHECK_OK(predictions_check(&predictions, &err), &err);
        answer.given = true;
        for (int k = 0; k < CLASSES && k < predictions.classes; k++) answer.probabilities[k] = predictions.probabilities[k];
    } else if (err.kind != ERROR_MODEL && err.kind != ERROR_USAGE && err.kind != ERROR_PATH)
        fail_msg("kind %d: %s", (int)err.kind, err.message);
    predictions_free(&predictions);
    text_model_free(model);
    return answer;
}

static bool same_answer(const Answer *a, const Answer *b) {
    return memcmp(a->probabilities, b->probabilities, sizeof a->probabilities) == 0;
}

/* ---- damage ---- */

typedef struct Damaged {
    const char *folder, *name;
    unsigned char *bytes;
    size_t size;
    Answer before;
    int refused, answered;
} Damaged;

static void read_file(Damaged *file) {
    Error err = {0};
    FileMap map;
    CHECK_OK(file_map(&map, path_in(file->folder, file->name), ERROR_PATH, &err), &err);
    file->size = map.size;
    file->bytes = malloc(map.size ? map.size : 1);
    assert_non_null(file->bytes);
    if (map.size) memcpy(file->bytes, map.data, map.size);
    file_unmap(&map);
}

static void count_answer(Damaged *file, const Answer *answer) {
    file->answered += answer->given;
    file->refused += !answer->given;
}

/* A file that is shorter but still whole says the same. */
static void cut_everywhere(Damaged *file) {
    for (size_t size = 0; size < file->size; size += (size_t)every) {
        write_bytes(path_in(file->folder, file->name), file->bytes, size);
        Answer answer = ask(file->folder);
        count_answer(file, &answer);
        bool list = strcmp(path_base(file->name), "vocab.txt") == 0; /* lines without an end mark: what is left is a vocabulary too */
        if (answer.given && !list && !same_answer(&answer, &file->before))
            fail_msg("%s/%s cut at byte %zu answers something else", file->folder, file->name, size);
    }
}

static void flip_bits(Damaged *file) {
    size_t bits = file->size * 8, places = bits < PLACES ? bits : PLACES;
    for (size_t i = 0; i < places; i += (size_t)every) {
        size_t bit = i * bits / places;
        file->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        write_bytes(path_in(file->folder, file->name), file->bytes, file->size);
        Answer answer = ask(file->folder);
        count_answer(file, &answer);
        file->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

/* Linux counts a process's peak for good: the largest of all loads. */
static double peak_mb(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_maxrss / 1024;
}

static void damage(const char *folder, const char *name, const Answer *before) {
    Damaged file = {.folder = folder, .name = name, .before = *before};
    double peak = peak_mb();
    read_file(&file);
    cut_everywhere(&file);
    flip_bits(&file);
    write_bytes(path_in(folder, name), file.bytes, file.size);
    Answer after = ask(folder);
    assert_true(after.given && same_answer(&after, before));
    printf("%-12s %-30s %5zu bytes: refused %5d times, answered %5d times\n", folder, name, file.size, file.refused, file.answered);
    if (peak_mb() > peak + 400) fail_msg("%s/%s: memory grew from %.0f to %.0f MB", folder, name, peak, peak_mb());
    free(file.bytes);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

enum { FILES_MOST = 16 };

/* The files of a folder of the model, "" for its own, behind those that are listed already. */
static size_t list_files(char names[FILES_MOST][80], size_t count, const char *folder, const char *inner) {
    DIR *entries = opendir(*inner ? path_in(folder, inner) : path_of(folder));
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_name[0] == '.' || entry->d_type == DT_DIR || strcmp(entry->d_name, "liblinear.model") == 0) continue; /* never read */
        assert_true(count < FILES_MOST);
        snprintf(names[count++], sizeof names[0], "%s%s%.63s", inner, *inner ? "/" : "", entry->d_name);
    }
    closedir(entries);
    return count;
}

static void damage_all(const char *folder, const char *first, const char *second) {
    char names[FILES_MOST][80];
    size_t count = list_files(names, 0, folder, "");
    if (first) count = list_files(names, list_files(names, count, folder, first), folder, second);
    qsort(names, count, sizeof *names, by_text);
    Answer before = ask(folder);
    assert_true(before.given);
    for (size_t i = 0; i < count; i++) damage(folder, names[i], &before);
}

static void a_fine_tuned_model(void **state) {
    (void)state;
    make_finetuned("finetuned", false);
    damage_all("finetuned", NULL, NULL);
}

static void a_sharded_model(void **state) {
    (void)state;
    make_sharded("sharded");
    damage_all("sharded", NULL, NULL);
}

static void a_frozen_encoder_with_a_linear_model(void **state) {
    (void)state;
    make_finetuned("encoder", true);
    save_linear("frozen", "encoder", NULL, CHANNELS);
    damage_all("frozen", NULL, NULL);
}

static void a_bag_of_words(void **state) {
    (void)state;
    make_words("words");
    add_temperature("words");
    damage_all("words", NULL, NULL);
}

static void a_cascade(void **state) {
    (void)state;
    make_cascade("cascade");
    damage_all("cascade", "first", "second");
}

/* Its tokenizer is that of the others. */
static void a_quantised_model(void **state) {
    (void)state;
    make_quantised("quantised");
    Answer before = ask("quantised");
    assert_true(before.given);
    damage("quantised", "model.safetensors", &before);
    damage("quantised", "config.json", &before);
}

static int remove_work(void **state) {
    (void)state;
    Error err = {0};
    return folder_remove(work, &err) ? 0 : -1;
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fine_tuned_model),
        cmocka_unit_test(a_sharded_model),
        cmocka_unit_test(a_frozen_encoder_with_a_linear_model),
        cmocka_unit_test(a_bag_of_words),
        cmocka_unit_test(a_quantised_model),
        cmocka_unit_test(a_cascade),
    };
    if (count > 1) every = atoi(arguments[1]);
    strcpy(work, "/dev/shm/twofold-damaged-XXXXXX"); /* a hundred thousand files */
    if (!mkdtemp(work)) {
        strcpy(work, "damaged-XXXXXX");
        if (!mkdtemp(work)) return 1;
    }
    return cmocka_run_group_tests(tests, NULL, remove_work);
}
