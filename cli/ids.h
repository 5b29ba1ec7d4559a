/* Lines for tokenize --decode: ids as numbers between spaces, commas and brackets, or as tokenize --json wrote them. */
#ifndef TWOFOLD_CLI_IDS_H
#define TWOFOLD_CLI_IDS_H

#include "common/memory.h"

typedef struct IdList {
    int32_t *items;
    size_t count, capacity;
    int known; /* ids there are, 0 and up */
} IdList;

/* In place of what it held. ERROR_DATA for what is no id below `known`. */
MUST_CHECK bool ids_read(IdList *ids, const char *text, size_t size, int known, Error *err);
void ids_free(IdList *ids);

#endif
