/* The table of commands. */
#include <string.h>

#include "cli/command.h"

static const Command COMMANDS[COMMAND_COUNT] = {
    [COMMAND_HELP] = {.summary = "this overview, or the flags of one command",
                      .arguments = "[COMMAND]",
                      .arguments_most = 1,
                      .about = "Prints what `twofold --help` and `twofold COMMAND --help` print.",
                      .example = "twofold help help",
                      .silent = true,
                      .run = command_help},
};

const Command *command_get(CommandId id) { return &COMMANDS[id]; }

const char *command_name(CommandId id) { return settings_table()->commands[id]; }

CommandId command_find(const char *name) {
    CommandId id = 0;
    while (id < COMMAND_COUNT && strcmp(command_name(id), name) != 0) id++;
    return id;
}
