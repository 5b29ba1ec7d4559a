/* Options as people and env.json read them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/wrap.h"

static const void *value_at(const void *settings, const Option *option) { return (const char *)settings + option->offset; }

static int64_t load_int(const void *settings, const Option *option) {
    const void *at = value_at(settings, option);
    if (option->size == sizeof(bool)) return *(const bool *)at;
    return option->size == sizeof(int32_t) ? *(const int32_t *)at : *(const int64_t *)at;
}

static double load_float(const void *settings, const Option *option) {
    const void *at = value_at(settings, option);
    if (option->size == sizeof(double)) return *(const double *)at;
    /* the shortest decimal that reads back as this float, so that 5e-5f shows as it was typed */
    char text[32];
    float value = *(const float *)at;
    for (int digits = 1; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    return strtod(text, NULL);
}

static bool is_word_value(const Option *option, double value) {
    if (!option->word && !option->unset) return false;
    return value == option->word_value || (isnan(value) && isnan(option->word_value));
}

static void number_or_word(Buffer *out, const Option *option, double value) {
    if (is_word_value(option, value)) {
        buffer_text(out, option->word ? option->word : "");
        return;
    }
    char text[32];
    number_text(text, value);
    buffer_text(out, text);
}

/* The place-th word of a choice, borrowed, with its length. */
static const char *choice_word(const Option *option, int64_t place, size_t *size) {
    const char *word = option->choices;
    for (; place > 0 && *word; place--) {
        word += strcspn(word, " ");
        word += *word == ' ';
    }
    *size = strcspn(word, " ");
    return word;
}

void option_value_text(Buffer *out, const Option *option, const void *settings) {
    const void *at = value_at(settings, option);
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_PATH:
        if (*(const char *const *)at) buffer_text(out, *(const char *const *)at);
        return;
    case OPTION_INT: number_or_word(out, option, (double)load_int(settings, option)); return;
    case OPTION_FLOAT: number_or_word(out, option, load_float(settings, option)); return;
    case OPTION_BOOL: buffer_text(out, *(const bool *)at ? "true" : "false"); return;
    case OPTION_CHOICE: {
        size_t size;
        const char *word = choice_word(option, load_int(settings, option), &size);
        buffer_add(out, word, size);
        return;
    }
    case OPTION_LIST:
    case OPTION_EACH: {
        const TextList *list = at;
        for (int i = 0; i < list->count; i++) buffer_printf(out, "%s%s", i ? "," : "", list->items[i]);
        return;
    }
    }
}

static void write_number(JsonWriter *json, const Option *option, double value) {
    if (is_word_value(option, value) && option->word)
        json_write_string(json, option->word);
    else if (is_word_value(option, value))
        json_write_null(json);
    else
        json_write_number(json, value);
}

static void write_value(JsonWriter *json, const Option *option, const void *settings) {
    const void *at = value_at(settings, option);
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_PATH:
        if (*(const char *const *)at)
            json_write_string(json, *(const char *const *)at);
        else
            json_write_null(json);
        return;
    case OPTION_INT:
        if (is_word_value(option, (double)load_int(settings, option)))
            write_number(json, option, (double)load_int(settings, option));
        else
            json_write_int(json, load_int(settings, option));
        return;
    case OPTION_FLOAT: write_number(json, option, load_float(settings, option)); return;
    case OPTION_BOOL: json_write_bool(json, *(const bool *)at); return;
    case OPTION_CHOICE: {
        size_t size;
        const char *word = choice_word(option, load_int(settings, option), &size);
        json_write_bytes(json, word, size);
        return;
    }
    case OPTION_LIST:
    case OPTION_EACH: {
        const TextList *list = at;
        json_begin_array(json);
        for (int i = 0; i < list->count; i++) json_write_string(json, list->items[i]);
        json_end_array(json);
        return;
    }
    }
}

void options_write_json(JsonWriter *writer, const OptionTable *table, int command, const void *settings) {
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        if (!(option->commands >> command & 1u)) continue;
        json_write_key(writer, option->name);
        write_value(writer, option, settings);
    }
}

/* ---- help ---- */

enum { HELP_COLUMN = 30 }; /* where the meaning starts */

static const char *meta_text(const Option *option) {
    if (option->meta) return option->meta;
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_EACH: return "TEXT";
    case OPTION_PATH: return "PATH";
    case OPTION_INT: return "N";
    case OPTION_FLOAT: return "X";
    case OPTION_LIST: return "A,B";
    case OPTION_BOOL:
    case OPTION_CHOICE: return "";
    }
    return "";
}

void option_flag_text(Buffer *out, const Option *option) {
    buffer_printf(out, "--%s", option->name);
    if (option->choices) {
        buffer_text(out, " ");
        for (const char *c = option->choices; *c; c++) buffer_add(out, *c == ' ' ? "|" : c, 1);
    } else if (*meta_text(option)) {
        buffer_printf(out, " %s", meta_text(option));
        if (option->word) buffer_printf(out, "|%s", option->word);
    }
}

static void add_default(Buffer *out, const Option *option, const void *defaults) {
    Buffer value = {0};
    option_value_text(&value, option, defaults);
    bool is_number = option->kind == OPTION_INT || option->kind == OPTION_FLOAT;
    double number = option->kind == OPTION_INT     ? (double)load_int(defaults, option)
                    : option->kind == OPTION_FLOAT ? load_float(defaults, option)
                                                   : 0;
    bool is_off = option->kind == OPTION_BOOL && !*(const bool *)value_at(defaults, option);
    if (option->unset && (!value.size || is_off || (is_number && is_word_value(option, number))))
        buffer_printf(out, " [%s]", option->unset);
    else if (value.size)
        buffer_printf(out, " [%s]", value.data);
    if (value.failed) out->failed = true;
    buffer_free(&value);
}

void option_meaning_text(Buffer *out, const Option *option, int command, const void *defaults) {
    buffer_text(out, option->help);
    if (option->aliases) {
        buffer_text(out, " (also");
        for (const char *at = option->aliases; *at;) {
            size_t size = strcspn(at, " ");
            buffer_printf(out, " --%.*s", (int)size, at);
            at += size + (at[size] == ' ');
        }
        buffer_text(out, ")");
    }
    if (option->kind == OPTION_EACH) buffer_text(out, "; may be repeated");
    if (option->needed >> command & 1u)
        buffer_text(out, " [needed]");
    else
        add_default(out, option, defaults);
}

static void add_row(Buffer *out, const Option *option, int command, const void *defaults, int width) {
    size_t begin = out->size;
    buffer_text(out, "  ");
    option_flag_text(out, option);
    int column = (int)(out->size - begin);
    if (column + 2 > HELP_COLUMN) {
        buffer_text(out, "\n");
        column = 0;
    }
    buffer_printf(out, "%*s", HELP_COLUMN - column, "");
    Buffer meaning = {0};
    option_meaning_text(&meaning, option, command, defaults);
    text_wrap(out, meaning.data ? meaning.data : "", HELP_COLUMN, HELP_COLUMN, width);
    if (meaning.failed) out->failed = true;
    buffer_free(&meaning);
}

void options_help(Buffer *out, const OptionTable *table, int command, const void *defaults, int width) {
    const char *group = NULL;
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        if (!(option->commands >> command & 1u)) continue;
        if (!group || strcmp(group, option->group) != 0) buffer_printf(out, "%s%s\n", group ? "\n" : "", option->group);
        group = option->group;
        add_row(out, option, command, defaults, width);
    }
}
