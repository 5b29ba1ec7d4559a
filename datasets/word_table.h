/* Numbers for words, in the order in which they first come. */
#ifndef TWOFOLD_DATASETS_WORD_TABLE_H
#define TWOFOLD_DATASETS_WORD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef struct WordSlot {
    int32_t word; /* + 1; 0 is free */
    uint32_t tag; /* more bits of the hash */
} WordSlot;

/* Start from {0}. Words are borrowed: their bytes must stay where they are as long as the table is used. */
typedef struct WordTable {
    WordSlot *slots;
    size_t slot_count;
    const char **at; /* (count), not NUL-terminated */
    size_t *sizes;   /* (count) */
    size_t at_capacity, sizes_capacity;
    int count;
} WordTable;

/* The number of a word, new or known. */
MUST_CHECK bool word_table_number(WordTable *table, const char *word, size_t size, int32_t *number, Error *err);
void word_table_free(WordTable *table);

#endif
