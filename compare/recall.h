/* What finished runs left beside their entries, for a report: of one run all of it; of several what one of them has, or all that have it have in the same
 * form, so that nothing of one run is said of another. */
#ifndef TWOFOLD_COMPARE_RECALL_H
#define TWOFOLD_COMPARE_RECALL_H

#include "compare/compare.h"

/* An encoder as the "model" of a compare.json says it was; folder NULL: none. Texts are the JSON's. */
void recall_model_facts(ComparisonModel *model, const Json *json);
/* The encoder, its token lengths and the number type. */
MUST_CHECK bool recall_model(Comparison *out, const CompareInput *input, Error *err);
MUST_CHECK bool recall_tuning(Comparison *out, const CompareInput *input, Error *err);
MUST_CHECK bool recall_curve(Comparison *out, const CompareInput *input, Error *err);
MUST_CHECK bool recall_labels(Comparison *out, const CompareInput *input, Error *err);
MUST_CHECK bool recall_maps(Comparison *out, const CompareInput *input, Error *err);

#endif
