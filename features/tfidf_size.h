/* How large a bag of words will be, told before it is made: in one pass over the texts and a few hundred KB. */
#ifndef TWOFOLD_FEATURES_TFIDF_SIZE_H
#define TWOFOLD_FEATURES_TFIDF_SIZE_H

#include "features/tfidf.h"

typedef struct TfidfSize {
    double terms;      /* different ones, within about 2 % */
    double kept;       /* of them, within min_df, max_df and max_features */
    double term_bytes; /* of the text of one, on average */
    double entries;    /* values of these rows, when all terms are kept */
} TfidfSize;

/* The same for any number of threads. */
MUST_CHECK bool tfidf_size(TfidfSize *size, const TextView *texts, const TfidfOptions *options, Pool *pool, Error *err);

/* The most that tfidf_fit takes while it runs, what the fitted vocabulary keeps, and an entry of SparseFeatures; bytes. */
double tfidf_fit_bytes(const TfidfSize *size);
double tfidf_kept_bytes(const TfidfSize *size);
enum { TFIDF_ENTRY_BYTES = sizeof(int32_t) + sizeof(double) };

#endif
