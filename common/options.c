#include "common/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 64, RANGE_MOST = 192, FLAGS_MOST = 3 * OPTIONS_MOST };

/* ---- names ---- */

typedef struct FlagName {
    char text[NAME_MOST];
} FlagName;

/* The flag without its dashes and value; dashes inside become underscores. Too long a name is cut: it matches nothing. */
static FlagName flag_name(const char *word, size_t size) {
    FlagName name;
    if (size >= sizeof name.text) size = sizeof name.text - 1;
    for (size_t i = 0; i < size; i++) name.text[i] = word[i] == '-' ? '_' : word[i];
    name.text[size] = '\0';
    return name;
}

static bool takes(const Option *option, int command) { return command < 0 || (option->commands >> command & 1u) != 0; }

/* The next of words separated by spaces, copied into `out`; returns what follows it, or NULL when there was none. */
static const char *next_word(const char *words, FlagName *out) {
    if (!words || !*words) return NULL;
    size_t size = strcspn(words, " ");
    *out = flag_name(words, size);
    return words + size + (words[size] == ' ');
}

static bool has_name(const Option *option, const char *name) {
    if (strcmp(option->name, name) == 0) return true;
    FlagName alias;
    for (const char *rest = next_word(option->aliases, &alias); rest; rest = next_word(rest, &alias))
        if (strcmp(alias.text, name) == 0) return true;
    return false;
}

static const Option *find_exact(const OptionTable *table, int command, const char *name) {
    for (int i = 0; i < table->count; i++)
        if (takes(&table->rows[i], command) && has_name(&table->rows[i], name)) return &table->rows[i];
    return NULL;
}

/* Also finds --no_flag of a boolean, and says so. */
static const Option *find_flag(const OptionTable *table, int command, const char *name, bool *negated) {
    const Option *option = find_exact(table, command, name);
    *negated = false;
    if (option || strncmp(name, "no_", 3) != 0) return option;
    option = find_exact(table, command, name + 3);
    *negated = true;
    return option && option->kind == OPTION_BOOL ? option : NULL;
}

const Option *options_find(const OptionTable *table, int command, const char *name) {
    return find_exact(table, command, flag_name(name, strlen(name)).text);
}

