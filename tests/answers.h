/* What the program answers to a fixed set of texts, gathered from whatever a command wrote, so that it can be compared bit by bit:
 * a text is known by its words, not by its place. */
#ifndef TWOFOLD_TESTS_ANSWERS_H
#define TWOFOLD_TESTS_ANSWERS_H

#include <stdint.h>

#include "tests/check.h"
#include "tests/program.h"

#include "common/json.h"
#include "common/random.h"
#include "features/npy.h"

enum { TEXTS = 48, CLASSES = 3, TRAINING = 60, TEXT_SIZE = 1600, LABELS_APART = 20 };

static const char *const CLASS_NAMES[CLASSES] = {"food", "travel", "work"};

/* The files, the models and what was answered lie here. */
typedef struct Place {
    char folder[64];
    char texts[TEXTS][TEXT_SIZE]; /* all different; the shortest of 1 word, the longest of 160; without commas and quotes */
    int label[TEXTS];
} Place;

/* Of each text: the probabilities of the classes, or the features, or nothing yet. */
typedef struct Answers {
    float *values; /* (TEXTS, width) */
    double probabilities[TEXTS][CLASSES];
    bool there[TEXTS];
    int width; /* of values; 0: probabilities */
} Answers;

static inline void write_text(char out[TEXT_SIZE], uint32_t number, int words, int label) {
    static const char *const COMMON[] = {"the",    "a",      "we",   "it",           "was",   "very",  "good",
                                         "bad",    "not",    "then", "because",      "again", "today", "nobody",
                                         "really", "slowly", "42",   "unbelievably", "so",    "what"};
    static const char *const APART[CLASSES][4] = {
        {"soup", "bread", "dinner", "tasty"}, {"train", "hotel", "beach", "abroad"}, {"office", "meeting", "salary", "deadline"}};
    Random random = random_start(number, STREAM_TEST, 9);
    size_t used = 0;
    out[0] = '\0';
    for (int w = 0; w < words; w++) {
        uint32_t drawn = random_below(&random, 4);
        const char *word =
            w == 0 || drawn == 0 ? APART[label][random_below(&random, 4)] : COMMON[random_below(&random, LABELS_APART)];
        used += (size_t)snprintf(out + used, TEXT_SIZE - used, "%s%s", w ? " " : "", word);
    }
    (void)snprintf(out + used, TEXT_SIZE - used, " %u", (unsigned)number); /* no two are equal */
}

static inline void put_file(const Place *place, const char *name, const Buffer *text) {
    char path[256];
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    CHECK_OK(file_write_buffer(path, text, &err), &err);
}

/* The texts in the order given, which may hold one more than once, with or without their labels. */
static inline void put_texts(const Place *place, const char *name, const int *order, int count, bool labels) {
    Buffer text = {0};
    buffer_text(&text, labels ? "text,label\n" : "text\n");
    for (int i = 0; i < count; i++)
        buffer_printf(&text, "%s%s%s\n", place->texts[order[i]], labels ? "," : "",
                      labels ? CLASS_NAMES[place->label[order[i]]] : "");
    put_file(place, name, &text);
    buffer_free(&text);
}

/* data/: rows to train on that are not among the texts, the same for validation, and the texts as test rows, in an order. */
static inline void put_data(const Place *place, const char *name, const int *order) {
    char path[256], part[64];
    Error err = {0};
    static const char *const parts[] = {"train", "validation"};
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    CHECK_OK(folder_make(path, &err), &err);
    for (int p = 0; p < 2; p++) {
        Buffer rows = {0};
        buffer_text(&rows, "text,label\n");
        for (int i = 0; i < (p ? TRAINING / 4 : TRAINING); i++) {
            char text[TEXT_SIZE];
            write_text(text, (uint32_t)(1000 * (p + 1) + i), 1 + i * 7 % 40, i % CLASSES);
            buffer_printf(&rows, "%s,%s\n", text, CLASS_NAMES[i % CLASSES]);
        }
        snprintf(part, sizeof part, "%s/%s.csv", name, parts[p]);
        put_file(place, part, &rows);
        buffer_free(&rows);
    }
    snprintf(part, sizeof part, "%s/test.csv", name);
    put_texts(place, part, order, TEXTS, true);
}

