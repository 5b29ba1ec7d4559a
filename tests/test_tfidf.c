/* Bags of words against scikit-learn (tests/golden/tfidf.json, made by make_tfidf_golden.py): the same words for every code point,
 * the same vocabulary, the same values; the same for any number of threads; and the file when it is damaged. */
#include "tests/check.h"

#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/sha256.h"
#include "common/utf8.h"
#include "features/tfidf.h"
#include "features/tfidf_size.h"
#include "features/words.h"

static Error err;
static char folder[] = "/tmp/twofold-tfidf-XXXXXX";
static Path path;
static Buffer golden; /* tests/golden/tfidf.json */

static int set_up(void **state) {
    (void)state;
    FileMap map;
    if (!mkdtemp(folder) || !path_make(&path, &err, "%s/tfidf.txt", folder)) return -1;
    if (!file_map(&map, TESTS_FOLDER "/golden/tfidf.json", ERROR_MODEL, &err)) return -1;
    buffer_add(&golden, map.data, map.size);
    file_unmap(&map);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buffer_free(&golden);
    return folder_remove(folder, &err) ? 0 : -1;
}

/* ---- texts ---- */

typedef struct Texts {
    Buffer data;
    int64_t *starts;
    int count;
    size_t capacity;
} Texts;

static void texts_add(Texts *texts, const char *text, size_t size) {
    if ((size_t)texts->count + 2 > texts->capacity) {
        int64_t *starts = mem_grow(texts->starts, &texts->capacity, (size_t)texts->count + 2, sizeof *starts, &err);
        assert_non_null(starts);
        texts->starts = starts;
    }
    if (!texts->count) texts->starts[0] = 0;
    buffer_add(&texts->data, text, size);
    texts->starts[++texts->count] = (int64_t)texts->data.size;
}

static TextView texts_view(const Texts *texts) {
    return (TextView){.data = texts->data.data, .starts = texts->starts, .count = texts->count};
}

static void texts_free(Texts *texts) {
    buffer_free(&texts->data);
    free(texts->starts);
}

/* The strings of two arrays of the golden, one after the other. Their NULs are kept, which a document reader would not. */
static Texts texts_load(int *train) {
    Texts texts = {0};
    JsonReader reader;
    json_reader_init(&reader, golden.data, golden.size);
    JsonToken token;
    while ((token = json_read(&reader)) != JSON_END && token != JSON_ERROR) {
        if (token != JSON_KEY) continue;
        bool is_train = reader.size == 5 && memcmp(reader.text, "train", 5) == 0;
        bool is_others = reader.size == 6 && memcmp(reader.text, "others", 6) == 0;
        if (!is_train && !is_others) continue;
        assert_int_equal(json_read(&reader), JSON_ARRAY_BEGIN);
        while (json_read(&reader) == JSON_STRING) texts_add(&texts, reader.text, reader.size);
        if (is_train)
            *train = texts.count;
        else
            break;
    }
    json_reader_free(&reader);
    return texts;
}

/* ---- words ---- */

static void add_all(Buffer *out, const char *pattern, const char *character, size_t size) {
    for (; *pattern; pattern++) {
        if (*pattern == '?')
            buffer_add(out, character, size);
        else if (*pattern == 'S')
            buffer_text(out, "\xce\xa3"); /* capital sigma */
        else
            buffer_add(out, pattern, 1);
    }
}

static void test_every_code_point(void **state) {
    (void)state;
    Json *json = json_parse(golden.data, golden.size, "golden", ERROR_MODEL, &err);
    Sha256 lower_digest, words_digest;
    sha256_init(&lower_digest);
    sha256_init(&words_digest);
    Buffer text = {0}, lowered = {0};
    Words words = {0};
    for (uint32_t code_point = 0; code_point < 0x110000; code_point++) {
        if (code_point >= 0xD800 && code_point < 0xE000) continue;
        char character[4];
        size_t size = (size_t)utf8_encode(code_point, character);
        text.size = lowered.size = 0;
        add_all(&text, "? A?S A?S?A AS?A AS? ?S", character, size);
        words_lower(&lowered, text.data, text.size);
        buffer_text(&lowered, "\n");
        sha256_add(&lower_digest, lowered.data, lowered.size);

        text.size = 0;
        add_all(&text, "? ?? x? x?y xy?zz", character, size);
        CHECK_OK(words_split(&words, text.data, text.size, false, &err), &err);
        for (size_t i = 0; i < words.text.size; i++)
            if (words.text.data[i] == ' ') words.text.data[i] = '|';
        buffer_text(&words.text, "\n");
        sha256_add(&words_digest, words.text.data, words.text.size);
    }
    assert_string_equal(sha256_finish(&lower_digest).text, json_string_or(json_get(json, "lower"), ""));
    assert_string_equal(sha256_finish(&words_digest).text, json_string_or(json_get(json, "words"), ""));
    words_free(&words);
    buffer_free(&text);
    buffer_free(&lowered);
    json_free(json);
}