static bool fail_with_help(const Options *options, Error *err, const char *format, ...) PRINTF_LIKE(3, 4);
static bool fail_with_help(const Options *options, Error *err, const char *format, ...) {
    char sentence[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return FAIL(err, ERROR_USAGE, "%s   (%s %s --help)", sentence, options->table->program,
                options->table->commands[options->command]);
}

/* "train, finetune and compare" */
static void list_commands(Buffer *out, const OptionTable *table, uint32_t commands) {
    int left = 0;
    for (int c = 0; c < table->command_count; c++) left += (commands >> c & 1u) != 0;
    for (int c = 0; c < table->command_count; c++) {
        if (!(commands >> c & 1u)) continue;
        buffer_text(out, table->commands[c]);
        left--;
        if (left > 0) buffer_text(out, left == 1 ? " and " : ", ");
    }
}

static bool fail_unknown(const Options *options, const char *name, Error *err) {
    bool negated;
    const Option *elsewhere = find_flag(options->table, -1, name, &negated);
    if (elsewhere) {
        Buffer commands = {0};
        list_commands(&commands, options->table, elsewhere->commands);
        (void)fail_with_help(options, err, "--%s belongs to %s, not to %s", name,
                             commands.data ? commands.data : "another command", options->table->commands[options->command]);
        buffer_free(&commands);
        return false;
    }
    FlagName names[FLAGS_MOST];
    const char *words[FLAGS_MOST];
    int count = 0;
    for (int i = 0; i < options->table->count; i++) {
        const Option *option = &options->table->rows[i];
        if (!takes(option, options->command)) continue;
        const char *rest = option->name;
        for (rest = next_word(rest, &names[count]); rest && count < FLAGS_MOST - 1; rest = next_word(rest, &names[count]))
            count++;
        for (rest = next_word(option->aliases, &names[count]); rest && count < FLAGS_MOST - 1;
             rest = next_word(rest, &names[count]))
            count++;
    }
    for (int i = 0; i < count; i++) words[i] = names[i].text;
    const char *nearest = text_nearest(name, words, count);
    if (nearest) return fail_with_help(options, err, "no flag --%s; did you mean --%s?", name, nearest);
    return fail_with_help(options, err, "no flag --%s", name);
}

/* ---- values ---- */

static void *value_at(void *settings, const Option *option) { return (char *)settings + option->offset; }

static bool own(Options *options, void *block, Error *err) {
    void **grown =
        block ? mem_grow(options->owned, &options->owned_capacity, options->owned_count + 1, sizeof *grown, err) : NULL;
    if (!grown) {
        free(block);
        return false;
    }
    options->owned = grown;
    options->owned[options->owned_count++] = block;
    return true;
}

/* A list's items are one owned block, replaced when it grows; few items, so growing one by one is fine. */
static bool list_add(Options *options, TextList *list, const char *item, Error *err) {
    size_t count = (size_t)list->count;
    const char **items = calloc(count + 1, sizeof *items);
    if (!items) return FAIL(err, ERROR_FAILED, "out of memory for a list of %d words", list->count + 1);
    if (count) memcpy(items, list->items, count * sizeof *items);
    items[count] = item;
    if (!own(options, items, err)) return false;
    list->items = items;
    list->count++;
    return true;
}

static bool list_set(Options *options, TextList *list, const char *value, Error *err) {
    *list = (TextList){0};
    for (const char *at = value;; at++) {
        size_t size = strcspn(at, ",");
        char *word = mem_copy_text(at, size, err);
        if (!own(options, word, err) || !list_add(options, list, word, err)) return false;
        at += size;
        if (!*at) return true;
    }
}

/* "a number from 0 to 1", "a whole number above 0" */
static void range_text(char out[RANGE_MOST], const Option *option) {
    const char *what = option->kind == OPTION_INT ? "a whole number" : "a number";
    char low[32], high[32];
    number_text(low, option->least);
    number_text(high, option->most);
    char word[NAME_MOST + 8] = "";
    if (option->word) (void)snprintf(word, sizeof word, " or '%s'", option->word);
    if (!option->ranged)
        (void)snprintf(out, RANGE_MOST, "%s%s", what, word);
    else if (option->most >= 1e300)
        (void)snprintf(out, RANGE_MOST, "%s %s %s%s", what, option->least_open ? "above" : "of at least", low, word);
    else
        (void)snprintf(out, RANGE_MOST, "%s %s %s %s %s%s", what, option->least_open ? "above" : "from", low,
                       option->most_open ? "and below" : "to", high, word);
}

static bool in_range(const Option *option, double value) {
    if (!option->ranged) return true;
    bool above = option->least_open ? value > option->least : value >= option->least;
    bool below = option->most_open ? value < option->most : value <= option->most;
    return above && below;
}

static bool fail_number(const Options *options, const Option *option, const char *value, Error *err) {
    char range[RANGE_MOST];
    range_text(range, option);
    return fail_with_help(options, err, "--%s is '%s', expected %s", option->name, value, range);
}

static void store_int(void *at, size_t size, int64_t value) {
    if (size == sizeof(bool))
        *(bool *)at = value != 0;
    else if (size == sizeof(int32_t))
        *(int32_t *)at = (int32_t)value;
    else
        *(int64_t *)at = value;
}

static bool set_int(const Options *options, void *at, const Option *option, const char *value, Error *err) {
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    bool whole = end != value && !*end && !isspace((unsigned char)*value) && errno == 0;
    if (whole && option->size == sizeof(int32_t)) whole = number >= INT32_MIN && number <= INT32_MAX;
    if (!whole || !in_range(option, (double)number)) return fail_number(options, option, value, err);
    store_int(at, option->size, number);
    return true;
}

static bool set_float(const Options *options, void *at, const Option *option, const char *value, Error *err) {
    char *end;
    double number = strtod(value, &end);
    /* strtod also takes hexadecimal, infinity and NaN, which nobody means here */
    bool plain = *value && !value[strspn(value, "+-.0123456789eE")];
    if (!plain || end == value || *end || !isfinite(number) || !in_range(option, number))
        return fail_number(options, option, value, err);
    if (option->size == sizeof(float))
        *(float *)at = (float)number;
    else
        *(double *)at = number;
    return true;
}

static bool is_word_of(const char *value, const char *words) {
    FlagName word, typed;
    size_t size = strlen(value);
    if (size >= sizeof typed.text) return false;
    for (size_t i = 0; i <= size; i++) typed.text[i] = (char)tolower((unsigned char)value[i]);
    for (const char *rest = next_word(words, &word); rest; rest = next_word(rest, &word))
        if (strcmp(word.text, typed.text) == 0) return true;
    return false;
}

/* As transformers' HfArgumentParser reads a boolean. */
static bool is_true(const char *value) { return is_word_of(value, "true yes t y 1 on"); }
static bool is_false(const char *value) { return is_word_of(value, "false no f n 0 off"); }

static bool set_bool(const Options *options, bool *at, const Option *option, const char *value, Error *err) {
    *at = is_true(value);
    if (*at || is_false(value)) return true;
    return fail_with_help(options, err, "--%s is '%s', expected true or false", option->name, value);
}

/* "cls, mean or max" */
static void choices_text(Buffer *out, const char *choices) {
    for (const char *at = choices; *at;) {
        size_t size = strcspn(at, " ");
        buffer_add(out, at, size);
        at += size + (at[size] == ' ');
        if (*at) buffer_text(out, strchr(at, ' ') ? ", " : " or ");
    }
}

/* The place of the value among the choices, or -1 with a sentence. */
static int choice_place(const Options *options, const Option *option, const char *value, Error *err) {
    int place = 0;
    size_t length = strlen(value);
    for (const char *word = option->choices; *word; place++) {
        size_t size = strcspn(word, " ");
        if (size == length && memcmp(word, value, size) == 0) return place;
        word += size + (word[size] == ' ');
    }
    Buffer choices = {0};
    choices_text(&choices, option->choices);
    (void)fail_with_help(options, err, "--%s is '%s', expected %s", option->name, value,
                         choices.data ? choices.data : "a choice");
    buffer_free(&choices);
    return -1;
}

static bool set_choice(const Options *options, void *at, const Option *option, const char *value, Error *err) {
    int place = choice_place(options, option, value, err);
    if (place >= 0) store_int(at, option->size, place);
    return place >= 0;
}

static bool set_value(Options *options, void *settings, const Option *option, const char *value, Error *err) {
    void *at = value_at(settings, option);
    bool is_number = option->kind == OPTION_INT || option->kind == OPTION_FLOAT;
    if (is_number && option->word && strcmp(value, option->word) == 0) {
        if (option->kind == OPTION_INT)
            store_int(at, option->size, (int64_t)option->word_value);
        else if (option->size == sizeof(float))
            *(float *)at = (float)option->word_value;
        else
            *(double *)at = option->word_value;
        return true;
    }
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_PATH:
        if (option->choices && choice_place(options, option, value, err) < 0) return false;
        *(const char **)at = value;
        return true;
    case OPTION_INT: return set_int(options, at, option, value, err);
    case OPTION_FLOAT: return set_float(options, at, option, value, err);
    case OPTION_BOOL: return set_bool(options, at, option, value, err);
    case OPTION_CHOICE: return set_choice(options, at, option, value, err);
    case OPTION_LIST: return list_set(options, at, value, err);
    case OPTION_EACH: return list_add(options, at, value, err);
    }
    return false;
}

