/* Reading: CSV against Python's csv module, the formats against each other, hostile files, and the sentences of refusal. */
#include "tests/data_files.h"

#include "common/file.h"
#include "common/json.h"
#include "datasets/reader_csv.h"
#include "datasets/rows.h"

#define WORK "test_datasets_readers_work"

/* ---- CSV against Python ---- */

typedef struct GoldenCase {
    Buffer csv;
    char separator;
    bool error;
    Buffer cells; /* each behind its length, rows closed by '\n': compared as a whole */
    Buffer lines;
} GoldenCase;

static void add_cell(Buffer *out, const char *cell, size_t size) {
    buffer_printf(out, "%zu:", size);
    buffer_add(out, cell, size);
}

static void read_golden_rows(JsonReader *json, GoldenCase *golden) {
    assert_int_equal(json_read(json), JSON_ARRAY_BEGIN);
    while (json_read(json) == JSON_ARRAY_BEGIN) {
        while (json_read(json) == JSON_STRING) add_cell(&golden->cells, json->text, json->size);
        buffer_text(&golden->cells, "\n");
    }
}

static void read_golden(GoldenCase *golden, const Buffer *line) {
    JsonReader json;
    JsonToken token;
    json_reader_init(&json, line->data, line->size);
    assert_int_equal(json_read(&json), JSON_OBJECT_BEGIN);
    while ((token = json_read(&json)) == JSON_KEY) {
        char key = json.text[0];
        if (key == 'r') {
            read_golden_rows(&json, golden);
        } else if (key == 'l') {
            assert_int_equal(json_read(&json), JSON_ARRAY_BEGIN);
            while (json_read(&json) == JSON_NUMBER) buffer_printf(&golden->lines, "%.0f ", json.number);
        } else if (key == 'e') {
            golden->error = json_read(&json) == JSON_TRUE;
        } else {
            assert_int_equal(json_read(&json), JSON_STRING);
            if (key == 's') golden->separator = json.text[0];
            if (key == 'c') buffer_add(&golden->csv, json.text, json.size);
        }
    }
    assert_int_equal(token, JSON_OBJECT_END);
    json_reader_free(&json);
}

static bool read_csv(Input *input, char separator, Buffer *cells, Buffer *lines, Error *err) {
    Record record = {0};
    bool found = true, ok = true;
    while (ok && found) {
        ok = csv_read(input, (CsvStyle){separator, true}, &record, &found, err);
        if (!ok || !found) break;
        for (int i = 0; i < record.fields; i++) {
            size_t size;
            const char *cell = record_field(&record, i, &size);
            add_cell(cells, cell, size);
        }
        buffer_text(cells, "\n");
        buffer_printf(lines, "%lld ", (long long)record.line);
    }
    record_free(&record);
    return ok;
}

