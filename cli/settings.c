#include "cli/settings.h"

static const char *const COMMAND_NAMES[COMMAND_COUNT] = {
    [COMMAND_HELP] = "help",
};

Settings settings_defaults(void) { return (Settings){0}; }

/* Which commands take a row: shorthands for the sets that come again. */
enum {
    COMPUTING = 0, /* those that use all cores */
    JSON_TOO = 0   /* those whose result has a form for scripts */
};

#define AT(field) OPTION_AT(Settings, field)

static const Option ROWS[] = {
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
