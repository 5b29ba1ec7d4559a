/* The tokenizer against the judge on small committed vocabularies, its files when they are broken, many rows, and the way back
 * to text. */
#include <limits.h>
#include <unistd.h>

#include "common/file.h"
#include "encoder/levels.h"
#include "encoder/tokens.h"
#include "tests/check.h"
#include "tests/tokenizer_golden.h"

static Tokenizer *small(int which) {
    Error err = {0};
    Path folder;
    CHECK_OK(path_make(&folder, &err, TESTS_FOLDER "/golden/%s", GOLDEN_SMALL[which]), &err);
    Tokenizer *tokenizer = tokenizer_load(folder.text, &err);
    CHECK_OK(tokenizer, &err);
    return tokenizer;
}

/* ---- equal to the judge ---- */

static void check_line(const Tokenizer *tokenizer, const GoldenLine *line, int which, int number) {
    Error err = {0};
    Encoding encoding = {0};
    Buffer decoded = {0};
    CHECK_OK(tokenizer_encode(tokenizer, &encoding, line->text.size ? line->text.data : "", line->text.size, 0, &err), &err);
    if (encoding.count != line->small[which].count ||
        memcmp(encoding.ids, line->small[which].ids, encoding.count * sizeof(int32_t)) != 0)
        fail_msg("%s: the ids of text %d differ: '%s'", GOLDEN_SMALL[which], number, line->text.data);
    for (int skipping = 0; skipping < 2; skipping++) {
        const Buffer *expected = skipping ? &line->small[which].skipping : &line->small[which].decoded;
        decoded.size = 0;
        tokenizer_decode(tokenizer, &decoded, encoding.ids, encoding.count, skipping);
        if (decoded.size != expected->size || (decoded.size && memcmp(decoded.data, expected->data, decoded.size) != 0))
            fail_msg("%s: text %d decodes to '%s', expected '%s'", GOLDEN_SMALL[which], number, decoded.data, expected->data);
    }
    buffer_free(&decoded);
    encoding_free(&encoding);
}

static void test_lines(void **state) {
    (void)state;
    Golden *golden = golden_load();
    for (int which = 0; which < GOLDEN_SMALL_COUNT; which++) {
        Tokenizer *tokenizer = small(which);
        for (int i = 0; i < golden->count; i++) check_line(tokenizer, &golden->lines[i], which, i);
        tokenizer_free(tokenizer);
    }
    golden_free(golden);
}

static void test_digests(void **state) {
    (void)state;
    Golden *golden = golden_load();
    for (int which = 0; which < GOLDEN_SMALL_COUNT; which++) {
        Tokenizer *tokenizer = small(which);
        golden_check_digests(golden, tokenizer, GOLDEN_SMALL[which]);
        tokenizer_free(tokenizer);
    }
    golden_free(golden);
}

static void test_normalizer(void **state) {
    (void)state;
    Golden *golden = golden_load();
    for (int flags = 0; flags < 16; flags++)
        golden_check_normalizer(golden,
                                (NormalizerOptions){(flags & 8) != 0, (flags & 4) != 0, (flags & 2) != 0, (flags & 1) != 0});
    golden_free(golden);
}

/* ---- a text, many rows ---- */

static void test_truncation(void **state) {
    (void)state;
    Error err = {0};
    Tokenizer *tokenizer = small(1);
    assert_int_equal(tokenizer_max_length(tokenizer), INT_MAX); /* 1e30 */
    Encoding whole = {0}, cut = {0};
    const char text[] = "The quick brown fox jumps over the lazy dog.";
    CHECK_OK(tokenizer_encode(tokenizer, &whole, text, strlen(text), 0, &err), &err);
    assert_true(whole.count > 8 && whole.full == whole.count);
    for (int length = 2; length <= (int)whole.count + 1; length++) {
        CHECK_OK(tokenizer_encode(tokenizer, &cut, text, strlen(text), length, &err), &err);
        size_t expected = (size_t)length < whole.count ? (size_t)length : whole.count;
        assert_int_equal(cut.count, expected);
        assert_int_equal(cut.full, whole.count);
        assert_memory_equal(cut.ids, whole.ids, (expected - 1) * sizeof(int32_t));
        assert_int_equal(cut.ids[expected - 1], tokenizer_sep(tokenizer));
    }
    encoding_free(&whole);
    encoding_free(&cut);
    tokenizer_free(tokenizer);
}

