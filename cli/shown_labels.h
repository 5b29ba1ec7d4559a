/* Labels as a terminal may show them: they are anybody's text. Files have them as they are. */
#ifndef TWOFOLD_CLI_SHOWN_LABELS_H
#define TWOFOLD_CLI_SHOWN_LABELS_H

#include "common/memory.h"

typedef struct ShownLabels {
    char **labels; /* (count) */
    Buffer text;   /* what they point into */
} ShownLabels;

/* Release with shown_labels_free, also after a failure. */
MUST_CHECK bool shown_labels_make(ShownLabels *shown, char *const *labels, int count, Error *err);
void shown_labels_free(ShownLabels *shown);

#endif
