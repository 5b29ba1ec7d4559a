/* common/: errors, buffers, files, SHA-256, JSON, UTF-8, chance, threads. */
#include "tests/check.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/parallel.h"
#include "common/random.h"
#include "common/sha256.h"
#include "common/sha256_blocks.h"
#include "common/utf8.h"

static void the_first_error_wins_and_context_comes_in_front(void **state) {
    (void)state;
    Error err = {0};
    assert_false(FAIL(&err, ERROR_DATA, "a.csv:%d: found\nthis", 3));
    assert_false(FAIL(&err, ERROR_MODEL, "later"));
    error_prefix(&err, "while %s", "reading");
    assert_int_equal(err.kind, ERROR_DATA);
    assert_string_equal(err.message, "while reading: a.csv:3: found?this");
}

static void a_long_sentence_ends_on_a_character(void **state) {
    (void)state;
    Error err = {0};
    char text[3000];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    text[sizeof text - 2] = '\0';
    FAIL(&err, ERROR_FAILED, "%s", text);
    size_t length = strlen(err.message);
    assert_int_equal(utf8_valid_prefix(err.message, length), length);
}

static void a_file_appears_whole_or_not_at_all(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_make("common-test/deep/er", &err), &err);
    CHECK_OK(file_write("common-test/deep/er/f", "old", 3, &err), &err);
    FileWriter writer;
    CHECK_OK(file_writer_open(&writer, "common-test/deep/er/f", &err), &err);
    file_writer_add(&writer, "newer", 5);
    assert_int_equal(file_size("common-test/deep/er/f"), 3);
    file_writer_cancel(&writer);
    assert_int_equal(folder_size("common-test"), 3);
    CHECK_OK(file_writer_open(&writer, "common-test/deep/er/f", &err), &err);
    file_writer_printf(&writer, "%s", "newer");
    CHECK_OK(file_writer_commit(&writer, &err), &err);
    assert_int_equal(folder_size("common-test"), 5);
    CHECK_OK(file_link_or_copy("common-test/deep/er/f", "common-test/g", &err), &err);
    assert_int_equal(file_size("common-test/g"), 5);
    CHECK_FAILS(file_write("common-test/none/f", "x", 1, &err), &err, ERROR_PATH, "common-test/none/f: cannot be written: No such file");
    CHECK_OK(file_write("common-test/deep/f.Ab3dE9.tmp", "x", 1, &err), &err);
    CHECK_OK(file_write("common-test/deep/notes.tmp", "x", 1, &err), &err);
    CHECK_OK(file_write("common-test/deep/g.4711.tmp", "x", 1, &err), &err);
    CHECK_OK(folder_remove_unfinished("common-test", &err), &err);
    assert_false(file_exists("common-test/deep/f.Ab3dE9.tmp"));
    assert_false(file_exists("common-test/deep/g.4711.tmp"));
    assert_true(file_exists("common-test/deep/notes.tmp")); /* a user's */
    CHECK_OK(folder_remove("common-test", &err), &err);
    assert_false(folder_exists("common-test"));
    CHECK_OK(folder_remove("common-test", &err), &err);
}