/* Rows cut from the golden texts, some empty: more than a few chunks of them. */
static int64_t *make_rows(const Golden *golden, Buffer *text, int rows) {
    int64_t *starts = calloc((size_t)rows + 1, sizeof *starts);
    for (int row = 0; row < rows; row++) {
        const Buffer *line = &golden->lines[(row * 7) % golden->count].text;
        if (row % 5 && line->size < 400) buffer_add(text, line->data, line->size);
        starts[row + 1] = (int64_t)text->size;
    }
    return starts;
}

static void test_rows(void **state) {
    (void)state;
    enum { ROWS = 2000, MAX_LENGTH = 12 };
    Error err = {0};
    Golden *golden = golden_load();
    Tokenizer *tokenizer = small(0);
    Buffer text = {0};
    int64_t *starts = make_rows(golden, &text, ROWS);
    Encoding encoding = {0};
    for (int threads = 1; threads <= 8; threads++) {
        Pool *pool = threads > 1 ? pool_new(threads, &err) : NULL;
        Tokens tokens = {0};
        CHECK_OK(tokens_encode(&tokens, tokenizer, text.data, starts, ROWS, MAX_LENGTH, pool, &err), &err);
        int truncated = 0;
        for (int row = 0; row < ROWS; row++) {
            CHECK_OK(tokenizer_encode(tokenizer, &encoding, text.data + starts[row], (size_t)(starts[row + 1] - starts[row]),
                                      MAX_LENGTH, &err),
                     &err);
            assert_int_equal(tokens_length(&tokens, row), encoding.count);
            assert_int_equal(tokens.full[row], encoding.full);
            assert_memory_equal(tokens_row(&tokens, row), encoding.ids, encoding.count * sizeof(int32_t));
            truncated += encoding.full > encoding.count;
        }
        assert_int_equal(tokens.truncated, truncated);
        assert_true(truncated > 0);
        tokens_free(&tokens);
        pool_free(pool);
    }
    Tokens none = {0};
    CHECK_OK(tokens_encode(&none, tokenizer, NULL, starts, 0, 0, NULL, &err), &err);
    assert_int_equal(none.starts[0], 0);
    tokens_free(&none);
    encoding_free(&encoding);
    free(starts);
    buffer_free(&text);
    tokenizer_free(tokenizer);
    golden_free(golden);
}

static void test_look_ups(void **state) {
    (void)state;
    enum { NEW_YORK = 31, WOERD = 33 }; /* known by their text in the file, shown as they are found: normalised */
    Tokenizer *tokenizer = small(2);
    size_t size;
    assert_int_equal(tokenizer_max_length(tokenizer), 16);
    for (int32_t id = 0; id < tokenizer_ids(tokenizer); id++) {
        const char *token = tokenizer_token(tokenizer, id, &size);
        assert_non_null(token);
        if (id != NEW_YORK && id != WOERD) assert_int_equal(tokenizer_id(tokenizer, token, size), id);
    }
    assert_int_equal(tokenizer_id(tokenizer, "New York", 8), NEW_YORK);
    assert_int_equal(tokenizer_id(tokenizer, "new york", 8), -1);
    assert_memory_equal(tokenizer_token(tokenizer, NEW_YORK, &size), "new york", 8);
    assert_int_equal(tokenizer_pad(tokenizer), 0);
    assert_int_equal(tokenizer_unk(tokenizer), 1);
    assert_int_equal(tokenizer_cls(tokenizer), 2);
    assert_int_equal(tokenizer_sep(tokenizer), 3);
    assert_int_equal(tokenizer_mask(tokenizer), 4);
    assert_true(tokenizer_is_special(tokenizer, 4));
    assert_false(tokenizer_is_special(tokenizer, 5));
    assert_false(tokenizer_is_special(tokenizer, -1));
    assert_false(tokenizer_is_special(tokenizer, INT_MAX));
    assert_null(tokenizer_token(tokenizer, -1, &size));
    assert_null(tokenizer_token(tokenizer, tokenizer_ids(tokenizer), &size));
    assert_int_equal(tokenizer_id(tokenizer, "", 0), -1);
    assert_int_equal(tokenizer_id(tokenizer, "no such token", 13), -1);
    Buffer out = {0};
    tokenizer_decode(tokenizer, &out, (const int32_t[]){-5, 5, 1000000, 6, INT_MIN}, 5, false);
    assert_string_equal(out.data, "foobar");
    buffer_free(&out);
    tokenizer_free(tokenizer);
}

