#include <string.h>

#include "cli/help.h"
#include "common/wrap.h"

const char HELP_QUESTION[] =
    "twofold answers one question about a labelled text set, on an ordinary CPU: is a frozen encoder with a linear model "
    "enough, or is it worth fine-tuning?";

const char HELP_FLAGS[] =
    "`twofold COMMAND --help` prints the flags of a command and their defaults. Flags have the names of Hugging Face's Trainer "
    "and may be written with dashes: --learning_rate 1e-4, --learning-rate=1e-4.";

const char HELP_STREAMS[] =
    "Results go to standard output, log and progress to standard error. Exit status: 0 done, 1 failed, 2 wrong usage, 3 bad "
    "data, 4 bad model, 5 a path that cannot be opened or written, 130 or 143 interrupted.";

static void add_paragraph(Buffer *out, const char *text, int width) {
    text_wrap(out, text, 0, 0, width);
    buffer_text(out, "\n");
}

void help_overview(Buffer *out, int width) {
    add_paragraph(out, HELP_QUESTION, width);
    buffer_text(out, "usage: twofold COMMAND [flags]\n\n");
    for (CommandId id = 0; id < COMMAND_COUNT; id++)
        buffer_printf(out, "  %-10s %s\n", command_name(id), command_get(id)->summary);
    buffer_printf(out, "\nexample: %s\n\n", command_get(COMMAND_COMPARE)->example);
    add_paragraph(out, HELP_FLAGS, width);
    text_wrap(out, HELP_STREAMS, 0, 0, width);
}

void help_usage(Buffer *out, CommandId id) {
    const OptionTable *table = settings_table();
    bool has_flags = false;
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        has_flags = has_flags || (option->commands >> id & 1u);
        if (!(option->needed >> id & 1u)) continue;
        buffer_text(out, " ");
        option_flag_text(out, option);
    }
    if (has_flags) buffer_text(out, " [flags]");
    if (command_get(id)->arguments) buffer_printf(out, " %s", command_get(id)->arguments);
}

void help_command(Buffer *out, CommandId id, int width) {
    const Command *command = command_get(id);
    Settings defaults = settings_defaults();
    buffer_printf(out, "twofold %s: %s\n\n", command_name(id), command->summary);
    buffer_printf(out, "usage: twofold %s", command_name(id));
    help_usage(out, id);
    buffer_printf(out, "\nexample: %s\n\n", command->example);
    text_wrap(out, command->about, 0, 0, width);
    Buffer flags = {0};
    options_help(&flags, settings_table(), (int)id, &defaults, width);
    if (flags.size) buffer_printf(out, "\n%s\nDefaults stand in brackets; --no_NAME turns a switch off.\n", flags.data);
    if (flags.failed) out->failed = true;
    buffer_free(&flags);
}

bool help_fail_unknown(const char *name, Error *err) {
    static const char *const flags[] = {"--help", "--version"};
    bool is_flag = name[0] == '-';
    const char *nearest = is_flag ? text_nearest(name, flags, 2) : text_nearest(name, settings_table()->commands, COMMAND_COUNT);
    if (is_flag && nearest) return FAIL(err, ERROR_USAGE, "no flag %s; did you mean %s?   (twofold --help)", name, nearest);
    if (is_flag) return FAIL(err, ERROR_USAGE, "flags stand behind a command, found %s first   (twofold --help)", name);
    if (nearest) return FAIL(err, ERROR_USAGE, "no command '%s'; did you mean %s?   (twofold --help)", name, nearest);
    return FAIL(err, ERROR_USAGE, "no command '%s'   (twofold --help)", name);
}

bool command_help(Run *run, Error *err) {
    Buffer text = {0};
    CommandId id = COMMAND_COUNT;
    if (run->options.arguments.count) {
        id = command_find(run->options.arguments.items[0]);
        if (id == COMMAND_COUNT) return help_fail_unknown(run->options.arguments.items[0], err);
    }
    HelpFormat format = run->settings.help_format;
    if (format == HELP_FORMAT_BASH)
        help_bash(&text);
    else if (format == HELP_FORMAT_MAN)
        help_man(&text, id);
    else if (id == COMMAND_COUNT)
        help_overview(&text, terminal_columns(1));
    else
        help_command(&text, id, terminal_columns(1));
    bool ok = output_add(&text, err);
    buffer_free(&text);
    return ok;
}
