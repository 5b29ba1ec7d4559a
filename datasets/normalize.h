/* Texts as a reader who does not look closely sees them: two whose normalised forms are equal differ in case, Unicode form, spaces or
 * punctuation alone. */
#ifndef TWOFOLD_DATASETS_NORMALIZE_H
#define TWOFOLD_DATASETS_NORMALIZE_H

#include "common/parallel.h"
#include "datasets/dataset.h"

/* Appends the normalised form: NFKC_Casefold; apostrophes (U+0027, U+2018, U+2019, U+02BC) are left out; other punctuation (categories P*),
 * separators (Z*) and control characters (Cc) become spaces; words stand one space apart, with none at the ends. A text of punctuation
 * alone gives "". `scratch` may hold anything. */
void text_normalize(Buffer *out, Buffer *scratch, const char *text, size_t size);

/* The different normalised forms of a set's rows, in the order of their first rows: what near duplicates are looked for among. A text
 * whose form is "" stands for its bytes. */
typedef struct NormalTexts {
    int count;
    int32_t *of_row;    /* (rows): number of the row's form */
    int32_t *first_row; /* (count) */
    Buffer *chunks;     /* forms of (1 << NORMAL_CHUNK) rows each, end to end */
    int chunk_count;
    int64_t *starts; /* (rows + 1 for each chunk): where the form of a row begins in its chunk */
} NormalTexts;

/* `first` is split_group_texts's. Only rows in a split take part; the others' of_row is -1. Release with normal_texts_free, also after a
 * failure. The same for any number of threads. */
MUST_CHECK bool normal_texts_make(NormalTexts *texts, const Dataset *dataset, const int32_t *first, Pool *pool, Error *err);
void normal_texts_free(NormalTexts *texts);

/* A form's bytes, borrowed. */
const char *normal_text(const NormalTexts *texts, int form, size_t *size);

#endif
