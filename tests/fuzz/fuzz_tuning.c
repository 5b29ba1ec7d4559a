/* tune.json: a plan, perhaps another user's (--tune_plan), with what came of it. What loads is written as what loads the same. */
#include <math.h>

#include "compare/tuning.h"
#include "tests/fuzz/fuzz.h"

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void check_same(const Tuning *a, const Tuning *b) {
    FUZZ_CHECK(a->count == b->count && a->C_count == b->C_count && a->validation_rows == b->validation_rows);
    FUZZ_CHECK(same_number(a->budget_s, b->budget_s) && same_number(a->step_s, b->step_s));
    FUZZ_CHECK(strcmp(a->key.text, b->key.text) == 0);
    for (int i = 0; i < a->count; i++) {
        const TuningTrial *one = &a->trials[i], *other = &b->trials[i];
        FUZZ_CHECK(strcmp(one->name, other->name) == 0 && one->kind == other->kind && one->entry == other->entry);
        FUZZ_CHECK(one->round == other->round && one->rank == other->rank && one->rows == other->rows && one->done == other->done);
        FUZZ_CHECK(one->ngram_max == other->ngram_max && one->steps == other->steps && one->layer == other->layer);
        FUZZ_CHECK(same_number(one->accuracy, other->accuracy) && same_number(one->loss, other->loss));
        FUZZ_CHECK(one->C_tried == other->C_tried);
        for (int k = 0; one->C_tried && k < a->C_count; k++) FUZZ_CHECK(one->C_accuracy[k] == other->C_accuracy[k]);
    }
}

/* No round asks for more than the one before has, so that every choice is made on what is there. */
static void check_choices(const Tuning *tuning) {
    Buffer said = {0};
    for (int i = 0; i < tuning->count; i++) {
        const TuningTrial *trial = &tuning->trials[i];
        FUZZ_CHECK(trial->entry >= 0 && trial->entry < tuning->count && trial->rows > 0);
        tuning_describe(&said, trial);
        int done = 0;
        for (int t = 0; t < i; t++)
            done += tuning->trials[t].done && tuning->trials[t].entry == trial->entry && tuning->trials[t].round == trial->round - 1;
        const TuningTrial *taken = trial->round ? tuning_best(tuning, trial->entry, trial->round - 1, trial->rank) : NULL;
        FUZZ_CHECK(!trial->round || (taken != NULL) == (trial->rank < done));
        (void)tuning_chosen(tuning, trial->entry);
    }
    FUZZ_CHECK(said.data && strlen(said.data) == said.size);
    buffer_free(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const EntrySpec SPECS[] = {{.name = "tfidf-logreg", .kind = ENTRY_WORDS, .tuned = true},
                                      {.name = "mean-logreg", .kind = ENTRY_FROZEN, .tuned = true},
                                      {.name = "finetune", .kind = ENTRY_FINETUNE, .tuned = true}};
    static Tuning tuning, again;
    Error err = {0};
    if (!tuning_load(&tuning, fuzz_put("tune.json", (Bytes){data, size}), &err)) {
        fuzz_check_error(&err);
        return 0;
    }
    check_choices(&tuning);
    for (int count = 1; count <= 3; count++) (void)tuning_fits(&tuning, SPECS, count);
    FUZZ_CHECK(tuning_save(&tuning, fuzz_path("again.json"), &err));
    if (!tuning_load(&again, fuzz_path("again.json"), &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    check_same(&tuning, &again);
    tuning_take_results(&again, &tuning);
    return 0;
}