static inline void make_place(Place *place) {
    /* in memory where there is such a place: runs wait for the disk a hundred times */
    snprintf(place->folder, sizeof place->folder, "%s/twofold-answers-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(place->folder));
    for (int i = 0; i < TEXTS; i++) {
        place->label[i] = i % CLASSES;
        write_text(place->texts[i], (uint32_t)i, i == 5 ? 160 : 1 + i * 11 % 37, place->label[i]);
    }
}

static inline int find_text(const Place *place, const char *text, size_t size) {
    for (int i = 0; i < TEXTS; i++)
        if (strlen(place->texts[i]) == size && memcmp(place->texts[i], text, size) == 0) return i;
    fail_msg("an answer to a text that was not asked: %.*s", (int)size, text);
    return 0;
}

static inline void answers_free(Answers *answers) {
    mem_free(answers->values);
    *answers = (Answers){0};
}

/* ---- gathering: a text that stands twice must be answered the same twice ---- */

static inline void take_probabilities(Answers *answers, int text, const double *probabilities, const char *what) {
    if (answers->there[text] && memcmp(answers->probabilities[text], probabilities, sizeof answers->probabilities[text]) != 0)
        fail_msg("%s: text %d is answered in two ways", what, text);
    memcpy(answers->probabilities[text], probabilities, sizeof answers->probabilities[text]);
    answers->there[text] = true;
}

static inline int class_of(const char *name, size_t size) {
    for (int k = 0; k < CLASSES; k++)
        if (strlen(CLASS_NAMES[k]) == size && memcmp(CLASS_NAMES[k], name, size) == 0) return k;
    fail_msg("an answer of a class there is not: %.*s", (int)size, name);
    return 0;
}

/* Lines of JSON, as predict --top_k 3 prints them. */
static inline void gather_lines(Answers *answers, const Place *place, const Ran *ran, const char *what) {
    if (ran->status != 0) fail_msg("%s: status %d: %s", what, ran->status, ran->err);
    for (const char *line = ran->out; *line;) {
        size_t size = strcspn(line, "\n");
        Error err = {0};
        Json *json = json_parse(line, size, what, ERROR_FAILED, &err);
        CHECK_OK(json, &err);
        double probabilities[CLASSES] = {0};
        assert_int_equal(json_size(json_get(json, "scores")), CLASSES);
        for (const Json *score = json_first(json_get(json, "scores")); score; score = json_next(score)) {
            const char *label = json_string_or(json_get(score, "label"), "");
            probabilities[class_of(label, strlen(label))] = json_number_or(json_get(score, "score"), -1);
        }
        const char *text = json_string_or(json_get(json, "text"), "");
        take_probabilities(answers, find_text(place, text, strlen(text)), probabilities, what);
        json_free(json);
        line += size + (line[size] == '\n');
    }
}

/* predictions.csv: id,text,label,predicted,prob_food,prob_travel,prob_work. */
static inline void gather_csv(Answers *answers, const Place *place, const char *path, const char *what) {
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("%s: no %s", what, path);
    char line[2 * TEXT_SIZE];
    for (bool first = true; fgets(line, sizeof line, file); first = false) {
        if (first) {
            assert_non_null(strstr(line, "id,text,label,predicted,prob_food,prob_travel,prob_work"));
            continue;
        }
        char *text = strchr(line, ',') + 1, *label = strchr(text, ','), *predicted = strchr(label + 1, ',');
        char *at = strchr(predicted + 1, ',');
        double probabilities[CLASSES];
        for (int k = 0; k < CLASSES; k++) probabilities[k] = strtod(at + 1, &at);
        take_probabilities(answers, find_text(place, text, (size_t)(label - text)), probabilities, what);
    }
    (void)fclose(file);
}

/* features.npy, whose rows stand in the order that the file had. */
static inline void gather_features(Answers *answers, const char *path, const int *order, int count, const char *what) {
    Error err = {0};
    Features features = {0};
    CHECK_OK(npy_read_features(&features, path, &err), &err);
    assert_int_equal(features.rows, count);
    if (!answers->values) answers->values = mem_new((size_t)TEXTS * (size_t)features.channels, sizeof(float), &err);
    assert_non_null(answers->values);
    answers->width = features.channels;
    size_t width = (size_t)features.channels;
    for (int i = 0; i < count; i++) {
        float *mine = answers->values + (size_t)order[i] * width;
        const float *found = features.values + (size_t)i * width;
        if (answers->there[order[i]] && memcmp(mine, found, width * sizeof *mine) != 0)
            fail_msg("%s: text %d has features in two ways", what, order[i]);
        memcpy(mine, found, width * sizeof *mine);
        answers->there[order[i]] = true;
    }
    features_free(&features);
}

/* ---- comparing ---- */

/* Every text that `found` holds has the bits of `expected`; at least `count` are there. */
static inline void check_same(const Answers *expected, const Answers *found, int count, const char *what) {
    int seen = 0;
    assert_int_equal(expected->width, found->width);
    for (int i = 0; i < TEXTS; i++) {
        if (!found->there[i]) continue;
        seen++;
        assert_true(expected->there[i]);
        size_t width = (size_t)found->width;
        const void *a = found->width ? (const void *)(expected->values + (size_t)i * width) : expected->probabilities[i];
        const void *b = found->width ? (const void *)(found->values + (size_t)i * width) : found->probabilities[i];
        if (memcmp(a, b, found->width ? width * sizeof(float) : sizeof expected->probabilities[i]) != 0)
            fail_msg("%s: text %d has other bits", what, i);
    }
    if (seen < count) fail_msg("%s: %d texts answered, expected %d", what, seen, count);
}

static inline int likeliest(const double *probabilities) {
    int best = 0;
    for (int k = 1; k < CLASSES; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    return best;
}

/* Across instruction sets: probabilities within `tolerance`, and the same label unless the two highest are nearer to each other than
 * twice that (a tie). Returns the largest difference. */
static inline double check_near(const Answers *expected, const Answers *found, double tolerance, const char *what) {
    double worst = 0;
    for (int i = 0; i < TEXTS; i++) {
        if (!found->there[i] || !expected->there[i]) fail_msg("%s: text %d is not answered", what, i);
        const double *a = expected->probabilities[i], *b = found->probabilities[i];
        for (int k = 0; k < CLASSES; k++) {
            if (!(fabs(a[k] - b[k]) <= tolerance))
                fail_msg("%s: text %d: %.9g, expected %.9g ± %g", what, i, b[k], a[k], tolerance);
            worst = fmax(worst, fabs(a[k] - b[k]));
        }
        int best = likeliest(a), other = likeliest(b);
        if (best != other && a[best] - a[other] > 2 * tolerance) fail_msg("%s: text %d has another label", what, i);
    }
    return worst;
}

#endif