static bool same_bytes(const Buffer *a, const Buffer *b) {
    return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

static void csv_equals_python(void **state) {
    (void)state;
    Error err = {0};
    Input golden_file;
    Buffer line = {0};
    bool found = true;
    int cases = 0, errors = 0;
    CHECK_OK(input_open(&golden_file, TESTS_FOLDER "/golden/csv.jsonl", &err), &err);
    for (;;) {
        int64_t number;
        CHECK_OK(input_read_line(&golden_file, &line, &number, &found, &err), &err);
        if (!found) break;
        GoldenCase golden = {0};
        Input input;
        Buffer cells = {0}, lines = {0};
        read_golden(&golden, &line);
        input_over(&input, "golden", golden.csv.data, golden.csv.size);
        Error refused = {0};
        bool ok = read_csv(&input, golden.separator, &cells, &lines, &refused);
        if (ok == golden.error)
            fail_msg("csv.jsonl:%lld: %s, expected the opposite", (long long)number, ok ? "accepted" : refused.message);
        if (ok && !same_bytes(&cells, &golden.cells))
            fail_msg("csv.jsonl:%lld: read\n%sexpected\n%s", (long long)number, cells.data, golden.cells.data);
        if (ok && !same_bytes(&lines, &golden.lines))
            fail_msg("csv.jsonl:%lld: lines %s, expected %s", (long long)number, lines.data, golden.lines.data);
        cases++;
        errors += !ok;
        buffer_free(&golden.csv);
        buffer_free(&golden.cells);
        buffer_free(&golden.lines);
        buffer_free(&cells);
        buffer_free(&lines);
    }
    assert_true(cases > 600 && errors > 100);
    buffer_free(&line);
    input_close(&golden_file);
}

/* A record is the same wherever the end of a block cuts it. */
static void csv_survives_block_ends(void **state) {
    (void)state;
    static const char tail[] = "a\"\"b\",\"c\r\nd\"\r\n\"e\",f\rg,h\n";
    enum { TAIL = sizeof tail - 1 };
    char *file = malloc(INPUT_BLOCK + TAIL);
    assert_non_null(file);
    for (size_t before = 0; before <= TAIL; before++) {
        size_t begin = INPUT_BLOCK - before;
        file[0] = '"';
        memset(file + 1, 'x', begin - 1);
        memcpy(file + begin, tail, TAIL);
        write_bytes(WORK "/block.csv", file, begin + TAIL);
        Error err = {0};
        Input input;
        Buffer cells = {0}, lines = {0};
        CHECK_OK(input_open(&input, WORK "/block.csv", &err), &err);
        CHECK_OK(read_csv(&input, ',', &cells, &lines, &err), &err);
        assert_string_equal(lines.data, "1 3 4 ");
        assert_non_null(strstr(cells.data, "xa\"b4:c\r\nd\n1:e1:f\n1:g1:h\n"));
        buffer_free(&cells);
        buffer_free(&lines);
        input_close(&input);
    }
    free(file);
}

/* ---- rows ---- */

/* "line|text|label\n" for each row. */
static bool read_all(const char *path, const DataOptions *options, RowUse use, Buffer *out, Error *err) {
    RowReader *reader = row_reader_open(path, options, use, err);
    if (!reader) return false;
    bool ok = true;
    Row row;
    for (bool found = true; ok;) {
        ok = row_reader_next(reader, &row, &found, err);
        if (!ok || !found) break;
        buffer_printf(out, "%lld|", (long long)row.line);
        buffer_add(out, row.text, row.text_size);
        buffer_text(out, "|");
        if (row.label) buffer_add(out, row.label, row.label_size);
        buffer_text(out, "\n");
    }
    row_reader_close(reader);
    return ok;
}

static void check_rows(const char *name, const void *bytes, size_t size, DataOptions options, RowUse use, const char *expected,
                       size_t expected_size) {
    Error err = {0};
    Buffer rows = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, WORK "/%s", name), &err);
    write_bytes(path.text, bytes, size);
    CHECK_OK(read_all(path.text, &options, use, &rows, &err), &err);
    if (rows.size != expected_size || (rows.size && memcmp(rows.data, expected, rows.size) != 0))
        fail_msg("%s: read\n%s\nexpected\n%s", name, rows.data ? rows.data : "", expected);
    buffer_free(&rows);
}

#define CHECK_ROWS(name, bytes, options, use, expected) check_rows(name, BYTES(bytes), options, use, BYTES(expected))

