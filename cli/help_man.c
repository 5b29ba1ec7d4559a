#include <ctype.h>
#include <string.h>

#include "cli/help.h"

/* Text as roff wants it: nothing of it is taken for a request or an escape, and a hyphen stays the character that one types. */
static void add_text(Buffer *out, const char *text) {
    bool is_code = false; /* between ` and ` */
    if (*text == '.' || *text == '\'') buffer_text(out, "\\&");
    for (; *text; text++) {
        switch (*text) {
        case '\\': buffer_text(out, "\\e"); break;
        case '-': buffer_text(out, "\\-"); break;
        case '\'': buffer_text(out, "\\(aq"); break;
        case '~': buffer_text(out, "\\(ti"); break;
        case '^': buffer_text(out, "\\(ha"); break;
        case '`':
            is_code = !is_code;
            buffer_text(out, is_code ? "\\fB" : "\\fR");
            break;
        default: buffer_add(out, text, 1);
        }
    }
}

static void add_line(Buffer *out, const char *text) {
    add_text(out, text);
    buffer_text(out, "\n");
}

static void add_title(Buffer *out, const char *name, const char *summary) {
    buffer_text(out, ".TH \"");
    for (const char *c = name; *c; c++) buffer_printf(out, *c == '-' ? "\\-" : "%c", toupper((unsigned char)*c));
    buffer_text(out, "\" 1 \"\" \"twofold " TWOFOLD_VERSION "\" \"User Commands\"\n.SH NAME\n");
    add_text(out, name);
    buffer_text(out, " \\- ");
    add_line(out, summary);
}

static void add_example(Buffer *out, const char *example) {
    buffer_text(out, ".SH EXAMPLE\n.nf\n");
    add_line(out, example);
    buffer_text(out, ".fi\n");
}

/* ".B \-\-model DIR": the flag bold, its value as it is. */
static void add_flag(Buffer *out, const Option *option) {
    Buffer flag = {0};
    option_flag_text(&flag, option);
    const char *text = flag.data ? flag.data : "", *space = strchr(text, ' ');
    buffer_text(out, ".TP\n\\fB\\-\\-");
    for (const char *c = option->name; *c; c++) buffer_add(out, c, 1);
    buffer_text(out, "\\fR");
    add_line(out, space ? space : "");
    if (flag.failed) out->failed = true;
    buffer_free(&flag);
}

static void add_flags(Buffer *out, CommandId id) {
    const OptionTable *table = settings_table();
    Settings defaults = settings_defaults();
    const char *group = NULL;
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        if (!(option->commands >> id & 1u)) continue;
        if (!group) buffer_text(out, ".SH OPTIONS\nDefaults stand in brackets; \\-\\-no_NAME turns a switch off.\n");
        if (!group || strcmp(group, option->group) != 0) buffer_printf(out, ".SS %s\n", option->group);
        group = option->group;
        Buffer meaning = {0};
        option_meaning_text(&meaning, option, (int)id, &defaults);
        add_flag(out, option);
        add_line(out, meaning.data ? meaning.data : "");
        if (meaning.failed) out->failed = true;
        buffer_free(&meaning);
    }
}

typedef struct Variable {
    const char *name, *meaning;
} Variable;

static const Variable VARIABLES[] = {
    {"HF_HUB_CACHE, HF_HOME", "where a --model that is no folder is looked up; else ~/.cache/huggingface"},
    {"XDG_CACHE_HOME", "where features are kept, in twofold/; else ~/.cache"},
    {"OMP_NUM_THREADS", "threads, when --num_threads is not given"},
    {"ONEDNN_MAX_CPU_ISA", "the widest instruction set to use: AVX2, AVX512_CORE …"},
    {"OPENBLAS_CORETYPE", "the processor OpenBLAS takes this one for; chosen by twofold unless it is set"},
    {"NO_COLOR, TERM, COLUMNS", "how the terminal is written to"},
};

static void add_overview(Buffer *out) {
    add_title(out, "twofold", "is a frozen encoder with a linear model enough, or is it worth fine-tuning?");
    buffer_text(out, ".SH SYNOPSIS\n.B twofold\n.I COMMAND\n[flags]\n.SH DESCRIPTION\n");
    add_line(out, HELP_QUESTION);
    buffer_text(out, ".PP\n");
    add_line(out, HELP_FLAGS);
    buffer_text(out, ".SH COMMANDS\n");
    for (CommandId id = 0; id < COMMAND_COUNT; id++) {
        buffer_printf(out, ".TP\n\\fBtwofold\\-%s\\fR(1)\n", command_name(id));
        add_line(out, command_get(id)->summary);
    }
    add_example(out, command_get(COMMAND_COMPARE)->example);
    buffer_text(out, ".SH EXIT STATUS\n");
    add_line(out, HELP_STREAMS);
    buffer_text(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) {
        buffer_printf(out, ".TP\n.B %s\n", VARIABLES[i].name);
        add_line(out, VARIABLES[i].meaning);
    }
}

void help_man(Buffer *out, CommandId id) {
    if (id == COMMAND_COUNT) {
        add_overview(out);
        return;
    }
    const Command *command = command_get(id);
    Buffer name = {0}, usage = {0};
    buffer_printf(&name, "twofold-%s", command_name(id));
    help_usage(&usage, id);
    add_title(out, name.data ? name.data : "", command->summary);
    buffer_printf(out, ".SH SYNOPSIS\n.B twofold %s\n", command_name(id));
    add_line(out, usage.data ? usage.data + 1 : ""); /* without its leading space */
    buffer_text(out, ".SH DESCRIPTION\n");
    add_line(out, command->about);
    add_flags(out, id);
    add_example(out, command->example);
    buffer_text(out, ".SH EXIT STATUS\n");
    add_line(out, HELP_STREAMS);
    buffer_text(out, ".SH SEE ALSO\n.BR twofold (1)\n");
    if (name.failed || usage.failed) out->failed = true;
    buffer_free(&name);
    buffer_free(&usage);
}
