/* The fitted vocabulary, shared by the files of tfidf and nobody else. */
#ifndef TWOFOLD_FEATURES_TFIDF_TABLE_H
#define TWOFOLD_FEATURES_TFIDF_TABLE_H

#include "features/tfidf.h"
#include "features/words.h"

struct Tfidf {
    TfidfOptions options;
    int rows;         /* N, that it was fitted on */
    int terms;        /* V */
    char *text;       /* all terms, end to end, in order */
    int64_t *starts;  /* (V + 1) */
    int32_t *df;      /* (V) */
    double *idf;      /* (V) */
    uint64_t *hashes; /* (V) */
    uint32_t *slots;  /* open addressing, a power of two of them: term + 1, or 0 */
    size_t mask;
};

/* Room for the vocabulary; text of `text_size` bytes. */
MUST_CHECK Tfidf *tfidf_make(const TfidfOptions *options, int rows, int terms, size_t text_size, Error *err);
/* Once text, starts and df are there: idf, hashes and slots. */
void tfidf_index(Tfidf *tfidf);

static inline const char *text_view_row(const TextView *texts, int i, size_t *size) {
    int row = texts->rows ? texts->rows[i] : i;
    *size = (size_t)(texts->starts[row + 1] - texts->starts[row]);
    return texts->data + texts->starts[row];
}

#endif
