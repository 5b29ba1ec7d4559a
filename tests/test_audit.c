/* Texts that are alike: normalised forms against Python's, near pairs against every pair compared, the same for any number of threads, and
 * bounded on rows made to be slow. TWOFOLD_TEST_ROWS=DATA compares every pair of somebody's own rows too. */
#include "tests/data_files.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"
#include "common/random.h"
#include "datasets/audit.h"
#include "datasets/load.h"
#include "datasets/shingles.h"
#include "datasets/split.h"

#define WORK "test_audit_work"
#define GOLDEN TESTS_FOLDER "/golden/audit.json"

/* ---- rows by hand ---- */

typedef struct Rows {
    Dataset dataset;
    Buffer text;
    size_t starts_capacity, labels_capacity;
    size_t list_capacity[SPLIT_COUNT];
} Rows;

static void rows_add(Rows *rows, const char *text, int label, Split split) {
    Dataset *d = &rows->dataset;
    Error err = {0};
    RowList *list = &d->splits[split];
    d->starts = mem_grow(d->starts, &rows->starts_capacity, (size_t)d->rows + 2, sizeof *d->starts, &err);
    d->labels = mem_grow(d->labels, &rows->labels_capacity, (size_t)d->rows + 1, sizeof *d->labels, &err);
    list->rows = mem_grow(list->rows, &rows->list_capacity[split], (size_t)list->count + 1, sizeof *list->rows, &err);
    assert_true(d->starts && d->labels && list->rows);
    d->starts[d->rows] = (int64_t)rows->text.size;
    buffer_text(&rows->text, text);
    list->rows[list->count++] = d->rows;
    d->labels[d->rows++] = label;
    d->starts[d->rows] = (int64_t)rows->text.size;
    if (d->classes <= label) d->classes = label + 1;
    d->text = rows->text.data;
}

static void rows_free(Rows *rows) {
    for (int split = 0; split < SPLIT_COUNT; split++) free(rows->dataset.splits[split].rows);
    free(rows->dataset.starts);
    free(rows->dataset.labels);
    buffer_free(&rows->text);
    *rows = (Rows){0};
}

static void audit_rows(Audit *audit, const Dataset *dataset, int threads) {
    Error err = {0};
    Pool *pool = pool_new(threads, &err);
    CHECK_OK(pool, &err);
    CHECK_OK(audit_run(audit, dataset, &err), &err);
    CHECK_OK(audit_compare(audit, dataset, pool, &err), &err);
    pool_free(pool);
}

/* ---- against Python ---- */

static void forms_are_pythons(void **state) {
    (void)state;
    Error err = {0};
    Json *golden = json_parse_file(GOLDEN, ERROR_DATA, &err);
    CHECK_OK(golden, &err);
    Buffer out = {0}, scratch = {0};
    int count = 0;
    for (const Json *pair = json_first(json_get(golden, "forms")); pair; pair = json_next(pair), count++) {
        const char *text = json_string_or(json_first(pair), NULL), *expected = json_string_or(json_next(json_first(pair)), NULL);
        out.size = 0;
        buffer_text(&out, "");
        text_normalize(&out, &scratch, text, strlen(text));
        if (out.size != strlen(expected) || memcmp(out.data, expected, out.size) != 0)
            fail_msg("'%s' becomes '%.*s', expected '%s'", text, (int)out.size, out.data, expected);
    }
    assert_true(count > 40);
    out.size = 0;
    text_normalize(&out, &scratch, "\0a\0b", 4);
    assert_int_equal(out.size, 3);
    assert_memory_equal(out.data, "a b", 3);
    buffer_free(&out);
    buffer_free(&scratch);
    json_free(golden);
}

