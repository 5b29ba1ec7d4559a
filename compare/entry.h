/* An entry of a comparison: what it is asked to be, and the record of what became of it in an earlier run of the same folder. */
#ifndef TWOFOLD_COMPARE_ENTRY_H
#define TWOFOLD_COMPARE_ENTRY_H

#include "compare/comparison.h"
#include "compare/linear_entry.h"
#include "finetune/options.h"

typedef struct EntrySpec {
    const char *name;
    EntryKind kind;
    EntrySource source;
    bool tuned;       /* its settings are to be chosen (compare/tuning.h) */
    const char *path; /* of an entry that is not trained here (compare/outside_entry.h) */
    Sha256Hex sha256; /* of what stands there */
    LinearOptions linear;     /* of the first three kinds */
    FinetuneOptions finetune; /* of ENTRY_FINETUNE */
    int seeds;                /* runs of an ENTRY_FINETUNE, with finetune.seed and those that follow; 0 and 1: just the one */
} EntrySpec;

/* The five that `compare` runs by default, in this order: dummy, tfidf-logreg, cls-logreg, mean-logreg, finetune. A copy of `common` with what makes the
 * entry what it is put in: so flags that were given reach every entry they mean something to. ERROR_USAGE for another name, with those there are. */
enum { ENTRY_PRESETS = 5 };
extern const char *const ENTRY_PRESET_NAMES[ENTRY_PRESETS];
MUST_CHECK bool entry_preset(EntrySpec *spec, const char *name, const EntrySpec *common, bool C_given, Error *err);

/* What an entry's result depends on, beside its own options; all but the data only where it has an encoder. */
typedef struct EntryContext {
    Sha256Hex data, model, tokenizer;
    int max_length;
    Dtype dtype;
} EntryContext;

/* One JSON object (indented): the same exactly when a run would give the same result. */
void entry_key(Buffer *out, const EntrySpec *spec, const EntryContext *context);
bool entry_has_encoder(const EntrySpec *spec);
/* By the words of entry_kind_name and entry_source_name. */
bool entry_kind_find(const char *name, EntryKind *kind);
bool entry_source_find(const char *name, EntrySource *source);
/* "C 1, was 10; learning_rate …": in what two keys differ that are not the same. */
void entry_key_difference(Buffer *out, const char *key, const char *recorded);

/* entry.json and answers.safetensors in the entry's folder. Saved last, so that a record means a finished entry. */
MUST_CHECK bool entry_record_save(const EntryResult *entry, const char *key, const char *folder, Error *err);
/* The key of the record in a folder, whatever it is; "" when there is none, or a damaged one. */
MUST_CHECK bool entry_record_key(Buffer *out, const char *folder, Error *err);
/* Whether there is a record with that very key. Its answers may still turn out damaged. */
bool entry_record_fits(const char *key, const char *folder);
/* *found: a record with that very key was read into the (zeroed but for name and kind) result. Without one, `changed` says what differs, or "" when there is
 * none. A damaged record counts as none; one that cannot be read, or not for want of memory, is an error. */
MUST_CHECK bool entry_record_load(EntryResult *entry, const Dataset *dataset, const char *key, const char *folder, bool *found,
                                  Buffer *changed, Error *err);

#endif