/* ---- a command line ---- */

typedef struct Words {
    char *const *at;
    int count, next;
} Words;

/* A boolean takes the next word only when it reads as true or false and could not be an argument. */
static bool takes_next(const Option *option, const char *next) {
    if (option->kind == OPTION_BOOL) return is_word_of(next, "true false");
    return strncmp(next, "--", 2) != 0 || !next[2];
}

static bool parse_flag(Options *options, const char *word, Words *words, Error *err) {
    const char *equals = strchr(word, '=');
    FlagName name = flag_name(word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word) - 2);
    bool negated;
    const Option *option = find_flag(options->table, options->command, name.text, &negated);
    if (!option) return fail_unknown(options, name.text, err);
    const char *value = equals ? equals + 1 : NULL;
    if (negated) {
        if (value) return fail_with_help(options, err, "--%s takes no value", name.text);
        value = "false";
    } else if (!value && words->next < words->count && takes_next(option, words->at[words->next])) {
        value = words->at[words->next++];
    } else if (!value && option->kind == OPTION_BOOL) {
        value = "true";
    }
    if (!value)
        return fail_with_help(options, err, "--%s needs a value (one that begins with '--' is written --%s=VALUE)", name.text,
                              name.text);
    options->given[option - options->table->rows] = true;
    return set_value(options, options->settings, option, value, err);
}