static void pairs_are_pythons(void **state) {
    (void)state;
    Error err = {0};
    Rows rows = {0};
    Audit audit = {0};
    Json *golden = json_parse_file(GOLDEN, ERROR_DATA, &err);
    CHECK_OK(golden, &err);
    for (const Json *row = json_first(json_get(golden, "rows")); row; row = json_next(row))
        rows_add(&rows, json_string_or(row, NULL), 0, SPLIT_TRAIN);
    audit_rows(&audit, &rows.dataset, 2);
    assert_int_equal(audit.forms, json_int_or(json_get(golden, "distinct"), -1));
    assert_int_equal(audit.pairs.count, json_size(json_get(golden, "pairs")));
    int64_t i = 0;
    for (const Json *pair = json_first(json_get(golden, "pairs")); pair; pair = json_next(pair), i++) {
        const Json *later = json_first(pair), *earlier = json_next(later), *shared = json_next(earlier), *all = json_next(shared);
        assert_int_equal(audit.pairs.pairs[i].later, json_int_or(later, -1));
        assert_int_equal(audit.pairs.pairs[i].earlier, json_int_or(earlier, -1));
        assert_int_equal(audit.pairs.pairs[i].shared, json_int_or(shared, -1));
        assert_int_equal(audit.pairs.pairs[i].all, json_int_or(all, -1));
    }
    assert_true(i > 100);
    audit_free(&audit);
    rows_free(&rows);
    json_free(golden);
}

/* ---- every pair compared ---- */

/* Shingles of a form as a sorted list of words, kept simple: what the fast way must equal. */
typedef struct Bag {
    char **shingles;
    int count;
} Bag;

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static Bag bag_of(const char *form, size_t size) {
    Bag bag = {calloc(size + 1, sizeof *bag.shingles), 0};
    int words = 0;
    for (size_t at = 0, before = 0; at < size; words++) {
        const char *space = memchr(form + at, ' ', size - at);
        size_t end = space ? (size_t)(space - form) : size;
        if (words) bag.shingles[bag.count++] = strndup(form + before, end - before);
        before = at;
        at = end + 1;
    }
    if (words == 1) bag.shingles[bag.count++] = strndup(form, size);
    qsort(bag.shingles, (size_t)bag.count, sizeof *bag.shingles, by_text);
    int kept = 0;
    for (int i = 0; i < bag.count; i++) {
        if (kept && strcmp(bag.shingles[kept - 1], bag.shingles[i]) == 0)
            free(bag.shingles[i]);
        else
            bag.shingles[kept++] = bag.shingles[i];
    }
    bag.count = kept;
    return bag;
}

static int shared_of(const Bag *a, const Bag *b) {
    int shared = 0;
    for (int i = 0, j = 0; i < a->count && j < b->count;) {
        int order = strcmp(a->shingles[i], b->shingles[j]);
        shared += order == 0;
        i += order <= 0;
        j += order >= 0;
    }
    return shared;
}

/* Texts are compared only where their sizes leave room for 0.8, which changes nothing but the time. */
static void check_every_pair(const Dataset *dataset, const NearPairs *found) {
    Error err = {0};
    NormalTexts texts = {0};
    int32_t *first = calloc((size_t)dataset->rows, sizeof *first);
    CHECK_OK(split_group_texts(dataset, first, &err), &err);
    CHECK_OK(normal_texts_make(&texts, dataset, first, NULL, &err), &err);
    Bag *bags = calloc((size_t)texts.count + 1, sizeof *bags);
    int64_t at = 0;
    for (int i = 0; i < texts.count; i++) {
        size_t size;
        const char *form = normal_text(&texts, i, &size);
        bags[i] = bag_of(form, size);
    }
    for (int i = 0; i < texts.count; i++)
        for (int j = 0; j < i; j++) {
            if (5 * bags[i].count < 4 * bags[j].count || 5 * bags[j].count < 4 * bags[i].count) continue;
            int shared = shared_of(&bags[i], &bags[j]), all = bags[i].count + bags[j].count - shared;
            if (all == 0 || 5 * shared < 4 * all) continue;
            if (at == found->count) fail_msg("texts %d and %d share %d of %d and were not found", i, j, shared, all);
            NearPair pair = found->pairs[at++];
            if (pair.later != i || pair.earlier != j || pair.shared != shared || pair.all != all)
                fail_msg("texts %d and %d share %d of %d, found %d and %d sharing %d of %d", i, j, shared, all, pair.later,
                         pair.earlier, pair.shared, pair.all);
        }
    assert_int_equal(at, found->count);
    assert_int_equal(found->cut, 0);
    for (int i = 0; i < texts.count; i++) {
        for (int k = 0; k < bags[i].count; k++) free(bags[i].shingles[k]);
        free(bags[i].shingles);
    }
    free(bags);
    free(first);
    normal_texts_free(&texts);
}

