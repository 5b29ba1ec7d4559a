/* Everything flags can set, and the one table of flags (common/options.h).
 *
 * To add a flag: a field in the plain struct of the room that uses it, its default in that room's X_DEFAULTS, one row in
 * settings.c. To add a command: one line in CommandId, one name and the bits of the rows it takes in settings.c, one row in commands.c,
 * a file cli/NAME.c with its command_NAME(Run *, Error *) declared in command.h. Nothing else knows flags or commands. */
#ifndef TWOFOLD_CLI_SETTINGS_H
#define TWOFOLD_CLI_SETTINGS_H

#include "common/options.h"
#include "encoder/levels.h"

/* In the order of --help. The number is the command's bit in the table of flags. */
typedef enum CommandId { COMMAND_TOKENIZE, COMMAND_HELP, COMMAND_COUNT } CommandId;

/* Each room's own struct, whole, under the room's name, and what belongs to the program itself. */
typedef struct Settings {
    const char *model;
    const char *file; /* of texts, one a line */

    Level level; /* tokenize */
    bool decode, skip_special_tokens;

    int num_threads; /* 0: as many as this process may use */
    bool quiet;
    bool json;
} Settings;

Settings settings_defaults(void);
const OptionTable *settings_table(void);

#endif