static void formats_are_detected(void **state) {
    (void)state;
    const DataOptions plain = DATA_DEFAULTS;
    CHECK_ROWS("a.csv", "text,label\nhi,x\n\"a, \"\"b\"\"\nc\",y\nnull,NA\n", plain, ROWS_LABELLED,
               "2|hi|x\n3|a, \"b\"\nc|y\n5|null|NA\n");
    CHECK_ROWS("b.csv", "\xef\xbb\xbftext,label\r\nhi,x\r\n0,y", plain, ROWS_LABELLED, "2|hi|x\n3|0|y\n");
    CHECK_ROWS("c.csv", "id;Sentence;Sentiment\n1;hi;x\n", plain, ROWS_LABELLED, "2|hi|x\n");
    CHECK_ROWS("d.csv", "stars|review\n5|good\n", plain, ROWS_LABELLED, "2|good|5\n");
    CHECK_ROWS("e.tsv", "label\ttext\nx\ta, b\n", plain, ROWS_LABELLED, "2|a, b|x\n");
    CHECK_ROWS("f.jsonl",
               "{\"label\": 1, \"text\": \"a\\u0000b\", \"n\": [1, {}]}\n\n{\"text\": \"\", \"n\": null, \"label\": true}", plain,
               ROWS_LABELLED, "1|a\0b|1\n3||true\n");
    CHECK_ROWS("g.txt", "i feel; really; fine;joy\nso sad;sadness\r\n", plain, ROWS_LABELLED,
               "1|i feel; really; fine|joy\n2|so sad|sadness\n");
    CHECK_ROWS("h.txt", "text;label\nfine;joy\n", plain, ROWS_LABELLED, "2|fine|joy\n");
    CHECK_ROWS("i.txt", "ham\tgo on, now\nspam\twin; now\nham\tok\n", plain, ROWS_LABELLED,
               "1|go on, now|ham\n2|win; now|spam\n3|ok|ham\n");
    CHECK_ROWS("j.data", "{\"tweet\": \"\\u00e9\", \"intent\": \"x\"}\n", plain, ROWS_LABELLED, "1|\xc3\xa9|x\n");
    CHECK_ROWS("k.txt", "text,label\na,x\n", plain, ROWS_LABELLED, "2|a|x\n");
    CHECK_ROWS("l.csv", "a,x\nb,y\nc,x\n", plain, ROWS_LABELLED, "1|a|x\n2|b|y\n3|c|x\n");
    CHECK_ROWS("n.csv", "i feel; fine;joy\nso sad;sadness\n", plain, ROWS_LABELLED, "1|i feel; fine|joy\n2|so sad|sadness\n");
    CHECK_ROWS("m.csv", "text,label\na,x\n\n\n", plain, ROWS_LABELLED, "2|a|x\n");
}

static void options_overrule(void **state) {
    (void)state;
    DataOptions options = DATA_DEFAULTS;
    options.text_column = "b";
    options.label_column = "c";
    CHECK_ROWS("a.csv", "text,b,label,c\n1,2,3,4\n", options, ROWS_LABELLED, "2|2|4\n");
    options = DATA_DEFAULTS;
    options.no_header = true;
    CHECK_ROWS("b.csv", "text,label\nother,label\n", options, ROWS_LABELLED, "1|text|label\n2|other|label\n");
    options = DATA_DEFAULTS;
    options.names = "label,id,text";
    CHECK_ROWS("c.csv", "x,1,hi\n", options, ROWS_LABELLED, "1|hi|x\n");
    options = DATA_DEFAULTS;
    options.text_column = "3";
    options.label_column = "1";
    CHECK_ROWS("d.csv", "1,1,3\n3,1,lo\n", options, ROWS_LABELLED, "1|3|1\n2|lo|3\n");
    options = DATA_DEFAULTS;
    options.header = true;
    options.label_column = "q";
    CHECK_ROWS("e.csv", "p,q\nhi,x\n", options, ROWS_LABELLED, "2|hi|x\n");
    options = DATA_DEFAULTS;
    options.sep = "tab";
    options.quoting = "none";
    CHECK_ROWS("f.csv", "text\tlabel\n\"no\" \"end\tx\n", options, ROWS_LABELLED, "2|\"no\" \"end|x\n");
    options = DATA_DEFAULTS;
    options.encoding = "latin1";
    CHECK_ROWS("g.csv", "text,label\ncaf\xe9,\xfc\n", options, ROWS_LABELLED, "2|caf\xc3\xa9|\xc3\xbc\n");
    CHECK_ROWS("g.jsonl", "{\"text\": \"caf\xe9\", \"label\": \"a\"}\n", options, ROWS_LABELLED, "1|caf\xc3\xa9|a\n");
    options.input_format = "text_label";
    CHECK_ROWS("g.csv", "caf\xe9;caf\xe8;\xfc\n", options, ROWS_LABELLED, "1|caf\xc3\xa9;caf\xc3\xa8|\xc3\xbc\n");
}