/* FIPS 180-4 examples, and every length around the block border against one call. */
static void sha256_agrees_with_its_standard(void **state) {
    (void)state;
    assert_string_equal(sha256_bytes("abc", 3).text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_bytes("", 0).text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    unsigned char bytes[300];
    for (int i = 0; i < 300; i++) bytes[i] = (unsigned char)i;
    for (size_t size = 0; size < 300; size += 7) {
        Sha256 hash;
        sha256_init(&hash);
        for (size_t at = 0; at < size; at += 13) sha256_add(&hash, bytes + at, size - at < 13 ? size - at : 13);
        assert_string_equal(sha256_finish(&hash).text, sha256_bytes(bytes, size).text);
    }
    Sha256 million; /* the standard's third example: "a" a million times */
    memset(bytes, 'a', 250);
    sha256_init(&million);
    for (int i = 0; i < 4000; i++) sha256_add(&million, bytes, 250);
    assert_string_equal(sha256_finish(&million).text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Where this processor has none of its own, they are the same. */
static void sha256_by_instructions_is_that_in_c(void **state) {
    (void)state;
    Sha256Blocks fast = sha256_blocks_choose();
    unsigned char blocks[5 * 64];
    Random random = random_start(3, STREAM_TEST, 2);
    for (int turn = 0; turn < 200; turn++) {
        uint32_t states[2][8];
        for (int i = 0; i < 8; i++) states[0][i] = states[1][i] = random_below(&random, UINT32_MAX);
        for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (unsigned char)random_below(&random, 256);
        sha256_blocks_portable(states[0], blocks, (size_t)turn % 6);
        fast(states[1], blocks, (size_t)turn % 6);
        assert_memory_equal(states[0], states[1], sizeof *states);
    }
}

static void json_documents_are_read_with_their_line(void **state) {
    (void)state;
    Error err = {0};
    const char *text = "{\"a\": {\"B\": [1, 2.5, \"x\", true, null]}, \"b\": 7}";
    Json *json = json_parse(text, strlen(text), "here", ERROR_MODEL, &err);
    assert_non_null(json);
    const Json *list = json_get(json_get(json, "a"), "B");
    assert_int_equal(json_size(list), 5);
    assert_int_equal(json_int_or(json_first(list), -1), 1);
    assert_int_equal(json_int_or(json_next(json_first(list)), -1), -1);
    assert_null(json_get(json, "A"));
    assert_null(json_get(NULL, "A"));
    json_free(json);
    CHECK_FAILS(json_parse("{\n\"a\": ]", 8, "here", ERROR_MODEL, &err), &err, ERROR_MODEL, "here:2: not valid JSON");
    CHECK_FAILS(json_parse("{} x", 4, "here", ERROR_MODEL, &err), &err, ERROR_MODEL, "text after the end");
    CHECK_FAILS(json_parse("\"\xff\"", 3, "here", ERROR_MODEL, &err), &err, ERROR_MODEL, "not UTF-8");
    CHECK_FAILS(json_parse("", 0, "here", ERROR_MODEL, &err), &err, ERROR_MODEL, "here:1");
}

/* Tokens of a text as letters, '!' for an error. */
static void read_all(char *out, const char *text, size_t size) {
    static const char LETTERS[] = "!.{}[]ksntf0";
    JsonReader reader;
    json_reader_init(&reader, text, size);
    for (;;) {
        JsonToken token = json_read(&reader);
        *out++ = LETTERS[token];
        if (token == JSON_ERROR || token == JSON_END) break;
    }
    *out = '\0';
    json_reader_free(&reader);
}

static void the_strict_reader_takes_json_and_nothing_more(void **state) {
    (void)state;
    static const struct {
        const char *text, *tokens;
    } CASES[] = {{"{}", "{}."},           {"[ ]", "[]."},        {"{\"a\":1,\"b\":[true,false,null]}", "{knk[tf0]}."},
                 {"[1,]", "[n!"},         {"{\"a\":1,}", "{kn!"}, {"[1 2]", "[n!"},
                 {"{1:2}", "{!"},         {"[01]", "[!"},        {"[1.]", "[!"},
                 {"[-]", "[!"},           {"[1e]", "[!"},        {"[1e5,-0.5E-3]", "[nn]."},
                 {"\"\\ud800\"", "!"},    {"\"\\u12\"", "!"},    {"\"a\nb\"", "!"},
                 {"\"\\ud83d\\ude00\"", "s."}, {"{} {}", "{}!"}, {"", "!"},
                 {"[", "[!"},             {"{\"a\"", "{!"},      {"{\"a\":", "{k!"},
                 {"nul", "!"},            {"]", "!"},            {"{]", "{!"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char tokens[64];
        read_all(tokens, CASES[i].text, strlen(CASES[i].text));
        if (strcmp(tokens, CASES[i].tokens) != 0) fail_msg("%s: read %s, expected %s", CASES[i].text, tokens, CASES[i].tokens);
    }
    char deep[100], tokens[200];
    memset(deep, '[', sizeof deep);
    read_all(tokens, deep, sizeof deep);
    assert_int_equal(strlen(tokens), 65);
    JsonReader reader;
    json_reader_init(&reader, "{\"k\": {\"x\": [1, {}]}, \"s\": \"a\\u0000b\"}", 40);
    assert_int_equal(json_read(&reader), JSON_OBJECT_BEGIN);
    assert_int_equal(json_read(&reader), JSON_KEY);
    assert_true(json_skip(&reader, JSON_KEY));
    assert_int_equal(json_read(&reader), JSON_KEY);
    assert_int_equal(json_read(&reader), JSON_STRING);
    assert_int_equal(reader.size, 3);
    assert_memory_equal(reader.text, "a\0b", 3);
    json_reader_free(&reader);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    Error err = {0};
    Buffer out = {0};
    JsonWriter writer = json_writer(&out, 2);
    json_begin_object(&writer);
    json_put_string(&writer, "quote\"", "tab\t\x01/é");
    json_write_key(&writer, "list");
    json_begin_array(&writer);
    json_write_number(&writer, 0.1);
    json_write_number(&writer, 1);
    json_write_number(&writer, nan(""));
    json_write_int(&writer, -5);
    json_end_array(&writer);
    json_write_key(&writer, "empty");
    json_begin_object(&writer);
    json_end_object(&writer);
    json_end_object(&writer);
    CHECK_OK(buffer_ok(&out, &err), &err);
    assert_string_equal(out.data, "{\n  \"quote\\\"\": \"tab\\t\\u0001/é\",\n  \"list\": [\n    0.1,\n    1.0,\n    null,\n    -5\n  ],\n"
                                  "  \"empty\": {}\n}");
    Json *json = json_parse(out.data, out.size, "out", ERROR_FAILED, &err);
    assert_string_equal(json_string_or(json_get(json, "quote\""), ""), "tab\t\x01/é");
    json_free(json);
    buffer_free(&out);
    Random random = random_start(1, STREAM_TEST, 0);
    for (int i = 0; i < 2000; i++) {
        uint64_t bits = (uint64_t)random_word(&random) << 32 | random_word(&random);
        double value;
        memcpy(&value, &bits, 8);
        if (!isfinite(value)) continue;
        char text[32];
        number_text(text, value);
        assert_true(strtod(text, NULL) == value);
    }
}

/* A file's name may hold any bytes; what is written of it is JSON all the same. */
static void json_of_any_bytes_is_utf8(void **state) {
    (void)state;
    Buffer out = {0};
    JsonWriter writer = json_writer(&out, 0);
    json_begin_object(&writer);
    json_put_string(&writer, "caf\xe9\n\"", "/data/\xff\t\xe2\x82");
    json_end_object(&writer);
    assert_string_equal(out.data, "{\"caf\xEF\xBF\xBD\\n\\\"\": \"/data/\xEF\xBF\xBD\\t\xEF\xBF\xBD\"}");
    Json *json = json_parse(out.data, out.size, "here", ERROR_DATA, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_or(json_get(json, "caf\xEF\xBF\xBD\n\""), ""), "/data/\xEF\xBF\xBD\t\xEF\xBF\xBD");
    json_free(json);
    buffer_free(&out);
}

/* Python: bytes.decode("utf-8", "replace") on each of these. */
static void a_copy_for_which_there_is_no_room_ends_on_a_character(void **state) {
    (void)state;
    char out[8];
    utf8_copy(out, sizeof out, "abc");
    assert_string_equal(out, "abc");
    utf8_copy(out, sizeof out, "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC");
    assert_string_equal(out, "\xC3\xBC\xC3\xBC\xC3\xBC");
    utf8_copy(out, sizeof out, "ab\xC3(cd");
    assert_string_equal(out, "ab");
    utf8_copy(out, 1, "a");
    assert_string_equal(out, "");
}

static void a_number_beyond_a_double_is_not_finite(void **state) {
    (void)state;
    static const char TEXT[] = "{\"a\": 1e999, \"b\": -2.5, \"c\": \"1\"}";
    Error err = {0};
    Json *json = json_parse(TEXT, sizeof TEXT - 1, "here", ERROR_DATA, &err);
    assert_non_null(json);
    assert_true(json_finite_or(json_get(json, "a"), 7) == 7);
    assert_true(json_finite_or(json_get(json, "b"), 7) == -2.5);
    assert_true(json_finite_or(json_get(json, "c"), 7) == 7);
    assert_true(json_finite_or(json_get(json, "d"), 7) == 7);
    json_free(json);
}

static void invalid_utf8_is_replaced_as_python_does(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        int replaced;
        const char *text;
    } CASES[] = {{"a\xff" "b", 1, "a\xEF\xBF\xBD" "b"},
                 {"\xe2\x82", 1, "\xEF\xBF\xBD"},
                 {"\xed\xa0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                 {"\xf0\x9f\x98x", 1, "\xEF\xBF\xBDx"},
                 {"\xc0\xaf", 2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
                 {"\xf4\x90\x80\x80", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                 {"\xf0\x9f\x98\x80", 0, "\xf0\x9f\x98\x80"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        Buffer out = {0};
        assert_int_equal(utf8_replace(&out, CASES[i].bytes, strlen(CASES[i].bytes)), CASES[i].replaced);
        assert_string_equal(out.data, CASES[i].text);
        buffer_free(&out);
    }
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c < 0xE000) continue;
        char bytes[4];
        uint32_t back = 0;
        int length = utf8_encode(c, bytes);
        assert_int_equal(utf8_decode(bytes, (size_t)length, &back), length);
        assert_int_equal(back, c);
    }
}

static void text_of_users_is_shown_as_text(void **state) {
    (void)state;
    Buffer out = {0};
    escape_html(&out, "<a href='x'>&\"\x1b", 15);
    assert_string_equal(out.data, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\xEF\xBF\xBD");
    out.size = 0;
    escape_csv(&out, "a,\"b\"", 5);
    assert_string_equal(out.data, "\"a,\"\"b\"\"\"");
    out.size = 0;
    escape_csv(&out, "=cmd|' /C calc'!A0", 18); /* as it is: docs/FORMATS.md */
    assert_string_equal(out.data, "=cmd|' /C calc'!A0");
    out.size = 0;
    escape_terminal(&out, "a\x1b[2J\xE2\x80\xAE\xff", 9);
    assert_string_equal(out.data, "a\\x1B[2J\\u202E\\xFF");
    out.size = 0;
    escape_terminal_json(&out, "a\x1b\x7f\xC2\x9B\xE2\x80\xAE", 8);
    assert_string_equal(out.data, "a\\u001B\\u007F\\u009B\\u202E");
    buffer_free(&out);
}

/* Random123's known answers for Philox4x32-10. */
static void philox_gives_its_known_answers(void **state) {
    (void)state;
    uint32_t out[4];
    philox(out, 0, 0, 0);
    assert_int_equal(out[0], 0x6627e8d5);
    assert_int_equal(out[1], 0xe169c58d);
    assert_int_equal(out[2], 0xbc57ac4c);
    assert_int_equal(out[3], 0x9b00dbd8);
    philox(out, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    assert_int_equal(out[0], 0x408f276d);
    Random random = random_start(7, STREAM_TEST, 3);
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double x = random_normal(&random);
        sum += x;
        squares += x * x;
    }
    CHECK_CLOSE(sum / 1e5, 0, 0.015, 0); /* 4.7 standard errors */
    CHECK_CLOSE(squares / 1e5, 1, 0.02, 0);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) counts[random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++) CHECK_CLOSE(counts[i], 10000, 450, 0);
    Random again = random;
    uint32_t many[100];
    random_below_many(&random, 3000000000u, many, 100); /* a bound that rejects one word in four */
    for (int i = 0; i < 100; i++) assert_int_equal(many[i], random_below(&again, 3000000000u));
}

typedef struct Tally {
    Pool *pool;
    atomic_int seen[1000];
    atomic_int nested;
} Tally;

static void add_nested(void *context, int task, int thread) {
    (void)task, (void)thread;
    atomic_fetch_add(&((Tally *)context)->nested, 1);
}

static void add_task(void *context, int task, int thread) {
    Tally *tally = context;
    assert_true(thread >= 0 && thread < pool_threads(tally->pool));
    atomic_fetch_add(&tally->seen[task], 1);
    if (task % 100 == 0) pool_run(tally->pool, 3, add_nested, tally);
}

static void every_task_runs_once_on_any_number_of_threads(void **state) {
    (void)state;
    Error err = {0};
    for (int threads = 1; threads <= 8; threads *= 2) {
        Tally tally = {.pool = pool_new(threads, &err)};
        assert_non_null(tally.pool);
        for (int round = 0; round < 200; round++) pool_run(tally.pool, 1000, add_task, &tally);
        for (int i = 0; i < 1000; i++) assert_int_equal(tally.seen[i], 200);
        assert_int_equal(tally.nested, 200 * 10 * 3);
        pool_free(tally.pool);
    }
    CHECK_FAILS(pool_new(0, &err), &err, ERROR_USAGE, "0 threads asked for");
    assert_true(parallel_default_threads() >= 1);
}

static void durations_and_counts_read_well(void **state) {
    (void)state;
    char text[32];
    duration_text(text, 0.44);
    assert_string_equal(text, "0.4 s");
    duration_text(text, 130);
    assert_string_equal(text, "2 min 10 s");
    duration_text(text, 3900);
    assert_string_equal(text, "1 h 05 min");
    duration_text(text, (double)NAN);
    assert_string_equal(text, "?");
    count_text(text, 16000);
    assert_string_equal(text, "16,000");
    count_text(text, -1234567);
    assert_string_equal(text, "-1,234,567");
    share_text(text, 1, 3);
    assert_string_equal(text, "33.3 %");
    share_text(text, 1, 1001);
    assert_string_equal(text, "<0.1 %");
    share_text(text, 1, 1000);
    assert_string_equal(text, "0.1 %");
    share_text(text, 0, 1000);
    assert_string_equal(text, "0.0 %");
    share_text(text, 0, 0);
    assert_string_equal(text, "0.0 %");
    assert_true(memory_peak_mb() > 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_wins_and_context_comes_in_front),
        cmocka_unit_test(a_long_sentence_ends_on_a_character),
        cmocka_unit_test(a_file_appears_whole_or_not_at_all),
        cmocka_unit_test(sha256_agrees_with_its_standard),
        cmocka_unit_test(sha256_by_instructions_is_that_in_c),
        cmocka_unit_test(json_documents_are_read_with_their_line),
        cmocka_unit_test(the_strict_reader_takes_json_and_nothing_more),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(json_of_any_bytes_is_utf8),
        cmocka_unit_test(a_number_beyond_a_double_is_not_finite),
        cmocka_unit_test(a_copy_for_which_there_is_no_room_ends_on_a_character),
        cmocka_unit_test(invalid_utf8_is_replaced_as_python_does),
        cmocka_unit_test(text_of_users_is_shown_as_text),
        cmocka_unit_test(philox_gives_its_known_answers),
        cmocka_unit_test(every_task_runs_once_on_any_number_of_threads),
        cmocka_unit_test(durations_and_counts_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