/* Sentences, and copies of earlier ones with a word changed, left out or put in. */
static void add_sentences(Rows *rows, int count, int vocabulary) {
    Random random = random_start(3, STREAM_TEST, 0);
    int32_t(*made)[24] = calloc((size_t)count, sizeof *made);
    for (int row = 0; row < count; row++) {
        Buffer text = {0};
        int32_t *words = made[row];
        if (row && random_below(&random, 3)) {
            memcpy(words, made[random_below(&random, (uint32_t)row)], sizeof *made);
            for (int edits = (int)random_below(&random, 3); edits > 0; edits--)
                words[1 + random_below(&random, (uint32_t)words[0])] = (int32_t)random_below(&random, (uint32_t)vocabulary + 1);
        } else {
            words[0] = 1 + (int32_t)random_below(&random, 23);
            for (int i = 1; i <= words[0]; i++) words[i] = (int32_t)random_below(&random, (uint32_t)vocabulary + 1);
        }
        for (int i = 1; i <= words[0]; i++)
            if (words[i]) buffer_printf(&text, "%s%s%d", i > 1 ? " " : "", random_below(&random, 50) ? "w" : "W", words[i]);
        rows_add(rows, text.data ? text.data : "", row % 3, (Split)(row % 5 ? SPLIT_TRAIN : 1 + row % 2));
        buffer_free(&text);
    }
    free(made);
}

static void every_pair_is_found(void **state) {
    (void)state;
    for (int vocabulary = 4; vocabulary <= 4000; vocabulary *= 10) {
        Rows rows = {0};
        Audit audit = {0};
        add_sentences(&rows, 1500, vocabulary);
        audit_rows(&audit, &rows.dataset, 1);
        assert_true(audit.pairs.count > 20);
        check_every_pair(&rows.dataset, &audit.pairs);
        audit_free(&audit);
        rows_free(&rows);
    }
    const char *own = getenv("TWOFOLD_TEST_ROWS");
    if (!own) return;
    Error err = {0};
    Dataset dataset = {0};
    Audit audit = {0};
    DataOptions options = DATA_DEFAULTS;
    options.data = own;
    CHECK_OK(dataset_load(&dataset, &options, DATA_AS_GIVEN, NULL, &err), &err);
    audit_rows(&audit, &dataset, 2);
    check_every_pair(&dataset, &audit.pairs);
    printf("%s: %lld near pairs among %d texts, as by comparing every pair\n", own, (long long)audit.pairs.count, audit.forms);
    audit_free(&audit);
    dataset_free(&dataset);
}

/* ---- the counts ---- */

