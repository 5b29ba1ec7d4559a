/* What an earlier run left of an entry: entry.json, then answers.safetensors, for two validation and two test rows of two classes. The
 * first byte chooses path B, whose curves stand there too. What is found answers every row. */
#include <math.h>

#include "compare/entry.h"
#include "tests/fuzz/fuzz.h"

static const char KEY[] = "{\"data\": \"d\", \"options\": {\"C\": 1}}";

static void result_free(EntryResult *entry) {
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&entry->predictions[split]);
    finetune_result_free(&entry->training);
}

static void check_answers(const EntryResult *entry) {
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        const Predictions *answers = &entry->predictions[split];
        FUZZ_CHECK(answers->rows == 2 && answers->classes == 2);
        FUZZ_CHECK(predictions_check(answers, NULL));
    }
    FUZZ_CHECK(entry->training.steps >= 0 && entry->training.evaluation_count >= 0);
    double sum = 0;
    for (int64_t i = 0; i < entry->training.steps; i++) sum += entry->training.history[i].loss;
    for (int i = 0; i < entry->training.evaluation_count; i++) sum += entry->training.evaluations[i].loss;
    FUZZ_CHECK(isnan(sum) || !isnan(sum)); /* all was read */
}

/* What was found is recorded as what is found again. */
static void check_recorded(const EntryResult *entry, const Dataset *dataset) {
    Path folder;
    Error err = {0};
    Buffer changed = {0};
    bool found = false;
    EntryResult again = {.name = entry->name, .kind = entry->kind};
    FUZZ_CHECK(path_make(&folder, &err, "%s", fuzz_path("recorded")) && folder_make(folder.text, &err));
    FUZZ_CHECK(entry_record_save(entry, KEY, folder.text, &err) && entry_record_fits(KEY, folder.text));
    FUZZ_CHECK(entry_record_load(&again, dataset, KEY, folder.text, &found, &changed, &err) && found);
    check_answers(&again);
    FUZZ_CHECK(memcmp(again.predictions[SPLIT_TEST].predicted, entry->predictions[SPLIT_TEST].predicted, 2 * sizeof(int32_t)) == 0);
    FUZZ_CHECK(again.training.steps == entry->training.steps);
    result_free(&again);
    buffer_free(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int validation[] = {0, 1}, test[] = {2, 3};
    int32_t labels[] = {0, 1, 1, 0};
    Dataset dataset = {.rows = 4,
                       .classes = 2,
                       .labels = labels,
                       .splits = {[SPLIT_VALIDATION] = {validation, 2}, [SPLIT_TEST] = {test, 2}}};
    Bytes input = {data, size};
    EntryResult entry = {.name = "other", .kind = fuzz_byte(&input) & 1 ? ENTRY_FINETUNE : ENTRY_WORDS};
    (void)fuzz_put("entry.json", fuzz_part(&input));
    (void)fuzz_put("answers.safetensors", input);
    Buffer changed = {0};
    Error err = {0};
    bool found = false;
    (void)entry_record_fits(KEY, fuzz_folder());
    if (!entry_record_load(&entry, &dataset, KEY, fuzz_folder(), &found, &changed, &err)) fuzz_check_error(&err);
    FUZZ_CHECK(found || changed.size || err.kind);
    if (found) {
        check_answers(&entry);
        check_recorded(&entry, &dataset);
    }
    result_free(&entry);
    buffer_free(&changed);
    return 0;
}
