#include "cli/ids.h"

#include <string.h>

#include "common/json.h"

static bool add_id(IdList *ids, double number, Error *err) {
    if (!(number >= 0 && number < ids->known) || number != (double)(int32_t)number)
        return FAIL(err, ERROR_DATA, "%.0f is no id of this model, which has 0 to %d", number,
                    ids->known - 1);
    int32_t *grown = mem_grow(ids->items, &ids->capacity, ids->count + 1, sizeof *grown, err);
    if (!grown) return false;
    ids->items = grown;
    ids->items[ids->count++] = (int32_t)number;
    return true;
}

/* Numbers between spaces and commas. */
static bool read_numbers(IdList *ids, const char *text, size_t size, Error *err) {
    for (size_t at = 0; at < size;) {
        if (strchr(" ,\t[]", text[at]) && text[at]) {
            at++;
            continue;
        }
        double number = 0;
        size_t start = at;
        for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) number = number * 10 + (text[at] - '0');
        if (at == start || (at < size && !strchr(" ,\t[]", text[at])))
            return FAIL(err, ERROR_DATA, "'%.*s' holds no ids, expected numbers like 101 7592 102", (int)(size < 80 ? size : 80),
                        text);
        if (!add_id(ids, number, err)) return false;
    }
    return true;
}

/* The "ids" of a line that --json wrote. */
static bool read_json(IdList *ids, const char *text, size_t size, Error *err) {
    Json *line = json_parse(text, size, "a line of ids", ERROR_DATA, err);
    const Json *array = json_get(line, "ids");
    bool ok = line && (json_is_array(array) || FAIL(err, ERROR_DATA, "a line of ids: expected an array \"ids\""));
    for (const Json *id = ok ? json_first(array) : NULL; id && ok; id = json_next(id))
        ok = add_id(ids, json_number_or(id, -1), err);
    json_free(line);
    return ok;
}

bool ids_read(IdList *ids, const char *text, size_t size, int known, Error *err) {
    ids->count = 0;
    ids->known = known;
    return size && text[0] == '{' ? read_json(ids, text, size, err) : read_numbers(ids, text, size, err);
}

void ids_free(IdList *ids) {
    mem_free(ids->items);
    *ids = (IdList){0};
}