bool options_parse(Options *options, const OptionTable *table, int command, void *settings, char *const *words, int count,
                   Error *err) {
    options->table = table;
    options->command = command;
    options->settings = settings;
    const char **arguments = calloc((size_t)count + 1, sizeof *arguments);
    if (!arguments) return FAIL(err, ERROR_FAILED, "out of memory for %d arguments", count);
    if (!own(options, arguments, err)) return false;
    options->arguments.items = arguments;
    bool flags_ended = false;
    for (Words left = {words, count, 0}; left.next < count;) {
        const char *word = words[left.next++];
        if (!flags_ended && strcmp(word, "--") == 0)
            flags_ended = true;
        else if (!flags_ended && strncmp(word, "--", 2) == 0) {
            if (!parse_flag(options, word, &left, err)) return false;
        } else if (!flags_ended && word[0] == '-' && isalpha((unsigned char)word[1]))
            return fail_with_help(options, err, "no flag %s; flags are written out, with two dashes", word);
        else
            arguments[options->arguments.count++] = word;
    }
    return true;
}

bool options_check_needed(const Options *options, Error *err) {
    for (int i = 0; i < options->table->count; i++) {
        const Option *option = &options->table->rows[i];
        if ((option->needed >> options->command & 1u) && !options->given[i])
            return fail_with_help(options, err, "%s needs --%s", options->table->commands[options->command], option->name);
    }
    return true;
}

bool options_given(const Options *options, const char *name) {
    const Option *option = options_find(options->table, options->command, name);
    return option && options->given[option - options->table->rows];
}

bool options_check_one(const Options *options, Error *err, ...) {
    const char *first = NULL, *second = NULL;
    va_list names;
    va_start(names, err);
    for (const char *name = va_arg(names, const char *); name && !second; name = va_arg(names, const char *)) {
        if (!options_given(options, name)) continue;
        if (first)
            second = name;
        else
            first = name;
    }
    va_end(names);
    if (second) return fail_with_help(options, err, "--%s and --%s contradict each other; give one", first, second);
    return true;
}

/* Where the value that starts at `at` ends: before a ',' that is followed by "name=". */
static const char *assignment_end(const char *at) {
    for (const char *comma = strchr(at, ','); comma; comma = strchr(comma + 1, ',')) {
        size_t name = strspn(comma + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
        if (name && comma[1 + name] == '=') return comma;
    }
    return at + strlen(at);
}

bool options_assign_all(Options *options, void *settings, bool given[OPTIONS_MOST], const char *text, Error *err) {
    for (const char *at = text; *at;) {
        const char *end = assignment_end(at);
        const char *equals = memchr(at, '=', (size_t)(end - at));
        FlagName name = flag_name(at, (size_t)((equals ? equals : end) - at));
        bool negated;
        const Option *option = find_flag(options->table, options->command, name.text, &negated);
        if (!option) return fail_unknown(options, name.text, err);
        if (!equals && option->kind != OPTION_BOOL)
            return fail_with_help(options, err, "%s needs a value: %s=…", name.text, name.text);
        const char *value = negated ? "false" : "true";
        if (equals && !negated) {
            char *copy = mem_copy_text(equals + 1, (size_t)(end - equals) - 1, err);
            if (!own(options, copy, err)) return false;
            value = copy;
        }
        if (!set_value(options, settings, option, value, err)) return false;
        if (given) given[option - options->table->rows] = true;
        at = end + (*end == ',');
    }
    return true;
}

void options_free(Options *options) {
    for (size_t i = 0; i < options->owned_count; i++) free(options->owned[i]);
    free(options->owned);
    *options = (Options){0};
}
