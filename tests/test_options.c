/* The table of options: what is parsed, what is refused and with which sentence, what is shown and recorded. */
#include "check.h"

#include "common/options.h"

typedef enum Colour { RED, GREEN, BLUE } Colour;

typedef struct Toy {
    const char *model, *format;
    int epochs;
    int64_t seed;
    double rate, strength;
    float decay;
    bool cache, balanced;
    Colour colour;
    TextList entries, entry;
} Toy;

enum { TRAIN, SHOW, COMMANDS };
static const char *const NAMES[COMMANDS] = {"train", "show"};
enum { T = 1 << TRAIN, S = 1 << SHOW };

static const Option ROWS[] = {
    {"model_folder", "model model_name_or_path", OPTION_PATH, OPTION_AT(Toy, model), .meta = "DIR", .group = "model",
     .help = "where", .commands = T | S, .needed = T},
    {"format", NULL, OPTION_TEXT, OPTION_AT(Toy, format), .choices = "csv jsonl", .group = "model", .help = "form",
     .commands = S},
    {"num_train_epochs", "epochs", OPTION_INT, OPTION_AT(Toy, epochs), OPTION_AT_LEAST(1), .group = "training", .help = "passes",
     .commands = T},
    {"seed", NULL, OPTION_INT, OPTION_AT(Toy, seed), .group = "training", .help = "of chance", .commands = T},
    {"learning_rate", NULL, OPTION_FLOAT, OPTION_AT(Toy, rate), OPTION_ABOVE(0), .group = "training", .help = "at the start",
     .commands = T},
    {"C", NULL, OPTION_FLOAT, OPTION_AT(Toy, strength), OPTION_ABOVE(0), .word = "auto", .group = "training", .help = "strength",
     .commands = T},
    {"weight_decay", NULL, OPTION_FLOAT, OPTION_AT(Toy, decay), OPTION_BETWEEN(0, 1), .group = "training", .help = "decay",
     .commands = T},
    {"cache", NULL, OPTION_BOOL, OPTION_AT(Toy, cache), .group = "training", .help = "keep", .commands = T},
    {"class_weight", NULL, OPTION_CHOICE, OPTION_AT(Toy, balanced), .choices = "none balanced", .group = "training",
     .help = "weights", .commands = T},
    {"colour", NULL, OPTION_CHOICE, OPTION_AT(Toy, colour), .choices = "red green blue", .group = "training", .help = "colour",
     .commands = T},
    {"entries", NULL, OPTION_LIST, OPTION_AT(Toy, entries), .unset = "all", .group = "training", .help = "which", .commands = T},
    {"entry", NULL, OPTION_EACH, OPTION_AT(Toy, entry), .group = "training", .help = "one more", .commands = T},
};
static const OptionTable TABLE = {"toy", ROWS, sizeof ROWS / sizeof *ROWS, NAMES, COMMANDS};

static Toy toy_defaults(void) {
    return (Toy){.epochs = 3, .seed = 42, .rate = 5e-5, .strength = 1, .decay = 0.01f, .cache = true, .colour = GREEN};
}

enum { WORDS_MOST = 32 };

/* Parses words separated by '|' into `toy`; `options` is left for the caller to free. */
static bool parse(Options *options, Toy *toy, int command, const char *line, Error *err) {
    static char text[512];
    static char *words[WORDS_MOST];
    int count = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, "|"); word; word = strtok(NULL, "|")) words[count++] = word;
    *options = (Options){0};
    *toy = toy_defaults();
    return options_parse(options, &TABLE, command, toy, words, count, err);
}

static void check_refused(int command, const char *line, const char *part) {
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_FAILS(parse(&options, &toy, command, line, &err), &err, ERROR_USAGE, part);
    options_free(&options);
}