static void test_invalid_bytes_end_words(void **state) {
    (void)state;
    Words words = {0};
    static const char text[] = "ab\xff"
                               "cd \xc3"
                               " ef\xed\xa0\x80gh \xce\xa3\xff";
    for (int lowercase = 0; lowercase < 2; lowercase++) {
        CHECK_OK(words_split(&words, text, sizeof text - 1, lowercase, &err), &err);
        assert_string_equal(words.text.data, "ab cd ef gh");
        assert_int_equal(words.count, 4);
    }
    words_free(&words);
}

/* ---- the judge ---- */

static TfidfOptions options_load(const Json *json) {
    const Json *range = json_first(json_get(json, "ngram_range"));
    TfidfOptions options = {.min_n = 1,
                            .max_n = 1,
                            .lowercase = json_bool_or(json_get(json, "lowercase"), true),
                            .sublinear = json_bool_or(json_get(json, "sublinear_tf"), false),
                            .min_df = json_number_or(json_get(json, "min_df"), 1),
                            .max_df = json_number_or(json_get(json, "max_df"), 1),
                            .max_features = (int)json_int_or(json_get(json, "max_features"), 0)};
    if (range) {
        options.min_n = (int)json_int_or(range, 0);
        options.max_n = (int)json_int_or(json_next(range), 0);
    }
    return options;
}

static void check_vocabulary(const Tfidf *tfidf, const Json *vocabulary) {
    assert_int_equal(tfidf_terms(tfidf), json_size(vocabulary));
    const Json *expected = json_first(vocabulary);
    for (int i = 0; i < tfidf_terms(tfidf); i++, expected = json_next(expected)) {
        size_t size;
        const char *term = tfidf_term(tfidf, i, &size), *judge = json_string_or(expected, "");
        if (strlen(judge) != size || memcmp(judge, term, size) != 0)
            fail_msg("term %d is '%.*s', expected '%s'", i, (int)size, term, judge);
    }
}

/* Both sides take one logarithm, one product and one root in double: a few roundings of 1e-16. */
static void check_rows(const SparseFeatures *rows, const Json *json) {
    const Json *start = json_first(json_get(json, "starts")), *index = json_first(json_get(json, "indices"));
    const Json *value = json_first(json_get(json, "values"));
    assert_int_equal(json_size(json_get(json, "starts")), rows->rows + 1);
    for (int r = 0; r <= rows->rows; r++, start = json_next(start)) assert_int_equal(rows->starts[r], json_int_or(start, -1));
    for (int64_t i = 0; i < rows->starts[rows->rows]; i++, index = json_next(index), value = json_next(value)) {
        assert_int_equal(rows->indices[i], json_int_or(index, -1));
        CHECK_CLOSE(rows->values[i], json_number_or(value, (double)NAN), 1e-14, 0);
    }
}

static void test_matches_scikit_learn(void **state) {
    (void)state;
    int train = 0, cases = 0;
    Texts texts = texts_load(&train);
    assert_true(train == 42 && texts.count == 47);
    Json *json = json_parse(golden.data, golden.size, "golden", ERROR_MODEL, &err);
    for (const Json *one = json_first(json_get(json, "cases")); one; one = json_next(one), cases++) {
        TfidfOptions options = options_load(json_get(one, "options"));
        TextView all = texts_view(&texts), some = all;
        some.count = train;
        Tfidf *tfidf = tfidf_fit(&some, &options, NULL, &err);
        if (!tfidf) fail_msg("%s", err.message);
        check_vocabulary(tfidf, json_get(one, "vocabulary"));
        SparseFeatures rows;
        CHECK_OK(tfidf_transform(tfidf, &all, NULL, &rows, &err), &err);
        check_rows(&rows, one);
        sparse_features_free(&rows);

        CHECK_OK(tfidf_save(tfidf, path.text, &err), &err);
        Tfidf *loaded = tfidf_load(path.text, &err);
        if (!loaded) fail_msg("%s", err.message);
        check_vocabulary(loaded, json_get(one, "vocabulary"));
        CHECK_OK(tfidf_transform(loaded, &all, NULL, &rows, &err), &err);
        check_rows(&rows, one);
        sparse_features_free(&rows);
        tfidf_free(loaded);
        tfidf_free(tfidf);
    }
    assert_int_equal(cases, 6);
    json_free(json);
    texts_free(&texts);
}

/* ---- size, threads ---- */