static void rows_count_on_their_strongest_level(void **state) {
    (void)state;
    Rows rows = {0};
    Audit audit = {0};
    rows_add(&rows, "I like this card very much", 0, SPLIT_TRAIN);      /* 0 */
    rows_add(&rows, "i like this card, very much!", 0, SPLIT_TRAIN);    /* 1: normalised duplicate of 0 */
    rows_add(&rows, "I like this card very much", 0, SPLIT_TRAIN);      /* 2: duplicate of 0 */
    rows_add(&rows, "i like this card very much today", 1, SPLIT_TRAIN); /* 3: near 0 (5 of 6) */
    rows_add(&rows, "something else", 1, SPLIT_TRAIN);                  /* 4 */
    rows_add(&rows, "Something else?", 0, SPLIT_VALIDATION);            /* 5: normalised leak of 4, another label */
    rows_add(&rows, "I LIKE this card very much", 0, SPLIT_TEST);       /* 6: normalised leak of 0 */
    rows_add(&rows, "i like this card very much today", 0, SPLIT_TEST); /* 7: leak of 3, another label; near 6 */
    rows_add(&rows, "oh i like this card very much today", 1, SPLIT_TEST); /* 8: near leak of 3 (6 of 7), near 7 */
    rows_add(&rows, "!!!", 0, SPLIT_TEST);                              /* 9 */
    rows_add(&rows, "???", 0, SPLIT_TEST);                              /* 10: no duplicate of 9 */
    audit_rows(&audit, &rows.dataset, 1);
    assert_int_equal(audit.duplicates[SPLIT_TRAIN], 1);
    assert_int_equal(audit.normalized.duplicates[SPLIT_TRAIN], 1);
    assert_int_equal(audit.near.duplicates[SPLIT_TRAIN], 1);
    assert_int_equal(audit.normalized.duplicates[SPLIT_TEST], 0);
    assert_int_equal(audit.near.duplicates[SPLIT_TEST], 2);
    assert_int_equal(audit.normalized.leaks[SPLIT_VALIDATION][SPLIT_TRAIN], 1);
    assert_int_equal(audit.normalized.leaks_otherwise[SPLIT_VALIDATION][SPLIT_TRAIN], 1);
    assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_TRAIN], 1);
    assert_int_equal(audit.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN], 1);
    assert_int_equal(audit.normalized.leaks[SPLIT_TEST][SPLIT_TRAIN], 1);
    assert_int_equal(audit.normalized.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN], 0);
    assert_int_equal(audit.near.leaks[SPLIT_TEST][SPLIT_TRAIN], 1);
    assert_int_equal(audit.near.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN], 0);
    assert_int_equal(audit.normalized.leaks[SPLIT_TRAIN][SPLIT_TEST], 3); /* 0, 1, 2 */
    assert_int_equal(audit.conflict_forms, 2);
    assert_int_equal(audit.flags[7] & AUDIT_ANY_LEAK, AUDIT_LEAK);
    assert_int_equal(audit.flags[8] & AUDIT_ANY_LEAK, AUDIT_NEAR_LEAK);
    assert_int_equal(audit.flags[10], 0);
    audit_free(&audit);
    rows_free(&rows);
}

static void ceilings_are_those_of_equal_texts(void **state) {
    (void)state;
    Rows rows = {0};
    Audit audit = {0};
    rows_add(&rows, "a", 0, SPLIT_TRAIN);
    rows_add(&rows, "t", 0, SPLIT_TEST);
    rows_add(&rows, "t", 1, SPLIT_TEST);
    rows_add(&rows, "t", 1, SPLIT_TEST);
    rows_add(&rows, "u", 2, SPLIT_TEST);
    rows_add(&rows, "a", 1, SPLIT_TEST); /* what train says does not bind a model */
    audit_rows(&audit, &rows.dataset, 1);
    CHECK_CLOSE(audit_ceiling(&audit, &rows.dataset, SPLIT_TRAIN), 1, 0, 0);
    CHECK_CLOSE(audit_ceiling(&audit, &rows.dataset, SPLIT_TEST), 0.8, 1e-15, 0);
    assert_true(isnan(audit_ceiling(&audit, &rows.dataset, SPLIT_VALIDATION)));
    audit_free(&audit);
    rows_free(&rows);
}

/* ---- bounded, and the same for any number of threads ---- */