static void rows_to_predict(void **state) {
    (void)state;
    const DataOptions plain = DATA_DEFAULTS;
    CHECK_ROWS("a.txt",
               "one, two\n\nthr\xff"
               "ee; x\nlast",
               plain, ROWS_TO_PREDICT,
               "1|one, two|\n2||\n3|thr\xef\xbf\xbd"
               "ee; x|\n4|last|\n");
    CHECK_ROWS("b.csv", "text\na\n\"b,c\"\n", plain, ROWS_TO_PREDICT, "2|a|\n3|b,c|\n");
    CHECK_ROWS("c.csv", "id,text,label\n1,a\xe9,\n", plain, ROWS_TO_PREDICT, "2|a\xef\xbf\xbd|\n");
    CHECK_ROWS("d.jsonl", "{\"text\": \"\xff\"}\n", plain, ROWS_TO_PREDICT, "1|\xef\xbf\xbd|\n");
    CHECK_ROWS("e.txt", "", plain, ROWS_TO_PREDICT, "");
    CHECK_ROWS("f.csv", "id,text\n1,a\n", plain, ROWS_MAYBE_LABELLED, "2|a|\n");
}

static void gzip_is_unpacked(void **state) {
    (void)state;
    const DataOptions plain = DATA_DEFAULTS;
    static const char csv[] = "text,label\na,x\nb,y\n", expected[] = "2|a|x\n3|b|y\n";
    Buffer packed = {0};
    add_gzip(&packed, csv, 13);
    add_gzip(&packed, csv + 13, sizeof csv - 14); /* a second member goes on where the first ended */
    check_rows("a.csv.gz", packed.data, packed.size, plain, ROWS_LABELLED, expected, sizeof expected - 1);
    buffer_add(&packed, "\0\0\0", 3);
    check_rows("b.csv", packed.data, packed.size, plain, ROWS_LABELLED, expected, sizeof expected - 1);
    for (size_t size = 2; size + 3 < packed.size; size++) {
        Error err = {0};
        Buffer rows = {0};
        write_bytes(WORK "/cut.csv.gz", packed.data, size);
        /* Cut between the members, what is there is whole. */
        bool ok = read_all(WORK "/cut.csv.gz", &plain, ROWS_LABELLED, &rows, &err);
        if (!ok && err.kind != ERROR_DATA) fail_msg("cut at %zu: kind %d: %s", size, (int)err.kind, err.message);
        if (ok && !strstr("2|a|x\n", rows.data)) fail_msg("cut at %zu passed as\n%s", size, rows.data);
        buffer_free(&rows);
    }
    packed.data[20] ^= 1;
    write_bytes(WORK "/broken.csv.gz", packed.data, packed.size);
    Error err = {0};
    Buffer rows = {0};
    CHECK_FAILS(read_all(WORK "/broken.csv.gz", &plain, ROWS_LABELLED, &rows, &err), &err, ERROR_DATA, "broken gzip data");
    buffer_free(&rows);
    buffer_free(&packed);
}

/* Whatever stands in a file, reading it ends, in rows or in a sentence. */
static void read_hostile(const char *name, const char *bytes, size_t size) {
    const DataOptions plain = DATA_DEFAULTS;
    Error err = {0};
    Buffer rows = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, WORK "/%s", name), &err);
    write_bytes(path.text, bytes, size);
    for (int use = ROWS_LABELLED; use <= ROWS_TO_PREDICT; use++) {
        rows.size = 0;
        err = (Error){0};
        if (!read_all(path.text, &plain, (RowUse)use, &rows, &err) && (err.kind != ERROR_DATA || !strstr(err.message, name)))
            fail_msg("%s: kind %d: %s", name, (int)err.kind, err.message);
    }
    buffer_free(&rows);
}

