/* The fitted vocabulary, shared by the files of tfidf and nobody else. */
#ifndef TWOFOLD_FEATURES_TFIDF_TABLE_H
#define TWOFOLD_FEATURES_TFIDF_TABLE_H

#include "features/tfidf.h"
#include "features/words.h"

/* A place of a hash table of terms, open addressing. */
typedef struct TermSlot {
    uint32_t next; /* term + 1, or 0 */
    uint32_t tag;  /* of its hash: most other terms need no look at their text */
} TermSlot;

static inline uint32_t term_tag(uint64_t hash) { return (uint32_t)(hash >> 32); }

/* Enters a term that is not there; mask + 1 slots, some of them free. */
static inline void term_slot_put(TermSlot *slots, size_t mask, uint64_t hash, int term) {
    size_t slot = (size_t)hash & mask;
    while (slots[slot].next) slot = (slot + 1) & mask;
    slots[slot] = (TermSlot){(uint32_t)term + 1, term_tag(hash)};
}

struct Tfidf {
    TfidfOptions options;
    int rows;        /* N, that it was fitted on */
    int terms;       /* V */
    char *text;      /* all terms, end to end, in order */
    int64_t *starts; /* (V + 1) */
    int32_t *df;     /* (V) */
    double *idf;     /* (V) */
    TermSlot *slots; /* (mask + 1), a power of two */
    size_t mask;
};

/* Room for the vocabulary; text of `text_size` bytes. */
MUST_CHECK Tfidf *tfidf_make(const TfidfOptions *options, int rows, int terms, size_t text_size, Error *err);
/* Once text, starts and df are there: idf and slots. */
MUST_CHECK bool tfidf_index(Tfidf *tfidf, Pool *pool, Error *err);

static inline const char *text_view_row(const TextView *texts, int i, size_t *size) {
    int row = texts->rows ? texts->rows[i] : i;
    *size = (size_t)(texts->starts[row + 1] - texts->starts[row]);
    return texts->data + texts->starts[row];
}

#endif
