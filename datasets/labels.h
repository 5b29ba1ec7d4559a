/* From the labels that rows carry to class ids and class names. */
#ifndef TWOFOLD_DATASETS_LABELS_H
#define TWOFOLD_DATASETS_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"
#include "datasets/options.h"

enum { MOST_CLASSES = 1 << 16 }; /* a column with more different values is no label */

/* The different labels in order of first appearance. Start from {0}. */
typedef struct LabelTable {
    Buffer bytes;    /* each label followed by a NUL */
    size_t *starts;  /* (count) into bytes */
    int *first_rows; /* (count) */
    int32_t *slots;  /* open addressing: number of a label + 1, or 0 */
    size_t starts_capacity, rows_capacity, slot_count;
    int count;
} LabelTable;

void label_table_free(LabelTable *table);
const char *label_table_name(const LabelTable *table, int label);
int label_table_find(const LabelTable *table, const char *name); /* -1 when it is not there */

/* The number of a label, new or known, into *label; `row` is remembered where it is new. The label holds no NUL. */
MUST_CHECK bool label_table_add(LabelTable *table, const char *name, size_t size, int row, int32_t *label, Error *err);

/* Names the classes and gives class_of[label] for each label of the table, -1 for one that may not be.
 *
 * Without --label_names the classes are the labels, sorted by number when all are integers, else by bytes. With them (or the
 * classes of a model) their order stands: a label is found by its name; and where all labels are integers that are no names,
 * they are named in order when there are as many as names, else counted from 0. The names are malloc'ed. */
MUST_CHECK bool labels_resolve(const LabelTable *table, const DataOptions *options, char ***names, int *classes,
                               int32_t *class_of, Error *err);

#endif
