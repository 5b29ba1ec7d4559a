/* learning_curve.json of two entries, as its own command reads it and as report does, where the first is called otherwise. What loads is written as what
 * loads the same, and a law is fitted to it and put into words. */
#include <math.h>

#include "compare/curve.h"
#include "tests/fuzz/fuzz.h"

enum { ENTRIES = 2 };

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void check_points(const LearningCurve *curve) {
    FUZZ_CHECK(curve->share_count <= CURVE_SHARES_MOST && curve->count <= CURVE_ENTRIES_MOST);
    for (int i = 0; i < curve->count; i++) {
        FUZZ_CHECK(curve->entries[i].entry >= 0 && curve->entries[i].entry < ENTRIES);
        for (int s = 0; s < curve->share_count; s++) {
            const CurvePoint *point = &curve->entries[i].points[s];
            FUZZ_CHECK(!point->done || (point->rows > 0 && point->right >= 0 && point->asked > 0 && point->right <= point->asked));
        }
    }
}

static void check_same(const LearningCurve *a, const LearningCurve *b) {
    FUZZ_CHECK(a->share_count == b->share_count && a->count == b->count);
    FUZZ_CHECK(memcmp(a->shares, b->shares, (size_t)a->share_count * sizeof *a->shares) == 0);
    for (int i = 0; i < a->count; i++) {
        FUZZ_CHECK(a->entries[i].entry == b->entries[i].entry);
        for (int s = 0; s < a->share_count; s++) {
            const CurvePoint *one = &a->entries[i].points[s], *other = &b->entries[i].points[s];
            FUZZ_CHECK(one->done == other->done && one->rows == other->rows && one->right == other->right && one->asked == other->asked);
            FUZZ_CHECK(!one->done || same_number(one->validation_accuracy, other->validation_accuracy));
            FUZZ_CHECK(same_number(one->seconds, other->seconds));
        }
    }
}

/* The laws take a thousand draws each: not for every input. */
static void check_judged(LearningCurve *curve, const Comparison *comparison) {
    Buffer said = {0};
    Error err = {0};
    if (curve->share_count && !curve_judge(curve, comparison, &err)) fuzz_check_error(&err);
    for (int i = 0; i < curve->count; i++) curve_say_entry(&said, curve, i, comparison);
    (void)curve_say_too_few(&said, curve);
    curve_say_crossing(&said, curve, comparison);
    FUZZ_CHECK(!said.size || strlen(said.data) == said.size);
    buffer_free(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static EntryResult entries[ENTRIES] = {{.name = "mean-logreg", .kind = ENTRY_FROZEN}, {.name = "finetune", .kind = ENTRY_FINETUNE}};
    static const char *const elsewhere[ENTRIES] = {"other", NULL};
    Comparison comparison = {.entries = entries, .entry_count = ENTRIES, .data_sha256 = {"d"}};
    static LearningCurve curve, again;
    Bytes input = {data, size};
    unsigned how = fuzz_byte(&input);
    Error err = {0};
    (void)fuzz_put("learning_curve.json", input);
    if (!curve_load(&curve, &comparison, how & 1 ? elsewhere : NULL, fuzz_path("learning_curve.json"), &err)) {
        fuzz_check_error(&err);
        return 0;
    }
    check_points(&curve);
    if (how & 2) check_judged(&curve, &comparison);
    FUZZ_CHECK(curve_save(&curve, &comparison, fuzz_path("again.json"), &err));
    if (!curve_load(&again, &comparison, NULL, fuzz_path("again.json"), &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    check_same(&curve, &again);
    return 0;
}
