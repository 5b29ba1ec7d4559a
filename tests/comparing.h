/* What tests of `twofold compare` share: a folder of their own, 120 rows of three classes of words, and running the program with a tiny random
 * encoder. */
#ifndef TWOFOLD_TESTS_COMPARING_H
#define TWOFOLD_TESTS_COMPARING_H

#include "check.h"

#include "home.h"
#include "program.h"

#include "common/memory.h"

#define TINY TESTS_FOLDER "/golden/tiny-distilbert"

/* ---- data ---- */

static const char *const LABELS[] = {"calm", "glad", "sad"};
static const char *const WORDS[][4] = {
    {"day", "film", "a day", "is"}, {"happy", "good", "sun", "very good"}, {"bad", "rain", "unhappy", "not good"}};

/* Texts of words that mostly give their class away. `turn` gives every text the label of another class. */
static inline void put_rows(const char *name, int first, int count, int turn) {
    Error err = {0};
    Buffer text = {0};
    uint32_t state = (uint32_t)first * 2654435761u + 1;
    buffer_text(&text, "text,label\n");
    for (int i = first; i < first + count; i++) {
        for (int word = 0; word < 3 + i % 5; word++) {
            state = state * 1664525u + 1013904223u;
            uint32_t from = (state >> 16) % 4 ? (uint32_t)i % 3 : (state >> 20) % 3;
            buffer_printf(&text, "%s ", WORDS[from][(state >> 24) % 4]);
        }
        buffer_printf(&text, "%d,%s\n", i, LABELS[(i + turn) % 3]);
    }
    CHECK_OK(buffer_ok(&text, &err) && file_write(at_home(name), text.data, text.size, &err), &err);
    buffer_free(&text);
}

static inline void put_folder(const char *name, int turn) {
    Error err = {0};
    char file[64];
    CHECK_OK(folder_make(at_home(name), &err), &err);
    snprintf(file, sizeof file, "%s/train.csv", name);
    put_rows(file, 0, 80, 0);
    snprintf(file, sizeof file, "%s/validation.csv", name);
    put_rows(file, 100, 20, 0);
    snprintf(file, sizeof file, "%s/test.csv", name);
    put_rows(file, 200, 20, turn);
}

/* ---- running ---- */

typedef struct Words {
    char text[4096];
    char *list[PROGRAM_WORDS_MOST];
} Words;

/* compare on that data into that folder with short training, and further words split at spaces. */
static inline void make_words(Words *words, const char *data, const char *folder, const char *more) {
    int count = 0;
    snprintf(words->text, sizeof words->text,
             "twofold compare --model %s --data %s --output_dir %s --learning_rate 1e-3 --epochs 2 %s", TINY, at_home(data),
             at_home(folder), more);
    for (char *word = strtok(words->text, " "); word && count < PROGRAM_WORDS_MOST - 1; word = strtok(NULL, " "))
        words->list[count++] = word;
    words->list[count] = NULL;
}

static inline Ran compare(const char *data, const char *folder, const char *more) {
    Words words;
    make_words(&words, data, folder, more);
    return program_run_words(NULL, words.list);
}

static inline bool says(const Ran *ran, const char *part) { return strstr(ran->err, part) || strstr(ran->out, part); }

static inline void check_ran(const Ran *ran, int status, const char *part) {
    if (ran->status == status && says(ran, part)) return;
    fprintf(stderr, "%s%s", ran->err, ran->out); /* whole: a message of cmocka's ends after 1,024 characters */
    fail_msg("status %d, expected %d with '%s'", ran->status, status, part);
}

static inline void check_compare(int status, const char *part, const char *data, const char *folder, const char *more) {
    Ran ran = compare(data, folder, more);
    check_ran(&ran, status, part);
    ran_free(&ran);
}

static inline void check_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void check_command(const char *format, ...) {
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0) fail_msg("%s", command);
}

static inline void check_same_run(const char *a, const char *b) {
    check_command(TESTS_FOLDER "/same_run %s %s >&2", at_home(a), at_home(b));
}

static inline bool is_there(const char *folder, const char *entry, const char *file) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s/%s", folder, entry, file);
    return file_exists(at_home(name));
}

/* How a line "cls-logreg     recorded …" goes on. */
static inline void check_state(const Ran *ran, const char *entry, const char *expected) {
    char line[256];
    snprintf(line, sizeof line, "\n%-14s %s", entry, expected);
    if (!strstr(ran->err, line)) fail_msg("%s is not said to be '%s': %s", entry, expected, ran->err);
}

#endif
