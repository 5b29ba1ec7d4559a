/* One table of options drives everything a flag has to do with: parsing, --help, the nearest flag for a typo, the record in
 * env.json, and the settings of one entry (`--entry NAME=KIND:flag=value,…`).
 *
 * An option is a row with the place of its value inside a plain struct of settings. Its default is what that struct holds
 * before parsing, so a default stands in one place: the X_DEFAULTS of the room that owns the struct. */
#ifndef TWOFOLD_COMMON_OPTIONS_H
#define TWOFOLD_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/json.h"
#include "common/memory.h"

/* Words of a list, in order. Filled by parsing; the words live as long as the Options that parsed them. */
typedef struct TextList {
    const char **items;
    int count;
} TextList;

typedef enum OptionKind {
    OPTION_TEXT,   /* const char *; NULL when unset */
    OPTION_PATH,   /* const char *; shown as a path */
    OPTION_INT,    /* int32_t or int64_t (or their unsigned twins, with a range that fits) */
    OPTION_FLOAT,  /* float or double; finite */
    OPTION_BOOL,   /* bool: --flag, --flag true|false, --no_flag */
    OPTION_CHOICE, /* an enum, or a bool of two words: the place of the word in `choices` */
    OPTION_LIST,   /* TextList: words separated by commas; the last --flag wins */
    OPTION_EACH    /* TextList: every --flag adds its value, whole */
} OptionKind;

typedef struct Option {
    const char *name;    /* with underscores, as Hugging Face writes it; dashes are accepted */
    const char *aliases; /* separated by spaces, or NULL */
    OptionKind kind;
    size_t offset, size; /* of the value within the settings: OPTION_AT */
    const char *choices; /* words separated by spaces, in the order of the enum; a text with choices must be one of them */
    bool ranged;         /* OPTION_AT_LEAST and its like */
    double least, most;  /* inclusive, but for: */
    bool least_open, most_open;
    const char *word;  /* a number may also be this word ("auto"), which stands for: */
    double word_value; /* also the value of a number that is unset, when `unset` says what that means */
    const char *unset; /* what --help shows as the default when there is no value ("as long as the model allows") */
    const char *group; /* heading in --help; rows of one group stand together */
    const char *meta;  /* what stands behind the flag in --help (DIR); NULL: by kind */
    const char *help;  /* one phrase, no full stop */
    uint32_t commands; /* bit c: command c takes it */
    uint32_t needed;   /* bit c: command c cannot do without it */
} Option;

/* For the table's rows: OPTION_AT(Settings, train.learning_rate), OPTION_AT_LEAST(1) … */
#define OPTION_AT(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define OPTION_AT_LEAST(a) .ranged = true, .least = (a), .most = 1e300
#define OPTION_ABOVE(a) .ranged = true, .least = (a), .least_open = true, .most = 1e300
#define OPTION_BETWEEN(a, b) .ranged = true, .least = (a), .most = (b)
#define OPTION_FROM_BELOW(a, b) .ranged = true, .least = (a), .most = (b), .most_open = true /* a ≤ x < b */

enum { OPTIONS_MOST = 192 }; /* rows in a table */

typedef struct OptionTable {
    const char *program; /* for the sentences: "twofold" */
    const Option *rows;
    int count;
    const char *const *commands; /* names, by bit */
    int command_count;
} OptionTable;

/* What one command line said. Zeroed, then options_parse; released with options_free (the settings' texts with it). */
typedef struct Options {
    const OptionTable *table;
    int command;
    void *settings;
    bool given[OPTIONS_MOST];
    TextList arguments; /* what is no flag, in order; a lone "-" is one */
    void **owned;
    size_t owned_count, owned_capacity;
} Options;

/* Parses `words` (what stands behind the command's name; borrowed) into `settings`, which holds the defaults. "--" ends the
 * flags. ERROR_USAGE for an unknown flag (naming the nearest, or the commands it belongs to), a missing or wrong value. */
MUST_CHECK bool options_parse(Options *options, const OptionTable *table, int command, void *settings, char *const *words,
                              int count, Error *err);
/* ERROR_USAGE naming the first flag that the command needs and did not get. */
MUST_CHECK bool options_check_needed(const Options *options, Error *err);
/* ERROR_USAGE when more than one of the flags (by name, NULL last) was given. */
MUST_CHECK bool options_check_one(const Options *options, Error *err, ...) __attribute__((sentinel));
bool options_given(const Options *options, const char *name);
void options_free(Options *options);

/* Applies "flag=value,flag=value" to another copy of the settings (of one entry, say). A later part without '=' belongs to the
 * value before it: "ngram_range=1,2". Texts are owned by `options`; `given` may be NULL. */
MUST_CHECK bool options_assign_all(Options *options, void *settings, bool given[OPTIONS_MOST], const char *text, Error *err);

/* The row of a flag or alias (underscores or dashes) that the command takes, or NULL. Command -1: of any. */
const Option *options_find(const OptionTable *table, int command, const char *name);

/* Every option of the command: flag, meaning, default as `defaults` holds it; wrapped to `width` columns. */
void options_help(Buffer *out, const OptionTable *table, int command, const void *defaults, int width);
/* The two halves of a row of options_help: "--pooling cls|mean|max", and what it means with its aliases and its default. */
void option_flag_text(Buffer *out, const Option *option);
void option_meaning_text(Buffer *out, const Option *option, int command, const void *defaults);
/* The value as one would type it; nothing for one that is unset. */
void option_value_text(Buffer *out, const Option *option, const void *settings);
/* Puts every option of the command into the object being written, by name: numbers, booleans, strings, arrays, null. */
void options_write_json(JsonWriter *writer, const OptionTable *table, int command, const void *settings);

/* The word nearest to what was typed, or NULL when none is near. Letters left out, added, changed or swapped count one
 * each; a beginning ("learn") or initials ("lr") are near too. */
const char *text_nearest(const char *typed, const char *const *words, int count);

#endif
