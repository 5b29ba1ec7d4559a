/* Which columns hold text and label: as the user says, else by the names that published data sets use. */
#ifndef TWOFOLD_DATASETS_COLUMNS_H
#define TWOFOLD_DATASETS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/memory.h"
#include "datasets/options.h"

typedef struct Columns {
    char **names; /* (count) */
    size_t capacity;
    int count;
    bool named;      /* by a header, --names or keys; else the names are the numbers 1, 2, … */
    int text, label; /* label: -1 when there is none */
    int slice;       /* of --slice_column; -1 when it was not asked for */
} Columns;

void columns_free(Columns *columns); /* takes a zeroed one */

/* Appends a name, without the spaces around it. */
MUST_CHECK bool columns_add(Columns *columns, const char *name, size_t size, Error *err);
/* Appends the names of a list "text,label". */
MUST_CHECK bool columns_add_list(Columns *columns, const char *names, Error *err);

/* Is it a name that a text or label column usually has, or the one that the user named? A first line that holds one is a
 * header. */
bool column_name_is_known(const char *name, size_t size, const DataOptions *options);

typedef enum LabelNeed { LABEL_REQUIRED, LABEL_OPTIONAL, LABEL_IGNORED } LabelNeed;

/* Sets text, label and slice. `guess` is the label column of two without names. `path` begins the sentence; those found are listed. */
MUST_CHECK bool columns_choose(Columns *columns, const DataOptions *options, LabelNeed need, int guess, const char *path,
                               Error *err);

#endif
