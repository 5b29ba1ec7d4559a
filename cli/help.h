/* What the program says about itself, three ways, all from the tables of commands and flags: text for `--help`, the source of a
 * man page, and what bash needs to complete a command line. */
#ifndef TWOFOLD_CLI_HELP_H
#define TWOFOLD_CLI_HELP_H

#include "cli/command.h"

/* `twofold --help` and `twofold COMMAND --help`, wrapped to `width` columns. */
void help_overview(Buffer *out, int width);
void help_command(Buffer *out, CommandId id, int width);
/* ERROR_USAGE: there is no such command, with the nearest. */
bool help_fail_unknown(const char *name, Error *err);

/* The same as roff with the man macros: twofold.1 for COMMAND_COUNT, else twofold-COMMAND.1. */
void help_man(Buffer *out, CommandId id);
/* A script for bash, to be sourced or installed: commands, their flags, words and paths. It needs nothing but bash. */
void help_bash(Buffer *out);

/* The flags and arguments behind the command's name in its usage: "--model DIR [flags] [-]". */
void help_usage(Buffer *out, CommandId id);
/* Paragraphs that stand in the overview and in man pages. */
extern const char HELP_QUESTION[], HELP_FLAGS[], HELP_STREAMS[];

#endif
