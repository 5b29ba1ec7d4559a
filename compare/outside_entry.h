/* Entries that this run does not train: another system's answers in a file, and a saved model. They take part like any other: the same rows, the same
 * statistics. What is not known of them (how long their training took, whether it saw these test rows) is null or said. */
#ifndef TWOFOLD_COMPARE_OUTSIDE_ENTRY_H
#define TWOFOLD_COMPARE_OUTSIDE_ENTRY_H

#include "compare/entry.h"

/* Makes the spec: kind from what the model folder holds (ERROR_MODEL when it is none of train's, finetune's or compare's), or ENTRY_OTHER for a file, and
 * the hash of what is read. Name and path are borrowed. */
MUST_CHECK bool outside_entry_answers(EntrySpec *spec, const char *name, const char *path, Error *err);
MUST_CHECK bool outside_entry_model(EntrySpec *spec, const char *name, const char *folder, Error *err);

/* Whether it can take part: what outside_entry_run would say of the file, or of the model's labels. */
MUST_CHECK bool outside_entry_check(const EntrySpec *spec, const Dataset *dataset, Pool *pool, Error *err);

/* What a saved model's products are of: int8 for a folder that `quantize` wrote, where the processor has it, else `dtype`, the run's own. */
Dtype outside_entry_dtype(const EntrySpec *spec, Dtype dtype);

/* Fills predictions, how, and of a saved model the costs of answering (predict_mflop among them, but no share of a rate) and whether it may be part of a
 * cascade. ERROR_MODEL when a model's labels are not the data's. */
MUST_CHECK bool outside_entry_run(EntryResult *result, const EntrySpec *spec, const Dataset *dataset, uint64_t seed, Dtype dtype,
                                  Pool *pool, const Observer *observer, Error *err);

#endif
