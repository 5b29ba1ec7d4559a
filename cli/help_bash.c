#include <string.h>

#include "cli/help.h"

/* What completes the value behind a flag. Paths need no words: bash completes them itself when there are none. */
static const char BEGIN[] =
    "# bash's completion for twofold " TWOFOLD_VERSION ", made by: twofold help --output_format bash\n"
    "_twofold() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
    "    local flags='' words=''\n"
    "    COMPREPLY=()\n"
    "    # --flag=value is three words here\n"
    "    if [[ $current == = ]]; then current=\n"
    "    elif [[ $before == = && $COMP_CWORD -gt 2 ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi\n";

static const char END[] = "    if [[ $COMP_CWORD == 1 ]]; then words=$commands\n"
                          "    elif [[ $current == -* ]]; then words=$flags; fi\n"
                          "    [[ ! $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                          "}\n"
                          "complete -o bashdefault -o default -F _twofold twofold\n";

static bool takes(const Option *option, CommandId id) { return option->commands >> id & 1u; }

static bool is_folder(const Option *option) {
    return option->kind == OPTION_PATH && option->meta && strcmp(option->meta, "DIR") == 0;
}

static void add_flag_names(Buffer *out, CommandId id) {
    const OptionTable *table = settings_table();
    buffer_text(out, "        flags='--help");
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        if (!takes(option, id)) continue;
        buffer_printf(out, " --%s", option->name);
        if (option->kind == OPTION_BOOL && strncmp(option->name, "no_", 3) != 0) buffer_printf(out, " --no_%s", option->name);
    }
    buffer_text(out, "'\n");
}

/* A pattern of bash's case: "--lr_scheduler_type|--scheduler", with dashes for underscores where there are any. */
static void add_pattern(Buffer *out, const Option *option) {
    buffer_printf(out, "--%s", option->name);
    for (const char *at = option->aliases ? option->aliases : ""; *at;) {
        size_t size = strcspn(at, " ");
        buffer_printf(out, "|--%.*s", (int)size, at);
        at += size + (at[size] == ' ');
    }
}

/* After a flag that takes a value nothing else is offered: its words, folders, or what bash has by itself. */
static void add_values(Buffer *out, CommandId id) {
    const OptionTable *table = settings_table();
    buffer_text(out, "        case ${before//-/_} in\n");
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        if (!takes(option, id) || option->kind == OPTION_BOOL) continue;
        Buffer pattern = {0};
        add_pattern(&pattern, option);
        for (size_t c = 0; c < pattern.size; c++)
            if (pattern.data[c] == '-') pattern.data[c] = '_';
        buffer_printf(out, "            %s) ", pattern.data ? pattern.data : "");
        if (pattern.failed) out->failed = true;
        buffer_free(&pattern);
        if (option->choices)
            buffer_printf(out, "mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); ", option->choices);
        else if (is_folder(option))
            buffer_text(out, "mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); ");
        buffer_text(out, "return ;;\n");
    }
    buffer_text(out, "        esac\n");
}

void help_bash(Buffer *out) {
    buffer_text(out, BEGIN);
    buffer_text(out, "    local commands='");
    for (CommandId id = 0; id < COMMAND_COUNT; id++) buffer_printf(out, "%s ", command_name(id));
    buffer_text(out, "--help --version'\n    case $command in\n");
    for (CommandId id = 0; id < COMMAND_COUNT; id++) {
        buffer_printf(out, "    %s)\n", command_name(id));
        add_flag_names(out, id);
        add_values(out, id);
        if (id == COMMAND_HELP) buffer_text(out, "        words=$commands\n");
        buffer_text(out, "        ;;\n");
    }
    buffer_text(out, "    esac\n");
    buffer_text(out, END);
}