/* Words of a long-tailed distribution, more rows than a wave of chunks. */
static Texts texts_make(int rows) {
    Texts texts = {0};
    Random random = random_start(3, STREAM_TEST, 9);
    for (int i = 0; i < rows; i++) {
        char text[400];
        size_t used = 0;
        int words = (int)random_below(&random, 12);
        for (int w = 0; w < words; w++) {
            double place = random_uniform(&random);
            used += (size_t)snprintf(text + used, sizeof text - used, "w%d ", (int)(5000 * place * place * place));
        }
        texts_add(&texts, text, used);
    }
    return texts;
}

static void test_same_for_any_threads(void **state) {
    (void)state;
    Texts texts = texts_make(40000);
    TextView view = texts_view(&texts);
    TfidfOptions options = TFIDF_DEFAULTS;
    Sha256Hex first = {0};
    SparseFeatures first_rows = {0};
    for (int threads = 1; threads <= 8; threads = threads * 3 - 1) { /* 1, 2, 5 */
        Pool *pool = pool_new(threads, &err);
        Tfidf *tfidf = tfidf_fit(&view, &options, pool, &err);
        SparseFeatures rows;
        Sha256Hex digest;
        assert_non_null(tfidf);
        CHECK_OK(tfidf_transform(tfidf, &view, pool, &rows, &err), &err);
        CHECK_OK(tfidf_save(tfidf, path.text, &err) && sha256_file(&digest, path.text, &err), &err);
        if (threads == 1) {
            first = digest;
            first_rows = rows;
        } else {
            assert_string_equal(digest.text, first.text);
            size_t entries = (size_t)first_rows.starts[first_rows.rows];
            assert_memory_equal(rows.starts, first_rows.starts, ((size_t)rows.rows + 1) * sizeof *rows.starts);
            assert_memory_equal(rows.indices, first_rows.indices, entries * sizeof *rows.indices);
            assert_memory_equal(rows.values, first_rows.values, entries * sizeof *rows.values);
            sparse_features_free(&rows);
        }
        tfidf_free(tfidf);
        pool_free(pool);
    }
    sparse_features_free(&first_rows);
    texts_free(&texts);
}

/* The sample keeps 4,096 to 8,192 terms: their number is told within 1.6 % most of the time, how many of them are rare a little worse. */
static void check_size(const TextView *view, const TfidfOptions *options, int threads) {
    Pool *pool = pool_new(threads, &err);
    TfidfSize size, again;
    SparseFeatures rows;
    CHECK_OK(tfidf_size(&size, view, options, NULL, &err) && tfidf_size(&again, view, options, pool, &err), &err);
    assert_memory_equal(&size, &again, sizeof size);
    Tfidf *tfidf = tfidf_fit(view, options, pool, &err);
    assert_non_null(tfidf);
    CHECK_OK(tfidf_transform(tfidf, view, pool, &rows, &err), &err);
    CHECK_CLOSE(size.kept, tfidf_terms(tfidf), 0, options->max_features ? 0 : 0.05);
    assert_true(size.kept <= size.terms);
    if (options->min_df < 2 && !options->max_features) CHECK_CLOSE(size.entries, (double)rows.starts[rows.rows], 0, 0.01);
    assert_true(tfidf_kept_bytes(&size) < tfidf_fit_bytes(&size));
    sparse_features_free(&rows);
    tfidf_free(tfidf);
    pool_free(pool);
}

static void test_size_is_told_before(void **state) {
    (void)state;
    Texts texts = texts_make(60000);
    TextView all = texts_view(&texts), few = all;
    TfidfOptions options = TFIDF_DEFAULTS, rare = options, most = options, single = options;
    few.count = 700; /* all of their terms are in the sample */
    rare.min_df = 2;
    most.max_features = 1000;
    single.max_n = 1;
    check_size(&all, &options, 3);
    check_size(&all, &rare, 2);
    check_size(&all, &most, 2);
    check_size(&all, &single, 5);
    check_size(&few, &options, 2);
    few.count = 0;
    TfidfSize none;
    CHECK_OK(tfidf_size(&none, &few, &options, NULL, &err), &err);
    assert_true(none.terms <= 0 && none.entries <= 0);
    texts_free(&texts);
}

static void test_rows_by_number(void **state) {
    (void)state;
    Texts texts = texts_make(600);
    int32_t numbers[300];
    Texts half = {0};
    for (int i = 0; i < 300; i++) {
        int row = numbers[i] = 599 - 2 * i;
        texts_add(&half, texts.data.data + texts.starts[row], (size_t)(texts.starts[row + 1] - texts.starts[row]));
    }
    TextView some = texts_view(&texts), whole = texts_view(&half);
    some.rows = numbers;
    some.count = 300;
    TfidfOptions options = TFIDF_DEFAULTS;
    options.min_df = 3;
    Tfidf *a = tfidf_fit(&some, &options, NULL, &err), *b = tfidf_fit(&whole, &options, NULL, &err);
    assert_true(a && b);
    Sha256Hex a_digest, b_digest;
    CHECK_OK(tfidf_save(a, path.text, &err) && sha256_file(&a_digest, path.text, &err), &err);
    CHECK_OK(tfidf_save(b, path.text, &err) && sha256_file(&b_digest, path.text, &err), &err);
    assert_string_equal(a_digest.text, b_digest.text);
    tfidf_free(a);
    tfidf_free(b);
    texts_free(&half);
    texts_free(&texts);
}