static void hostile_files_end_in_a_sentence(void **state) {
    (void)state;
    static const struct {
        const char *name, *bytes;
    } files[] = {{"t.csv", "text,label\r\n\"a, \"\"b\"\"\nc\",x\r\nd\xc3\xa9,\"y\"\r\n"},
                 {"t.tsv", "label\ttext\nx\t\"a\tb\"\ny\tc\n"},
                 {"t.jsonl", "{\"text\": \"a\\u00e9\\ud83d\\ude00\", \"label\": 1}\n{\"x\": [1, {\"y\": null}], \"label\": "
                             "\"z\", \"text\": \"\\n\"}\n"},
                 {"t.txt", "a;b;joy\nc\xc3\xa9;sadness\n"}};
    static const char odd[] = {'"', ',', ';', '\n', '\r', '\0', '\xff', '\xc3', '{', '\\', '\t'};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size = strlen(files[i].bytes);
        char changed[256];
        assert_true(size < sizeof changed);
        for (size_t cut = 0; cut <= size; cut++) read_hostile(files[i].name, files[i].bytes, cut);
        for (size_t at = 0; at < size; at++)
            for (size_t j = 0; j < sizeof odd; j += 1 + at % 3) {
                memcpy(changed, files[i].bytes, size);
                changed[at] = odd[j];
                read_hostile(files[i].name, changed, size);
            }
    }
}

static void a_large_text_is_read(void **state) {
    (void)state;
    enum { SIZE = 20 << 20 };
    const DataOptions plain = DATA_DEFAULTS;
    char *file = malloc(SIZE + 64);
    assert_non_null(file);
    int head = sprintf(file, "text,label\na,x\n\"");
    memset(file + head, '\n', SIZE);
    int tail = sprintf(file + head + SIZE, "\",y\nb,x\n");
    write_bytes(WORK "/large.csv", file, (size_t)(head + SIZE + tail));
    Error err = {0};
    Row row;
    bool found;
    RowReader *reader = row_reader_open(WORK "/large.csv", &plain, ROWS_LABELLED, &err);
    CHECK_OK(reader, &err);
    CHECK_OK(row_reader_next(reader, &row, &found, &err), &err);
    CHECK_OK(row_reader_next(reader, &row, &found, &err), &err);
    assert_int_equal(row.text_size, SIZE);
    CHECK_OK(row_reader_next(reader, &row, &found, &err), &err);
    assert_int_equal(row.line, SIZE + 4);
    row_reader_close(reader);
    free(file);
}

static void refuse(const char *name, const void *bytes, size_t size, DataOptions options, ErrorKind kind, const char *sentence) {
    Error err = {0};
    Buffer rows = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, WORK "/%s", name), &err);
    write_bytes(path.text, bytes, size);
    CHECK_FAILS(read_all(path.text, &options, ROWS_LABELLED, &rows, &err), &err, kind, sentence);
    buffer_free(&rows);
}

#define REFUSED(name, bytes, options, sentence) refuse(name, BYTES(bytes), options, ERROR_DATA, sentence)