static void test_values(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_OK(parse(&options, &toy, TRAIN,
                   "--model-name-or-path|a/b|--epochs=7|x|--seed|-9000000000|--learning-rate|1e-4|--C|auto|"
                   "--weight_decay=0.5|--no_cache|--class_weight|balanced|--colour|blue|-|--|--seed",
                   &err),
             &err);
    assert_string_equal(toy.model, "a/b");
    assert_int_equal(toy.epochs, 7);
    assert_true(toy.seed == -9000000000);
    assert_true(toy.rate == 1e-4 && toy.strength == 0 && toy.decay == 0.5f);
    assert_true(!toy.cache && toy.balanced && toy.colour == BLUE);
    assert_int_equal(options.arguments.count, 3);
    assert_string_equal(options.arguments.items[0], "x");
    assert_string_equal(options.arguments.items[1], "-");
    assert_string_equal(options.arguments.items[2], "--seed");
    assert_true(options_given(&options, "epochs") && options_given(&options, "num_train_epochs") &&
                !options_given(&options, "entry"));
    CHECK_OK(options_check_needed(&options, &err), &err);
    options_free(&options);
}

static void test_last_wins(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_OK(parse(&options, &toy, TRAIN, "--seed|1|--seed|2|--entries|a,b|--entries|c,d,e|--entry|x=1,2|--entry|y", &err), &err);
    assert_true(toy.seed == 2);
    assert_int_equal(toy.entries.count, 3);
    assert_string_equal(toy.entries.items[2], "e");
    assert_int_equal(toy.entry.count, 2);
    assert_string_equal(toy.entry.items[0], "x=1,2");
    options_free(&options);
}

