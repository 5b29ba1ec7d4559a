/* A comparison with every option at once: its compare.json is what the schema says (by our own check, and by Python's jsonschema where that is
 * installed), and no page or table holds a number that is none. */
#include "comparing.h"

#include "common/json.h"
#include "tests/schema_check.h"

static int make_home(void **state) {
    (void)state;
    return home_make("everything") != 0 ? -1 : 0;
}

/* Rows with a column to slice by, three copies with another label, and in the test two that stand in training. */
static void put_sliced(const char *name, int first, int count) {
    static const char *const FROM[] = {"web", "mail", "phone"};
    Error err = {0};
    Buffer text = {0};
    uint32_t state = (uint32_t)first * 2654435761u + 1;
    buffer_text(&text, "text,label,from\n");
    for (int i = first; i < first + count; i++) {
        for (int word = 0; word < 3 + i % 5; word++) {
            state = state * 1664525u + 1013904223u;
            uint32_t from = (state >> 16) % 4 ? (uint32_t)i % 3 : (state >> 20) % 3;
            buffer_printf(&text, "%s ", WORDS[from][(state >> 24) % 4]);
        }
        buffer_printf(&text, "%d,%s,%s\n", i, LABELS[i % 3], FROM[i % 7 % 3]);
    }
    for (int i = 0; i < 3; i++) buffer_printf(&text, "a text in every file %d,%s,web\n", first < 100 ? 0 : i, LABELS[i]);
    CHECK_OK(buffer_ok(&text, &err) && file_write(at_home(name), text.data, text.size, &err), &err);
    buffer_free(&text);
}

static void put_answers(const char *name, int rows) {
    Error err = {0};
    Buffer text = {0};
    buffer_text(&text, "predicted\n");
    for (int i = 0; i < rows; i++) buffer_printf(&text, "%s\n", LABELS[i % 4 % 3]);
    CHECK_OK(buffer_ok(&text, &err) && file_write(at_home(name), text.data, text.size, &err), &err);
    buffer_free(&text);
}

static void check_schema(const char *folder) {
    Error err = {0};
    char name[64];
    snprintf(name, sizeof name, "%s/compare.json", folder);
    Json *schema = json_parse_file(TESTS_FOLDER "/../docs/compare.schema.json", ERROR_DATA, &err);
    Json *record = json_parse_file(at_home(name), ERROR_DATA, &err);
    if (!schema || !record) fail_msg("%s", err.message);
    const char *problem = schema_check(schema, record);
    if (problem) fail_msg("%s: %s", name, problem);
    json_free(schema);
    json_free(record);
    /* 3: without the judge, ours has to do */
    char judge[1024];
    snprintf(
        judge, sizeof judge,
        "python3 -c 'import json, sys\ntry: import jsonschema\nexcept ImportError: sys.exit(3)\n"
        "jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' %s %s >&2 || [ $? = 3 -o $? = 127 ]",
        at_home(name), TESTS_FOLDER "/../docs/compare.schema.json");
    check_command("%s", judge);
}

/* Words that only a number that is none leaves in a text. */
static void check_no_nan(const char *folder) {
    check_command("! grep -rnwiE --include=*.html --include=*.md --include=*.json --include=*.csv --include=*.svg "
                  "'[-+]?(nan|inf|infinity)' %s >&2",
                  at_home(folder));
}

static void test_every_option(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_make(at_home("data"), &err), &err);
    put_sliced("data/train.csv", 0, 90);
    put_sliced("data/validation.csv", 100, 30);
    put_sliced("data/test.csv", 200, 30);
    put_answers("theirs.csv", 33);
    check_compare(0, "verdict", "data", "earlier", "--entries tfidf-logreg,finetune --label_folds 0 --no_maps");
    check_command(TWOFOLD_PROGRAM
                  " compare --model %s --data %s --output_dir %s --slice_column from --tune quick --tune_budget 60 --seeds 2 "
                  "--learning_curve 0.25,0.5,0.75,1 --predictions theirs=%s --model earlier=%s --model words=%s --min_gain 0.01 "
                  "--max_latency_ms 1000 --max_memory_mb 1e6 --max_model_mb 1e6 --cost_per_error 0.01 --cost_per_point 1 "
                  "--retrain_days 7 --cascade_loss 0.02 --label_folds 3 --drop_leaks near --quiet > %s",
                  TINY, at_home("data"), at_home("all"), at_home("theirs.csv"), at_home("earlier/finetune/model"),
                  at_home("earlier/tfidf-logreg/model"), at_home("said"));
    check_schema("all");
    check_no_nan("all");
}

/* The other end: answers alone, two classes of which the test has one, nothing that could be drawn. */
static void test_hardly_any(void **state) {
    (void)state;
    static const char TRAIN[] = "text,label\ngood,glad\nbad,sad\nnice,glad\nawful,sad\n",
                      TEST[] = "text,label\nfine,glad\ngood,glad\n";
    Error err = {0};
    CHECK_OK(folder_make(at_home("few"), &err) && file_write(at_home("few/train.csv"), TRAIN, sizeof TRAIN - 1, &err) &&
                 file_write(at_home("few/validation.csv"), TRAIN, sizeof TRAIN - 1, &err) &&
                 file_write(at_home("few/test.csv"), TEST, sizeof TEST - 1, &err),
             &err);
    check_compare(0, "verdict", "few", "least", "--entries dummy,tfidf-logreg,mean-logreg,finetune");
    check_schema("least");
    check_no_nan("least");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_hardly_any),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
