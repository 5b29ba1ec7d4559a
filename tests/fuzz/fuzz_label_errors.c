/* label_errors.json: what an earlier run suspected among three rows of two classes, of which one is in no split. The first byte says whether any key will do. What
 * is found is written as what is found again. */
#include "compare/label_audit.h"
#include "tests/fuzz/fuzz.h"

enum { ROWS = 3, CLASSES = 2 };
static const char KEY[] = "k";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int32_t form[ROWS] = {0, 1, -1};
    Dataset dataset = {.rows = ROWS, .classes = CLASSES};
    Audit audit = {.form = form, .suspect_count = -1}, again = audit;
    Bytes input = {data, size};
    const char *key = fuzz_byte(&input) & 1 ? NULL : KEY;
    Error err = {0};
    bool found = true;
    if (!label_audit_load(&audit, &dataset, key, fuzz_put("label_errors.json", input), &found, &err)) fuzz_check_error(&err);
    FUZZ_CHECK(!err.kind || !found);
    FUZZ_CHECK(found ? audit.suspects && audit.suspect_count >= 0 : !audit.suspects && audit.suspect_count == -1);
    for (int i = 0; i < audit.suspect_count; i++) {
        const AuditSuspect *suspect = &audit.suspects[i];
        FUZZ_CHECK(suspect->row >= 0 && suspect->row < ROWS && form[suspect->row] >= 0);
        FUZZ_CHECK(suspect->suggested >= 0 && suspect->suggested < CLASSES && suspect->score >= 0 && suspect->score <= 1);
    }
    if (!found) return 0;
    FUZZ_CHECK(label_audit_save(&audit, KEY, fuzz_path("again.json"), &err));
    FUZZ_CHECK(label_audit_load(&again, &dataset, KEY, fuzz_path("again.json"), &found, &err) && found);
    FUZZ_CHECK(again.suspect_count == audit.suspect_count);
    for (int i = 0; i < audit.suspect_count; i++)
        FUZZ_CHECK(audit.suspects[i].row == again.suspects[i].row && audit.suspects[i].suggested == again.suspects[i].suggested &&
                   audit.suspects[i].score == again.suspects[i].score);
    mem_free(audit.suspects);
    mem_free(again.suspects);
    return 0;
}