static void test_booleans(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    static const struct {
        const char *line;
        bool value;
        int arguments;
    } cases[] = {{"--cache", true, 0},          {"--cache|false", false, 0},    {"--cache|TRUE", true, 0},
                 {"--cache=no", false, 0},      {"--cache=1", true, 0},         {"--cache|1", true, 1},
                 {"--no-cache|word", false, 1}, {"--no_cache|--cache", true, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_OK(parse(&options, &toy, TRAIN, cases[i].line, &err), &err);
        assert_int_equal(toy.cache, cases[i].value);
        assert_int_equal(options.arguments.count, cases[i].arguments);
        options_free(&options);
    }
}

static void test_sentences(void **state) {
    (void)state;
    check_refused(TRAIN, "--modell|x", "no flag --modell; did you mean --model?   (toy train --help)");
    check_refused(TRAIN, "--epoch|1", "did you mean --epochs?");
    check_refused(TRAIN, "--lr|1", "did you mean --learning_rate?");
    check_refused(TRAIN, "--c|1", "did you mean --C?");
    check_refused(TRAIN, "--laerning-rate|1", "did you mean --learning_rate?");
    check_refused(TRAIN, "--qqqqqqqq", "no flag --qqqqqqqq   (toy train --help)");
    check_refused(SHOW, "--seed|1", "--seed belongs to train, not to show   (toy show --help)");
    check_refused(TRAIN, "-m|x", "no flag -m; flags are written out, with two dashes");
    check_refused(TRAIN, "--seed", "--seed needs a value");
    check_refused(TRAIN, "--model|--seed|1", "--model needs a value (one that begins with '--' is written --model=VALUE)");
    check_refused(TRAIN, "--seed|1.5", "--seed is '1.5', expected a whole number");
    check_refused(TRAIN, "--seed|99999999999999999999", "expected a whole number");
    check_refused(TRAIN, "--epochs|3000000000", "--num_train_epochs is '3000000000', expected a whole number of at least 1");
    check_refused(TRAIN, "--epochs|0", "expected a whole number of at least 1");
    check_refused(TRAIN, "--epochs=", "--num_train_epochs is '', expected");
    check_refused(TRAIN, "--learning_rate|0", "expected a number above 0");
    check_refused(TRAIN, "--learning_rate|nan", "--learning_rate is 'nan', expected a number above 0");
    check_refused(TRAIN, "--learning_rate|0x1", "expected a number above 0");
    check_refused(TRAIN, "--weight_decay|1e400", "expected a number from 0 to 1");
    check_refused(TRAIN, "--C|Auto", "--C is 'Auto', expected a number above 0 or 'auto'");
    check_refused(TRAIN, "--cache=maybe", "--cache is 'maybe', expected true or false");
    check_refused(TRAIN, "--no_cache=true", "--no_cache takes no value");
    check_refused(TRAIN, "--no_seed", "no flag --no_seed");
    check_refused(TRAIN, "--colour|pink", "--colour is 'pink', expected red, green or blue");
    check_refused(TRAIN, "--class_weight|b", "expected none or balanced");
    check_refused(SHOW, "--format|CSV", "--format is 'CSV', expected csv or jsonl");
}

static void test_checks(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_OK(parse(&options, &toy, TRAIN, "--seed|1|--C|2", &err), &err);
    CHECK_FAILS(options_check_needed(&options, &err), &err, ERROR_USAGE, "train needs --model_folder   (toy train --help)");
    CHECK_OK(options_check_one(&options, &err, "seed", "entry", NULL), &err);
    CHECK_FAILS(options_check_one(&options, &err, "entry", "seed", "C", NULL), &err, ERROR_USAGE,
                "--seed and --C contradict each other");
    options_free(&options);
}

static void test_entry_settings(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_OK(parse(&options, &toy, TRAIN, "--epochs|5", &err), &err);
    Toy entry = toy;
    bool given[OPTIONS_MOST] = {false};
    CHECK_OK(options_assign_all(&options, &entry, given, "no_cache,learning-rate=1e-3,entries=a,b,C=auto", &err), &err);
    assert_true(entry.rate == 1e-3 && entry.epochs == 5 && !entry.cache && entry.strength == 0);
    assert_int_equal(entry.entries.count, 2);
    assert_string_equal(entry.entries.items[1], "b");
    assert_true(given[4] && !given[2]);
    assert_true(toy.rate == 5e-5 && toy.cache && toy.entries.count == 0);
    CHECK_FAILS(options_assign_all(&options, &entry, NULL, "learning_rat=1", &err), &err, ERROR_USAGE,
                "did you mean --learning_rate?");
    CHECK_FAILS(options_assign_all(&options, &entry, NULL, "seed", &err), &err, ERROR_USAGE, "seed needs a value: seed=…");
    options_free(&options);
}

static void test_help(void **state) {
    (void)state;
    Toy defaults = toy_defaults();
    Buffer help = {0};
    options_help(&help, &TABLE, TRAIN, &defaults, 80);
    assert_non_null(strstr(
        help.data, "model\n  --model_folder DIR          where (also --model --model_name_or_path) [needed]\n\ntraining\n"));
    assert_non_null(strstr(help.data, "  --num_train_epochs N        passes (also --epochs) [3]\n"));
    assert_non_null(strstr(help.data, "  --learning_rate X           at the start [5e-05]\n"));
    assert_non_null(strstr(help.data, "  --C X|auto                  strength [1]\n"));
    assert_non_null(strstr(help.data, "  --weight_decay X            decay [0.01]\n"));
    assert_non_null(strstr(help.data, "  --cache                     keep [true]\n"));
    assert_non_null(strstr(help.data, "  --class_weight none|balanced\n                              weights [none]\n"));
    assert_non_null(strstr(help.data, "  --entries A,B               which [all]\n"));
    assert_non_null(strstr(help.data, "  --entry TEXT                one more; may be repeated\n"));
    assert_null(strstr(help.data, "--format"));
    for (const char *line = help.data; *line; line = strchr(line, '\n') + 1) assert_true(strchr(line, '\n') - line <= 80);
    buffer_free(&help);
}

static void test_json(void **state) {
    (void)state;
    Options options;
    Toy toy;
    Error err = {0};
    CHECK_OK(parse(&options, &toy, TRAIN, "--C|auto|--entry|x=\"1\"|--entries|a,b|--weight_decay|0.1", &err), &err);
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 0);
    json_begin_object(&json);
    options_write_json(&json, &TABLE, TRAIN, &toy);
    json_end_object(&json);
    assert_string_equal(
        text.data,
        "{\"model_folder\": null, \"num_train_epochs\": 3, \"seed\": 42, \"learning_rate\": 5e-05, \"C\": \"auto\", "
        "\"weight_decay\": 0.1, \"cache\": true, \"class_weight\": \"none\", \"colour\": \"green\", \"entries\": [\"a\", "
        "\"b\"], \"entry\": [\"x=\\\"1\\\"\"]}");
    buffer_free(&text);
    options_free(&options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_last_wins), cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_sentences), cmocka_unit_test(test_checks),    cmocka_unit_test(test_entry_settings),
        cmocka_unit_test(test_help),      cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