/* Invalid UTF-8 is the caller's to replace; here it only must not be read past. */
static void test_invalid_bytes(void **state) {
    (void)state;
    Error err = {0};
    for (int which = 0; which < GOLDEN_SMALL_COUNT; which++) {
        Tokenizer *tokenizer = small(which);
        Encoding encoding = {0};
        for (int byte = 0x80; byte < 0x100; byte++) {
            char *text = malloc(3); /* exactly as long as the text, for AddressSanitizer */
            memcpy(text, (char[]){'a', (char)byte, (char)byte}, 3);
            for (size_t size = 0; size <= 3; size++) CHECK_OK(tokenizer_encode(tokenizer, &encoding, text, size, 0, &err), &err);
            free(text);
        }
        encoding_free(&encoding);
        tokenizer_free(tokenizer);
    }
}

/* ---- the teaching levels ---- */

static void check_level(Level level, const char *text, size_t size, const char *const *tokens, const int *ids, size_t count) {
    Error err = {0};
    LevelTokens found = {0};
    CHECK_OK(levels_encode(&found, level, text, size, &err), &err);
    assert_int_equal(found.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found.tokens[i].size, strlen(tokens[i]));
        assert_memory_equal(text + found.tokens[i].start, tokens[i], found.tokens[i].size);
        assert_int_equal(found.tokens[i].id, ids[i]);
    }
    levels_free(&found);
}

static void test_levels(void **state) {
    (void)state;
    check_level(LEVEL_WORD, "  to be\tor\xC2\xA0not  to be", 22, (const char *[]){"to", "be", "or", "not", "to", "be"},
                (int[]){3, 0, 2, 1, 3, 0}, 6);
    check_level(LEVEL_CHAR, "b\xC3\xA4 b", 5, (const char *[]){"b", "\xC3\xA4", " ", "b"}, (int[]){1, 2, 0, 1}, 4);
    check_level(LEVEL_WORD, "", 0, NULL, NULL, 0);
    check_level(LEVEL_CHAR, "", 0, NULL, NULL, 0);
}

/* ---- broken files ---- */

static char folder[64];

static void put(const char *name, const char *text, size_t size) {
    Error err = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/%s", folder, name), &err);
    CHECK_OK(file_write(path.text, text, size, &err), &err);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/twofold_tokenizer_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder, NULL) ? 0 : -1;
}

static const char TINY_JSON[] = "{\"added_tokens\": [{\"id\": 3, \"content\": \"[MASK]\", \"special\": true}], \"normalizer\": "
                                "{\"type\": \"BertNormalizer\", \"lowercase\": false},\n"
                                "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"model\": {\"type\": \"WordPiece\", "
                                "\"unk_token\": \"[UNK]\", \"continuing_subword_prefix\": \"##\",\n"
                                "\"max_input_chars_per_word\": 100, \"vocab\": {\"[UNK]\": 0, \"[CLS]\": 1, \"[SEP]\": 2, "
                                "\"[MASK]\": 3, \"[PAD]\": 4, \"A\": 5, \"\\u00e9\": 6}}}";

static void expect_failure(const char *part) {
    Error err = {0};
    CHECK_FAILS(tokenizer_load(folder, &err), &err, ERROR_MODEL, part);
}

static void test_truncated_json(void **state) {
    (void)state;
    Error err = {0};
    size_t size = strlen(TINY_JSON);
    for (size_t length = 0; length < size; length++) {
        put("tokenizer.json", TINY_JSON, length);
        expect_failure("tokenizer.json");
    }
    put("tokenizer.json", TINY_JSON, size);
    Tokenizer *tokenizer = tokenizer_load(folder, &err);
    CHECK_OK(tokenizer, &err);
    Encoding encoding = {0};
    CHECK_OK(tokenizer_encode(tokenizer, &encoding, "A a \xC3\xA9[MASK]", 12, 0, &err), &err);
    assert_int_equal(encoding.count, 6);
    assert_memory_equal(encoding.ids, ((int32_t[]){1, 5, 0, 6, 3, 2}), 6 * sizeof(int32_t));
    encoding_free(&encoding);
    tokenizer_free(tokenizer);
}

