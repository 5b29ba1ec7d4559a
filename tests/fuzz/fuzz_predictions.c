/* Another system's answers in CSV, for two validation and two test rows of three classes. What is read answers every test row. */
#include "compare/answers_file.h"
#include "tests/fuzz/fuzz.h"

enum { ROWS = 6, CLASSES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *classes[CLASSES] = {(char[]){"joy"}, (char[]){"a,b"}, (char[]){"sad"}}, *files[] = {(char[]){"rows.csv"}};
    int train[] = {0, 1}, validation[] = {2, 3}, test[] = {4, 5};
    int32_t labels[ROWS] = {0, 1, 2, 0, 1, 2}, file[ROWS] = {0};
    int64_t lines[ROWS] = {2, 3, 4, 5, 6, 7};
    Dataset dataset = {.rows = ROWS,
                       .classes = CLASSES,
                       .files = 1,
                       .labels = labels,
                       .file = file,
                       .line = lines,
                       .class_names = classes,
                       .file_names = files,
                       .splits = {[SPLIT_TRAIN] = {train, 2}, [SPLIT_VALIDATION] = {validation, 2}, [SPLIT_TEST] = {test, 2}}};
    Predictions predictions[SPLIT_COUNT] = {{0}};
    char how[512];
    Error err = {0};
    if (answers_file_read(predictions, how, fuzz_put("answers.csv", (Bytes){data, size}), &dataset, &err)) {
        FUZZ_CHECK(predictions[SPLIT_TEST].rows == 2 && predictions[SPLIT_TEST].classes == CLASSES);
        FUZZ_CHECK(predictions[SPLIT_VALIDATION].rows == 2 || predictions[SPLIT_VALIDATION].rows == 0);
        FUZZ_CHECK(predictions_check(&predictions[SPLIT_TEST], NULL) && predictions_check(&predictions[SPLIT_VALIDATION], NULL));
        FUZZ_CHECK(strlen(how) < sizeof how);
    } else
        fuzz_check_error(&err);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&predictions[split]);
    return 0;
}