static void threads_change_nothing(void **state) {
    (void)state;
    Rows rows = {0};
    Audit audits[2];
    memset(audits, 0, sizeof audits);
    add_sentences(&rows, 3000, 30);
    audit_rows(&audits[0], &rows.dataset, 1);
    audit_rows(&audits[1], &rows.dataset, 3);
    assert_int_equal(audits[0].pairs.count, audits[1].pairs.count);
    assert_memory_equal(audits[0].pairs.pairs, audits[1].pairs.pairs,
                        (size_t)audits[0].pairs.count * sizeof *audits[0].pairs.pairs);
    assert_memory_equal(audits[0].flags, audits[1].flags, (size_t)rows.dataset.rows * sizeof *audits[0].flags);
    audit_free(&audits[0]);
    audit_free(&audits[1]);
    rows_free(&rows);
}

/* Rows that are all near each other: the pairs are cut and said to be, and each row but the first is still known as a near duplicate. */
static void look_alikes_stay_linear(void **state) {
    (void)state;
    enum { COUNT = 40000 };
    for (int equal = 0; equal < 2; equal++) {
        Rows rows = {0};
        Audit audit = {0};
        for (int row = 0; row < COUNT; row++) {
            char text[200];
            snprintf(text, sizeof text, "one two three four five six seven eight nine ten eleven twelve %d", equal ? 0 : row);
            rows_add(&rows, text, 0, row % 4 ? SPLIT_TRAIN : SPLIT_TEST);
        }
        double started_s = clock_cpu_s();
        audit_rows(&audit, &rows.dataset, 2);
        if (clock_cpu_s() - started_s > 30) fail_msg("%d look-alikes took %.1f s", COUNT, clock_cpu_s() - started_s);
        assert_int_equal(audit.duplicates[SPLIT_TRAIN] + audit.near.duplicates[SPLIT_TRAIN], COUNT * 3 / 4 - 1);
        assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_TRAIN], equal ? COUNT / 4 : 0);
        assert_true(equal ? audit.pairs.cut == 0 : audit.pairs.cut > COUNT / 2);
        assert_true(audit.pairs.count <= NEAR_PAIRS_MOST);
        audit_free(&audit);
        rows_free(&rows);
    }
}

/* A megabyte of combining marks, which a sort by exchange would take hours for. */
static void marks_stay_linear(void **state) {
    (void)state;
    Buffer text = {0}, out = {0}, scratch = {0};
    buffer_text(&text, "a");
    for (int i = 0; i < 250000; i++) buffer_text(&text, i % 2 ? "\xCC\xA7" : "\xCC\x81"); /* U+0327, U+0301 */
    double started_s = clock_cpu_s();
    text_normalize(&out, &scratch, text.data, text.size);
    if (clock_cpu_s() - started_s > 10) fail_msg("half a million marks took %.1f s", clock_cpu_s() - started_s);
    assert_true(out.size > 400000);
    buffer_free(&text);
    buffer_free(&out);
    buffer_free(&scratch);
}

/* ---- a set with the facts of a published one ---- */

/* 31 repeated rows and 30 texts with two labels in train, 5 validation and 11 test texts in train, 3 test texts in validation, every one with another
 * label: as in a set of tweets many have trained on. */
