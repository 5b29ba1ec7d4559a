/* Bags of words, weighted: scikit-learn's TfidfVectorizer (1.9), to the same vocabulary and the same values.
 *
 * A text is lower-cased as Python's str.lower does, its words are what (?u)\b\w\w+\b matches, a term is a word or
 * min_n … max_n neighbouring words joined by one space. value = tf · (ln((1 + N) / (1 + df)) + 1), tf the count or, with
 * `sublinear`, 1 + ln(count); each row is then divided by its Euclidean length. N and df count training rows only.
 * The results do not depend on the number of threads. Source: scikit-learn's feature_extraction/text.py. */
#ifndef TWOFOLD_FEATURES_TFIDF_H
#define TWOFOLD_FEATURES_TFIDF_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"
#include "common/parallel.h"
#include "features/features.h"

#pragma GCC visibility push(default)

typedef struct TfidfOptions {
    int min_n, max_n; /* words in a term, 1 ≤ min_n ≤ max_n ≤ TFIDF_MAX_N */
    bool lowercase;
    bool sublinear;
    double min_df;    /* fewest training rows a term stands in: from 1 a number of rows, below 1 a share of them */
    double max_df;    /* most of them: above 1 a number, up to 1 a share */
    int max_features; /* keep the most frequent terms of training only; 0: all */
} TfidfOptions;

enum { TFIDF_MAX_N = 8 };

/* What `compare` trains with (the entry tfidf-logreg); scikit-learn's own defaults are n 1–1 and not sublinear. */
#define TFIDF_DEFAULTS \
    { .min_n = 1, .max_n = 2, .lowercase = true, .sublinear = true, .min_df = 1, .max_df = 1 }

/* Texts, borrowed, as a Dataset has them: text i is data[starts[i] .. starts[i + 1]). `rows` names those meant, in order, or is NULL
 * for 0 … count-1. A byte that is not valid UTF-8 counts as U+FFFD. */
typedef struct TextView {
    const char *data;
    const int64_t *starts;
    const int32_t *rows;
    int count;
} TextView;

typedef struct Tfidf Tfidf;

/* Learns vocabulary and idf. ERROR_DATA when no term is left. */
MUST_CHECK Tfidf *tfidf_fit(const TextView *texts, const TfidfOptions *options, Pool *pool, Error *err);
void tfidf_free(Tfidf *tfidf);

/* The texts as rows of the fitted vocabulary; terms that training never saw are left out. */
MUST_CHECK bool tfidf_transform(const Tfidf *tfidf, const TextView *texts, Pool *pool, SparseFeatures *out, Error *err);

const TfidfOptions *tfidf_options(const Tfidf *tfidf);
int tfidf_terms(const Tfidf *tfidf); /* V */
/* Term i in order of the columns (by code points, as sorted in Python), borrowed, not NUL-terminated. */
const char *tfidf_term(const Tfidf *tfidf, int i, size_t *size);
double tfidf_idf(const Tfidf *tfidf, int i);

/* A data file of a model folder (docs/FORMATS.md, tfidf.txt). A file that is not one, or was cut or changed: ERROR_MODEL. */
MUST_CHECK bool tfidf_save(const Tfidf *tfidf, const char *path, Error *err);
MUST_CHECK Tfidf *tfidf_load(const char *path, Error *err);

#pragma GCC visibility pop
#endif
