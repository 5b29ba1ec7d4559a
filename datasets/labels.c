#include "datasets/labels.h"

#include <stdlib.h>
#include <string.h>

#include "datasets/hash.h"

void label_table_free(LabelTable *table) {
    buffer_free(&table->bytes);
    free(table->starts);
    free(table->first_rows);
    free(table->slots);
    *table = (LabelTable){0};
}

const char *label_table_name(const LabelTable *table, int label) {
    return table->bytes.data + table->starts[label]; // NOLINT(clang-analyzer-core.NullDereference): who has a label has added one
}

/* The slot of the label, or the free one where it belongs. */
static size_t find_slot(const LabelTable *table, const char *name, size_t size) {
    size_t mask = table->slot_count - 1, slot = (size_t)hash_bytes(name, size) & mask;
    for (; table->slots[slot]; slot = (slot + 1) & mask) {
        const char *known = label_table_name(table, table->slots[slot] - 1);
        if (strlen(known) == size && memcmp(known, name, size) == 0) break;
    }
    return slot;
}

int label_table_find(const LabelTable *table, const char *name) {
    return table->slot_count ? table->slots[find_slot(table, name, strlen(name))] - 1 : -1;
}

/* Keeps the table at most half full. */
static bool grow_slots(LabelTable *table, Error *err) {
    if ((size_t)table->count * 2 < table->slot_count) return true;
    size_t slot_count = table->slot_count ? table->slot_count * 2 : 64;
    int32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots) return FAIL(err, ERROR_FAILED, "out of memory for %d labels", table->count);
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (int i = 0; i < table->count; i++) {
        const char *name = label_table_name(table, i);
        slots[find_slot(table, name, strlen(name))] = i + 1;
    }
    return true;
}

bool label_table_add(LabelTable *table, const char *name, size_t size, int row, int32_t *label, Error *err) {
    if (!grow_slots(table, err)) return false;
    size_t slot = find_slot(table, name, size);
    if (table->slots[slot]) {
        *label = table->slots[slot] - 1;
        return true;
    }
    if (table->count == MOST_CLASSES)
        return FAIL(err, ERROR_DATA, "more than %d different labels: is this the label column? (--label_column)", MOST_CLASSES);
    size_t needed = (size_t)table->count + 1;
    size_t *starts = mem_grow(table->starts, &table->starts_capacity, needed, sizeof *starts, err);
    if (!starts) return false;
    table->starts = starts;
    int *rows = mem_grow(table->first_rows, &table->rows_capacity, needed, sizeof *rows, err);
    if (!rows) return false;
    table->first_rows = rows;
    starts[table->count] = table->bytes.size;
    rows[table->count] = row;
    buffer_add(&table->bytes, name, size);
    buffer_add(&table->bytes, "", 1);
    if (!buffer_ok(&table->bytes, err)) return false;
    *label = table->count++;
    table->slots[slot] = table->count;
    return true;
}

/* As Python prints an integer: "0", "-3", "12", of at most 18 digits; "01" and "+1" are texts. */
static bool parse_integer(const char *name, int64_t *value) {
    const char *digits = name + (*name == '-');
    size_t size = strspn(digits, "0123456789");
    if (size == 0 || size > 18 || digits[size] || (*digits == '0' && (size > 1 || *name == '-'))) return false;
    *value = strtoll(name, NULL, 10);
    return true;
}

typedef struct Sorted {
    int64_t number;
    const char *name;
    int label;
} Sorted;

static int by_number(const void *a, const void *b) {
    const Sorted *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int by_name(const void *a, const void *b) {
    const Sorted *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The labels in their own order; *integers: all are. */
static Sorted *sort_labels(const LabelTable *table, bool *integers, Error *err) {
    Sorted *sorted = mem_new((size_t)table->count, sizeof *sorted, err);
    *integers = true;
    for (int i = 0; sorted && i < table->count; i++) {
        sorted[i] = (Sorted){0, label_table_name(table, i), i};
        *integers = parse_integer(sorted[i].name, &sorted[i].number) && *integers;
    }
    if (sorted) qsort(sorted, (size_t)table->count, sizeof *sorted, *integers ? by_number : by_name);
    return sorted;
}

static bool add_given(LabelTable *given, const char *name, size_t size, Error *err) {
    int32_t label;
    int before = given->count;
    if (size == 0) return FAIL(err, ERROR_USAGE, "--label_names: an empty name");
    if (!label_table_add(given, name, size, 0, &label, err)) return false;
    return given->count > before || FAIL(err, ERROR_USAGE, "--label_names: '%.*s' stands twice", (int)size, name);
}

static bool list_given(LabelTable *given, const DataOptions *options, Error *err) {
    for (int i = 0; i < options->class_count; i++)
        if (!add_given(given, options->class_names[i], strlen(options->class_names[i]), err)) return false;
    if (options->class_count || !options->label_names) return true;
    for (const char *at = options->label_names;;) {
        size_t size = strcspn(at, ",");
        if (!add_given(given, at, size, err)) return false;
        if (!at[size]) return true;
        at += size + 1;
    }
}

static void match_given(const LabelTable *given, const Sorted *sorted, int count, bool integers, int32_t *class_of) {
    bool all_named = true;
    for (int i = 0; i < count; i++) {
        class_of[sorted[i].label] = label_table_find(given, sorted[i].name);
        all_named = all_named && class_of[sorted[i].label] >= 0;
    }
    if (all_named || !integers) return;
    for (int i = 0; i < count; i++) {
        int64_t place = count == given->count ? i : sorted[i].number;
        class_of[sorted[i].label] = place >= 0 && place < given->count ? (int32_t)place : -1;
    }
}

static bool copy_names(char ***names, int *classes, const LabelTable *given, const Sorted *sorted, int count, Error *err) {
    int wanted = given->count ? given->count : count;
    *names = calloc((size_t)wanted + 1, sizeof **names);
    if (!*names) return FAIL(err, ERROR_FAILED, "out of memory for %d class names", wanted);
    for (*classes = 0; *classes < wanted; (*classes)++) {
        const char *name = given->count ? label_table_name(given, *classes) : sorted[*classes].name;
        (*names)[*classes] = mem_copy_text(name, strlen(name), err);
        if (!(*names)[*classes]) return false;
    }
    return true;
}

bool labels_resolve(const LabelTable *table, const DataOptions *options, char ***names, int *classes, int32_t *class_of,
                    Error *err) {
    LabelTable given = {0};
    bool integers;
    Sorted *sorted = sort_labels(table, &integers, err);
    bool ok = sorted && list_given(&given, options, err);
    if (ok && given.count)
        match_given(&given, sorted, table->count, integers, class_of);
    else
        for (int i = 0; ok && i < table->count; i++) class_of[sorted[i].label] = i;
    ok = ok && copy_names(names, classes, &given, sorted, table->count, err);
    label_table_free(&given);
    mem_free(sorted);
    return ok;
}
