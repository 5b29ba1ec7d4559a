#include "cli/settings.h"

static const char *const COMMAND_NAMES[COMMAND_COUNT] = {
    [COMMAND_TOKENIZE] = "tokenize",
    [COMMAND_HELP] = "help",
};

Settings settings_defaults(void) { return (Settings){0}; }

/* Which commands take a row: shorthands for the sets that come again. */
enum {
    TOKENIZE = 1 << COMMAND_TOKENIZE,

    COMPUTING = 0,       /* those that use all cores */
    JSON_TOO = TOKENIZE  /* those whose result has a form for scripts */
};

#define AT(field) OPTION_AT(Settings, field)

static const Option ROWS[] = {
    {"model", "model_name_or_path model_name", OPTION_PATH, AT(model), .meta = "DIR", .group = "model", .commands = TOKENIZE,
     .help = "a model's folder as Hugging Face writes it, or its name in the Hugging Face cache; the levels word and char need none"},
    {"level", NULL, OPTION_CHOICE, AT(level), .choices = "wordpiece word char", .group = "output", .commands = TOKENIZE,
     .help = "pieces of words with the model's ids; or whole words, or characters, numbered within the text"},
    {"file", NULL, OPTION_PATH, AT(file), .group = "output", .commands = TOKENIZE, .help = "texts, one a line; - reads standard input"},
    {"decode", NULL, OPTION_BOOL, AT(decode), .group = "output", .commands = TOKENIZE,
     .help = "the other way: ids (101 7592 102, or lines of --json) to text"},
    {"skip_special_tokens", NULL, OPTION_BOOL, AT(skip_special_tokens), .group = "output", .commands = TOKENIZE,
     .help = "decode without [CLS], [SEP] and their like"},
    {"num_threads", NULL, OPTION_INT, AT(num_threads), OPTION_BETWEEN(1, 4096), .unset = "the cores this process may use",
     .group = "running", .help = "threads", .commands = COMPUTING},
    {"json", NULL, OPTION_BOOL, AT(json), .group = "running", .help = "the result as JSON on standard output", .commands = JSON_TOO},
    {"quiet", NULL, OPTION_BOOL, AT(quiet), .group = "running", .help = "errors only on standard error",
     .commands = (1u << COMMAND_COUNT) - 1 - (1u << COMMAND_HELP)},
};

const OptionTable *settings_table(void) {
    static const OptionTable table = {"twofold", ROWS, sizeof ROWS / sizeof *ROWS, COMMAND_NAMES, COMMAND_COUNT};
    return &table;
}