/* TINY_JSON with one part replaced. */
static void expect_json_failure(const char *from, const char *to, const char *sentence) {
    Buffer json = {0};
    const char *place = strstr(TINY_JSON, from);
    assert_non_null(place);
    buffer_add(&json, TINY_JSON, (size_t)(place - TINY_JSON));
    buffer_text(&json, to);
    buffer_text(&json, place + strlen(from));
    put("tokenizer.json", json.data, json.size);
    expect_failure(sentence);
    buffer_free(&json);
}

static void test_wrong_json(void **state) {
    (void)state;
    expect_json_failure("\"WordPiece\"", "\"BPE\"", "model.type is 'BPE', expected WordPiece");
    expect_json_failure("\"##\"", "\"@@\"", "expected ##");
    expect_json_failure(": 100,", ": 7,", "model.max_input_chars_per_word is '7', expected 100");
    expect_json_failure("BertNormalizer", "NFC", "the normalizer is NFC, expected BertNormalizer");
    expect_json_failure("{\"type\": \"BertNormalizer\", \"lowercase\": false}", "null", "the normalizer is none");
    expect_json_failure("BertPreTokenizer", "Whitespace", "the pre_tokenizer is Whitespace");
    expect_json_failure("\"[CLS]\": 1", "\"[CLT]\": 1", "no token '[CLS]'");
    expect_json_failure("\"A\": 5", "\"A\": 2000000000", "token 'A' has id 2000000000");
    expect_json_failure("\"A\": 5", "\"A\": -1", "a token's id, a whole number");
    expect_json_failure("\"A\": 5", "\"A\": 1.5", "a token's id, a whole number");
    expect_json_failure("\"A\": 5", "\"A\": \"x\"", "a token's id, a whole number");
    expect_json_failure("\"A\": 5", "\"A\": [5]", "a token's id, a whole number");
    put("tokenizer.json", "[]", 2);
    expect_failure("expected an object");
    put("tokenizer.json", "{}", 2);
    expect_failure("no tokens, expected them in model.vocab");
    put("tokenizer.json", TINY_JSON, strlen(TINY_JSON));
    put("tokenizer_config.json", "[1]", 3);
    expect_failure("tokenizer_config.json: expected an object");
    put("tokenizer_config.json", "{\"do_lower_case\": tru", 20);
    expect_failure("tokenizer_config.json");
}

static void test_vocab_txt(void **state) {
    (void)state;
    Error err = {0};
    expect_failure("no tokenizer, expected tokenizer.json or vocab.txt");
    put("vocab.txt", "", 0);
    expect_failure("no token '[UNK]'");
    put("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n\xFF\n", 20);
    expect_failure("vocab.txt:4: not valid UTF-8");
    static const char LINES[] =
        "[UNK]\r\n[CLS] \n[SEP]\n\nx\na\n##x\nx"; /* the last of two equal tokens counts, as in a dict; no newline at the end */
    put("vocab.txt", LINES, strlen(LINES));
    Tokenizer *tokenizer = tokenizer_load(folder, &err);
    CHECK_OK(tokenizer, &err);
    Encoding encoding = {0};
    CHECK_OK(tokenizer_encode(tokenizer, &encoding, "X aX b", 6, 0, &err), &err);
    assert_int_equal(encoding.count, 6);
    assert_memory_equal(encoding.ids, ((int32_t[]){1, 7, 5, 6, 0, 2}), 6 * sizeof(int32_t));
    assert_int_equal(tokenizer_ids(tokenizer), 10); /* [PAD] and [MASK] are added behind the last */
    encoding_free(&encoding);
    tokenizer_free(tokenizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_normalizer),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_invalid_bytes),
        cmocka_unit_test(test_levels),
        cmocka_unit_test_setup_teardown(test_truncated_json, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_wrong_json, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_vocab_txt, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