/* ---- files and refusals ---- */

static void test_refusals(void **state) {
    (void)state;
    Texts texts = {0};
    texts_add(&texts, "a b c", 5);
    TextView view = texts_view(&texts), none = {.starts = (int64_t[]){0}, .data = ""};
    TfidfOptions options = TFIDF_DEFAULTS;
    CHECK_FAILS(tfidf_fit(&view, &options, NULL, &err), &err, ERROR_DATA, "no term");
    CHECK_FAILS(tfidf_fit(&none, &options, NULL, &err), &err, ERROR_DATA, "no term");
    options.max_n = 99;
    CHECK_FAILS(tfidf_fit(&view, &options, NULL, &err), &err, ERROR_USAGE, "n-grams of 1 to 99");
    options = (TfidfOptions)TFIDF_DEFAULTS;
    options.min_df = (double)NAN;
    CHECK_FAILS(tfidf_fit(&view, &options, NULL, &err), &err, ERROR_USAGE, "min_df");
    texts_free(&texts);
}

static void check_refused(const char *text, size_t size, const char *said) {
    CHECK_OK(file_write(path.text, text, size, &err), &err);
    CHECK_FAILS(tfidf_load(path.text, &err), &err, ERROR_MODEL, said);
}

/* A file whose digest is right and whose contents are what the writer would never write. */
static void check_forged(const char *lines, const char *said) {
    Buffer text = {0};
    buffer_text(&text, lines);
    buffer_printf(&text, "sha256 %s\n", sha256_bytes(lines, strlen(lines)).text);
    check_refused(text.data, text.size, said);
    buffer_free(&text);
}

#define OPTIONS "\"ngram_range\":[1,2],\"lowercase\":true,\"sublinear_tf\":true,\"min_df\":1,\"max_df\":1,\"max_features\":0}\n"

static void test_damaged_files(void **state) {
    (void)state;
    Texts texts = {0};
    texts_add(&texts, "some words and some more", 24);
    TextView view = texts_view(&texts);
    TfidfOptions options = TFIDF_DEFAULTS;
    Tfidf *tfidf = tfidf_fit(&view, &options, NULL, &err);
    CHECK_OK(tfidf_save(tfidf, path.text, &err), &err);
    FileMap map;
    CHECK_OK(file_map(&map, path.text, ERROR_MODEL, &err), &err);
    char *whole = mem_copy_text((const char *)map.data, map.size, &err);
    size_t size = map.size;
    file_unmap(&map);
    for (size_t cut = 0; cut < size; cut++) check_refused(whole, cut, path.text);
    for (size_t at = 0; at < size; at++) {
        whole[at] ^= 4;
        check_refused(whole, size, path.text);
        whole[at] ^= 4;
    }
    free(whole);
    tfidf_free(tfidf);
    texts_free(&texts);

    check_forged("twofold tfidf 1\n", ":2: expected the options");
    check_forged("twofold tfidf 1\n[]\n", "rows is -1");
    check_forged("twofold tfidf 1\n{\n", "tfidf.txt");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":2000000000," OPTIONS "1\tab\n", "terms is 2000000000, expected 1 to 1");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":2," OPTIONS "1\tabcdefg\n", ":4: expected a count, a tab");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":1," OPTIONS "3\tabcdefg\n", "count of 1 to 2");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":1," OPTIONS "99999999999999999999\tabcdefg\n", "count of 1 to 2");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":1," OPTIONS "1\tab\xff"
                 "defg\n",
                 "in UTF-8");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":2," OPTIONS "1\tabc\n1\tabc\n", ":4: the terms are not in order");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":1," OPTIONS "1\tabc\n1\tabd\n", "more lines");
    check_forged("twofold tfidf 1\n{\"rows\":2,\"terms\":1,\"ngram_range\":[2,1]}\n1\tabc\n",
                 "ngram_range is 1, expected 2 to 8");
    CHECK_OK(file_write(path.text, "", 0, &err), &err);
    CHECK_FAILS(tfidf_load(path.text, &err), &err, ERROR_MODEL, "empty");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),     cmocka_unit_test(test_invalid_bytes_end_words),
        cmocka_unit_test(test_matches_scikit_learn), cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_rows_by_number),       cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_damaged_files),        cmocka_unit_test(test_size_is_told_before),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