static void the_published_facts_come_out(void **state) {
    (void)state;
    Rows rows = {0};
    Audit audit = {0};
    char text[64];
    for (int row = 0; row < 300; row++) {
        snprintf(text, sizeof text, "tweet %d about feeling number%d", row, row);
        rows_add(&rows, text, row % 6, SPLIT_TRAIN);
    }
    for (int row = 0; row < 31; row++) { /* the last repeats with its label */
        snprintf(text, sizeof text, "tweet %d about feeling number%d", row, row);
        rows_add(&rows, text, row < 30 ? (row + 1) % 6 : row % 6, SPLIT_TRAIN);
    }
    for (int split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        for (int row = 0; row < 50; row++) {
            int leaked = split == SPLIT_TEST ? 11 : 5, from = split * 100 + row;
            if (row < leaked)
                snprintf(text, sizeof text, "tweet %d about feeling number%d", from, from);
            else if (split == SPLIT_TEST && row < leaked + 3)
                snprintf(text, sizeof text, "a tweet of validation %d", row);
            else
                snprintf(text, sizeof text, "a tweet of %s %d", split_name((Split)split), row);
            rows_add(&rows, text, (row < leaked ? from + 2 : row + split) % 6, (Split)split);
        }
    audit_rows(&audit, &rows.dataset, 2);
    assert_int_equal(audit.duplicates[SPLIT_TRAIN], 31);
    assert_int_equal(audit.conflicts[SPLIT_TRAIN], 30);
    assert_int_equal(audit.leaks[SPLIT_VALIDATION][SPLIT_TRAIN], 5);
    assert_int_equal(audit.leaks_otherwise[SPLIT_VALIDATION][SPLIT_TRAIN], 5);
    assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_TRAIN], 11);
    assert_int_equal(audit.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN], 11);
    assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_VALIDATION], 3);
    assert_int_equal(audit.leaks_otherwise[SPLIT_TEST][SPLIT_VALIDATION], 3);
    check_every_pair(&rows.dataset, &audit.pairs);
    audit_free(&audit);
    rows_free(&rows);
}

/* ---- leaving them out ---- */

static void drop(const char *choice, int expected, const char *said) {
    Error err = {0};
    Dataset dataset = {0};
    Buffer notes = {0};
    Observer observer = {.context = &notes, .note = notes_add};
    DataOptions options = DATA_DEFAULTS;
    options.data = WORK "/d";
    options.drop_leaks = choice;
    CHECK_OK(dataset_load(&dataset, &options, DATA_FOR_TRAINING, &observer, &err), &err);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, expected);
    assert_int_equal(dataset.leaks_dropped, 6 - expected);
    if (said && (!notes.data || !strstr(notes.data, said))) fail_msg("'%s' lacks '%s'", notes.data, said);
    Audit audit = {0};
    audit_rows(&audit, &dataset, 1);
    int leaked = audit.leaks[SPLIT_TEST][SPLIT_TRAIN] + audit.normalized.leaks[SPLIT_TEST][SPLIT_TRAIN];
    assert_int_equal(leaked, expected == 6 ? 2 : 0);
    assert_int_equal(audit.near.leaks[SPLIT_VALIDATION][SPLIT_TRAIN], expected == 3 ? 0 : 1);
    audit_free(&audit);
    dataset_free(&dataset);
    buffer_free(&notes);
}

static void leaks_are_left_out(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_make(WORK "/d", &err), &err);
    write_text(WORK "/d/train.txt", "a b c;x\nd e f;y\ng h i j k l m;x\nzz;y\nyy;x\nxx;y\n");
    write_text(WORK "/d/val.txt", "g h i j k l n m;x\ng h i j k l m n;y\n");
    write_text(WORK "/d/test.txt", "a b c;y\nD, e F!;y\nw;x\n");
    drop("none", 6, NULL);
    drop("train", 4, "2 training rows are left out, whose text also stands in validation or test\n");
    drop("near", 3, "3 training rows are left out, whose text also stands in validation or test, or nearly so\n");
}

int main(void) {
    Error err = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_pythons),
        cmocka_unit_test(pairs_are_pythons),
        cmocka_unit_test(every_pair_is_found),
        cmocka_unit_test(rows_count_on_their_strongest_level),
        cmocka_unit_test(ceilings_are_those_of_equal_texts),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(look_alikes_stay_linear),
        cmocka_unit_test(marks_stay_linear),
        cmocka_unit_test(the_published_facts_come_out),
        cmocka_unit_test(leaks_are_left_out),
    };
    if (!folder_make(WORK, &err)) return 1;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    if (!folder_remove(WORK, &err)) return 1;
    return status;
}
