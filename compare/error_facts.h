/* Where entries go wrong: their accuracy on parts of the test rows, by length and by a column of the data, and the words that mark their
 * mistakes. Made once from the predictions; told by report and compare.json. */
#ifndef TWOFOLD_COMPARE_ERROR_FACTS_H
#define TWOFOLD_COMPARE_ERROR_FACTS_H

#include "common/json.h"
#include "compare/comparison.h"

/* Test rows cut into parts. */
typedef struct Slices {
    char *what;     /* "tokens", "words", or the name of the column; NULL: there are none */
    int count;
    char **names;   /* (count) "12 to 17", "mobile" */
    int *rows;      /* (count) */
    int64_t *right; /* (count, entries): rows answered rightly; 0 for a failed entry */
    int left_out;   /* values of the column beyond MOST_SLICES, with the fewest rows: their rows are the last part, "(others)" */
} Slices;

enum { LENGTH_SLICES = 5, MOST_SLICES = 200, MOST_MARKS = 20, MARK_LEAST = 3 };

/* A word that stands in more of the wrongly answered texts than in the others. */
typedef struct MarkedWord {
    char *word;       /* normalised (datasets/normalize.h) */
    int wrong, right; /* test texts with it, answered wrongly and rightly */
    double z;         /* log_odds_z, counting a word once a text; at least 1.96 */
} MarkedWord;

typedef struct ErrorFacts {
    int entries; /* of the comparison when they were made */
    Slices by_length; /* parts of about as many rows each */
    Slices by_column;
    MarkedWord *marks;  /* (entries, MOST_MARKS): highest z first */
    int *mark_counts;   /* (entries) */
} ErrorFacts;

/* Into comparison->errors, which comparison_free releases. */
MUST_CHECK bool error_facts_make(Comparison *comparison, Error *err);
void error_facts_free(ErrorFacts *facts); /* takes NULL */

/* The value of compare.json's "errors"; null when they were not made. */
void error_facts_write_json(JsonWriter *json, const Comparison *comparison);

#endif
