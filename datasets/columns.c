#include "datasets/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const text_names[] = {"text",     "sentence", "content",     "review", "tweet", "comment", "message",
                                         "question", "caption",  "description", "title",  "body",  NULL};
static const char *const label_names[] = {"label",  "labels",  "class",     "category", "target",
                                          "intent", "emotion", "sentiment", NULL};

void columns_free(Columns *columns) {
    for (int i = 0; i < columns->count; i++) free(columns->names[i]);
    free(columns->names);
    *columns = (Columns){0};
}

static void trim(const char **text, size_t *size) {
    while (*size && (**text == ' ' || **text == '\t')) (*text)++, (*size)--;
    while (*size && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\t')) (*size)--;
}

bool columns_add(Columns *columns, const char *name, size_t size, Error *err) {
    trim(&name, &size);
    char **names = mem_grow(columns->names, &columns->capacity, (size_t)columns->count + 1, sizeof *names, err);
    if (!names) return false;
    columns->names = names;
    names[columns->count] = mem_copy_text(name, size, err);
    if (!names[columns->count]) return false;
    columns->count++;
    return true;
}

bool columns_add_list(Columns *columns, const char *names, Error *err) {
    for (const char *at = names;;) {
        size_t size = strcspn(at, ",");
        if (!columns_add(columns, at, size, err)) return false;
        if (!at[size]) return true;
        at += size + 1;
    }
}

static bool equals(const char *name, const char *bytes, size_t size) {
    return strlen(name) == size && memcmp(name, bytes, size) == 0;
}

/* A number given as a column is a place, and no reason to take a first row with that number for a header. */
static bool is_named(const char *given, const char *name, size_t size) {
    return given && given[strspn(given, "0123456789")] && equals(given, name, size);
}

bool column_name_is_known(const char *name, size_t size, const DataOptions *options) {
    trim(&name, &size);
    if (is_named(options->text_column, name, size) || is_named(options->label_column, name, size) ||
        is_named(options->slice_column, name, size))
        return true;
    for (const char *const *known = text_names; *known; known++)
        if (strlen(*known) == size && strncasecmp(*known, name, size) == 0) return true;
    for (const char *const *known = label_names; *known; known++)
        if (strlen(*known) == size && strncasecmp(*known, name, size) == 0) return true;
    return false;
}

/* "id, body, stars", cut when there are many. */
static void list_names(char *out, size_t room, const Columns *columns) {
    Buffer list = {0};
    for (int i = 0; i < columns->count; i++) {
        if (list.size > 300) {
            buffer_printf(&list, " and %d more", columns->count - i);
            break;
        }
        buffer_printf(&list, "%s%s", i ? ", " : "", columns->names[i][0] ? columns->names[i] : "''");
    }
    (void)snprintf(out, room, "%s", list.data ? list.data : "nothing");
    buffer_free(&list);
}

static int find_given(const Columns *columns, const char *name) {
    for (int i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0) return i;
    return -1;
}

static int find_usual(const Columns *columns, const char *const *usual, int taken) {
    for (; *usual; usual++)
        for (int i = 0; i < columns->count; i++)
            if (i != taken && strcasecmp(columns->names[i], *usual) == 0) return i;
    return -1;
}

static bool choose_given(const Columns *columns, int *column, const char *name, const char *path, Error *err) {
    if (!name) return true;
    char found[512];
    *column = find_given(columns, name);
    if (*column >= 0) return true;
    list_names(found, sizeof found, columns);
    return FAIL(err, ERROR_DATA, "%s: no column '%s': found %s%s", path, name, found,
                columns->named ? "" : " (there are no names in the first line; --header if it holds them)");
}

static bool fail_missing(const Columns *columns, const char *what, const char *path, Error *err) {
    char found[512];
    list_names(found, sizeof found, columns);
    if (columns->count == 1)
        return FAIL(
            err, ERROR_DATA,
            "%s: one column%s%s, expected text and label (--sep names the separator; --input_format text_label reads text;label)",
            path, columns->named ? ": " : "", columns->named ? found : "");
    if (columns->named)
        return FAIL(err, ERROR_DATA, "%s: no %s column: found %s; name one with --%s_column", path, what, found, what);
    return FAIL(err, ERROR_DATA,
                "%s: no %s column: found %d columns without names; --header if the first line names them, or --names a,b,…", path,
                what, columns->count);
}

bool columns_choose(Columns *columns, const DataOptions *options, LabelNeed need, int guess, const char *path, Error *err) {
    int text = -1, label = -1;
    columns->slice = -1;
    if (need != LABEL_IGNORED && !choose_given(columns, &columns->slice, options->slice_column, path, err)) return false;
    if (!choose_given(columns, &text, options->text_column, path, err)) return false;
    if (need != LABEL_IGNORED && !choose_given(columns, &label, options->label_column, path, err)) return false;
    if (label < 0 && need != LABEL_IGNORED) label = find_usual(columns, label_names, text);
    if (text < 0) text = find_usual(columns, text_names, label);
    if (columns->count == 2 && !columns->named && text < 0 && label < 0) label = guess;
    if (columns->count == 2 && text < 0 && label >= 0) text = 1 - label;
    if (columns->count == 2 && label < 0 && text >= 0 && need == LABEL_REQUIRED) label = 1 - text;
    if (columns->count == 1 && need != LABEL_REQUIRED) {
        text = 0;
        label = -1;
    }
    if (text < 0) return fail_missing(columns, "text", path, err);
    if (label < 0 && need == LABEL_REQUIRED) return fail_missing(columns, "label", path, err);
    if (text == label)
        return FAIL(err, ERROR_USAGE, "%s: column '%s' cannot be text and label at once", path, columns->names[text]);
    columns->text = text;
    columns->label = need == LABEL_IGNORED ? -1 : label;
    return true;
}
