/* The table of commands. */
#include <limits.h>
#include <string.h>

#include "cli/command.h"

static const Command COMMANDS[COMMAND_COUNT] = {
    [COMMAND_TOKENIZE] = {.summary = "show the tokens and ids of texts, or turn ids back into text",
                          .arguments = "[TEXT…]",
                          .arguments_most = INT_MAX,
                          .about = "Prints every token of a text above its id, as the model's tokenizer cuts it, or with --json one line a text:\n"
                                   "{\"ids\": [...], \"tokens\": [...]}. Nothing is truncated. Bytes that are not UTF-8 are replaced by U+FFFD\n"
                                   "and counted on standard error.",
                          .example = "twofold tokenize --model models/minilm \"Tokenizing text is a core task of NLP.\"",
                          .silent = true,
                          .run = command_tokenize},
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