static void refusals_say_where_and_what(void **state) {
    (void)state;
    DataOptions plain = DATA_DEFAULTS, options = plain;
    REFUSED("a.csv", "text,label\na,x\nb,c,y\n", plain,
            "a.csv:3: 3 fields, expected 2 (a text that holds ',' must stand in quotes)");
    REFUSED("a.tsv", "text\tlabel\na\n", plain, "a.tsv:2: 1 field, expected 2 (a text that holds a tab");
    REFUSED("b.csv", "text,label\na,x\ncaf\xe9 au,y\n", plain,
            "b.csv:3: byte 0xE9 behind 3 characters is not UTF-8 (--encoding latin1");
    REFUSED("c.csv", "id,body,stars\n1,a,5\n", plain,
            "c.csv: no label column: found id, body, stars; name one with --label_column");
    REFUSED("d.csv", "id,label,stars\n1,a,5\n", plain,
            "d.csv: no text column: found id, label, stars; name one with --text_column");
    REFUSED("e.csv", "", plain, "e.csv: an empty file");
    REFUSED("e2.csv", "\n\n", plain, "e2.csv: an empty file");
    REFUSED("f.csv", "text,label\n\"a,x\n", plain, "f.csv:2: a quote opened in this row is never closed");
    REFUSED("g.csv", "text,label\n\"a\"b,x\n", plain, "g.csv:2: 'b' after a closing quote, expected ','");
    REFUSED("h.csv", "text,label\na,\n", plain, "h.csv:2: the label is empty");
    REFUSED("i.csv", "text,label\na,\"x\0\"\n", plain, "i.csv:2: the label holds a NUL");
    REFUSED("j.txt", "no semicolon here\nnor there\n", plain, "the format cannot be told");
    REFUSED("k.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"a\"}\n", plain, "k.jsonl:2: no key 'label'");
    REFUSED("l.jsonl", "{\"text\": 3, \"label\": \"x\"}\n", plain, "l.jsonl:1: 'text' is a number, expected a string");
    REFUSED("m.jsonl", "[{\"text\": \"a\"}]\n", plain, "m.jsonl:1: a JSON array, expected one JSON object a line");
    REFUSED("n.jsonl", "{\"text\": \"a\", \"label\": \"x\"\n", plain, "n.jsonl:1: broken JSON at byte");
    REFUSED("o.jsonl", "{\"text\": \"a\", \"label\": \"x\", \"text\": \"b\"}\n", plain, "o.jsonl:1: key 'text' stands twice");
    REFUSED("p.csv", "\xff\xfet\0e\0x\0t\0", plain, "UTF-16");
    REFUSED("q.csv", "a,b,c\n1,2,3\n", plain, "found 3 columns without names; --header if the first line names them");
    REFUSED("u.csv", "text\na\n", plain, "u.csv: one column: text, expected text and label (--sep names the separator");
    options.text_column = "boddy";
    REFUSED("r.csv", "id,body,stars\n1,a,5\n", options, "r.csv: no column 'boddy': found");
    options = plain;
    options.input_format = "text_label";
    REFUSED("s.txt", "a;x\nb\n", options, "s.txt:2: no ';' in this line, expected text;label");
    options.input_format = "xml";
    refuse("t.csv", BYTES("text,label\na,x\n"), options, ERROR_USAGE, "--input_format 'xml': expected auto, csv, tsv, jsonl");
    options = plain;
    options.header = options.no_header = true;
    refuse("t.csv", BYTES("text,label\na,x\n"), options, ERROR_USAGE, "contradict");
    Error err = {0};
    CHECK_FAILS(row_reader_open(WORK "/absent.csv", &plain, ROWS_LABELLED, &err), &err, ERROR_PATH,
                "absent.csv: cannot be opened: No such file");
    CHECK_FAILS(row_reader_open(WORK, &plain, ROWS_LABELLED, &err), &err, ERROR_PATH, "a folder, expected a file");
}

static void what_was_detected_is_said(void **state) {
    (void)state;
    static const struct {
        const char *name, *bytes, *detected;
    } cases[] = {{"a.csv", "text,category\na,x\n", "CSV with ',', UTF-8, header; text 'text', label 'category'"},
                 {"b.csv", "a,x\nb,x\n", "CSV with ',', UTF-8, no header; text column 1, label column 2"},
                 {"c.tsv", "label\ttext\nx\ta\n", "TSV, UTF-8, header; text 'text', label 'label'"},
                 {"d.jsonl", "{\"tweet\": \"a\", \"emotion\": 1}", "JSONL, UTF-8; text 'tweet', label 'emotion'"},
                 {"e.txt", "a;x\n", "`text;label` lines, UTF-8"}};
    const DataOptions plain = DATA_DEFAULTS;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {0};
        Path path;
        CHECK_OK(path_make(&path, &err, WORK "/%s", cases[i].name), &err);
        write_text(path.text, cases[i].bytes);
        RowReader *reader = row_reader_open(path.text, &plain, ROWS_LABELLED, &err);
        CHECK_OK(reader, &err);
        assert_string_equal(row_reader_detected(reader), cases[i].detected);
        row_reader_close(reader);
    }
}

int main(void) {
    Error err = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_equals_python),
        cmocka_unit_test(csv_survives_block_ends),
        cmocka_unit_test(formats_are_detected),
        cmocka_unit_test(options_overrule),
        cmocka_unit_test(rows_to_predict),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(hostile_files_end_in_a_sentence),
        cmocka_unit_test(a_large_text_is_read),
        cmocka_unit_test(refusals_say_where_and_what),
        cmocka_unit_test(what_was_detected_is_said),
    };
    if (!folder_make(WORK, &err)) return 1;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    if (!folder_remove(WORK, &err)) return 1;
    return status;
}
