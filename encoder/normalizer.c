#include "encoder/normalizer.h"

#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

void normalizer_init(Normalizer *normalizer, NormalizerOptions options) {
    normalizer->options = options;
    for (uint32_t i = 0; i < NORMALIZER_TABLE; i++) normalizer->table[i] = normalizer_compute(normalizer, i);
}

FoldKind normalizer_word_kind(uint32_t code_point) {
    if (unicode_is_space(code_point)) return FOLD_SPACE;
    return unicode_kind(code_point) == UNICODE_PUNCTUATION ? FOLD_ALONE : FOLD_LETTER;
}

/* Cleaning: false when the code point goes. */
static bool clean(const Normalizer *normalizer, uint32_t *code_point) {
    if (!normalizer->options.clean_text) return true;
    UnicodeKind kind = unicode_kind(*code_point);
    if (kind == UNICODE_SPACE) *code_point = ' ';
    return kind != UNICODE_CONTROL;
}

static int lower(const Normalizer *normalizer, uint32_t code_point, uint32_t *out) {
    if (normalizer->options.lower_case) return unicode_lower(code_point, out);
    out[0] = code_point;
    return 1;
}

int normalizer_expand(const Normalizer *normalizer, uint32_t code_point, uint32_t out[NORMALIZER_EXPANSION_MAX]) {
    uint32_t parts[UNICODE_DECOMPOSITION_MAX] = {code_point};
    int count = 0, part_count = 1;
    if (!clean(normalizer, &parts[0])) return 0;
    bool alone = normalizer->options.chinese && unicode_is_chinese(parts[0]);
    if (alone) out[count++] = ' ';
    if (normalizer->options.strip_accents) part_count = unicode_decompose(parts[0], parts);
    for (int i = 0; i < part_count; i++)
        if (!normalizer->options.strip_accents || unicode_kind(parts[i]) != UNICODE_MARK)
            count += lower(normalizer, parts[i], out + count);
    if (alone) out[count++] = ' ';
    return count;
}

/* Whether canonical ordering can move a part that stays. */
static bool is_movable(const Normalizer *normalizer, uint32_t code_point) {
    if (!normalizer->options.strip_accents || !clean(normalizer, &code_point)) return false;
    uint32_t parts[UNICODE_DECOMPOSITION_MAX];
    int count = unicode_decompose(code_point, parts);
    for (int i = 0; i < count; i++)
        if (unicode_kind(parts[i]) != UNICODE_MARK && unicode_combining_class(parts[i]) > 0) return true;
    return false;
}

Fold normalizer_compute(const Normalizer *normalizer, uint32_t code_point) {
    uint32_t out[NORMALIZER_EXPANSION_MAX];
    if (code_point >= 0x4E00 && code_point <= 0x9FFF && normalizer->options.chinese) /* neither decomposed nor cased */
        return (Fold){.kind = FOLD_ALONE, .code_point = code_point & 0xFFFFFF};
    if (is_movable(normalizer, code_point)) return (Fold){.kind = FOLD_REORDER};
    int count = normalizer_expand(normalizer, code_point, out);
    if (count == 0) return (Fold){.kind = FOLD_DROP};
    if (count == 3 && out[0] == ' ' && out[2] == ' ') return (Fold){.kind = FOLD_ALONE, .code_point = out[1] & 0xFFFFFF};
    if (count > 1) return (Fold){.kind = FOLD_MANY};
    return (Fold){.kind = (uint32_t)normalizer_word_kind(out[0]) & 0xFF, .code_point = out[0] & 0xFFFFFF};
}

/* ---- whole texts ---- */

static void add_code_point(Buffer *out, uint32_t code_point) {
    char bytes[4];
    buffer_add(out, bytes, (size_t)utf8_encode(code_point, bytes));
}

/* A run of code points of combining class > 0, which canonical ordering sorts by class, equals in their order (Unicode 3.11,
 * D108). */
typedef struct Run {
    uint32_t *code_points; /* as they came; from realloc */
    size_t count, capacity;
} Run;

/* Counting sort, so that a hostile run of any length costs linear time. */
static void run_flush(const Normalizer *normalizer, Run *run, Buffer *out) {
    bool present[256] = {false};
    for (size_t i = 0; i < run->count; i++) present[unicode_combining_class(run->code_points[i]) & 0xFF] = true;
    for (int order = 1; order < 256 && run->count; order++) {
        if (!present[order]) continue;
        for (size_t i = 0; i < run->count; i++) {
            if (unicode_combining_class(run->code_points[i]) != order) continue;
            uint32_t lowered[UNICODE_LOWER_MAX];
            int count = lower(normalizer, run->code_points[i], lowered);
            for (int k = 0; k < count; k++) add_code_point(out, lowered[k]);
        }
    }
    run->count = 0;
}

static void run_add(Run *run, Buffer *out, uint32_t code_point) {
    uint32_t *grown = mem_grow(run->code_points, &run->capacity, run->count + 1, sizeof *grown, NULL);
    if (!grown) {
        out->failed = true;
        return;
    }
    run->code_points = grown;
    run->code_points[run->count++] = code_point;
}

/* One code point behind the cleaning, with NFD: its parts join the run or end it. */
static void add_decomposed(const Normalizer *normalizer, Run *run, Buffer *out, uint32_t code_point) {
    uint32_t parts[UNICODE_DECOMPOSITION_MAX], lowered[UNICODE_LOWER_MAX];
    int count = unicode_decompose(code_point, parts);
    for (int i = 0; i < count; i++) {
        bool starter = unicode_combining_class(parts[i]) == 0, mark = unicode_kind(parts[i]) == UNICODE_MARK;
        if (starter) run_flush(normalizer, run, out);
        if (mark) continue;
        if (!starter) {
            run_add(run, out, parts[i]);
            continue;
        }
        int lowered_count = lower(normalizer, parts[i], lowered);
        for (int k = 0; k < lowered_count; k++) add_code_point(out, lowered[k]);
    }
}

void normalizer_text(const Normalizer *normalizer, Buffer *out, const char *text, size_t size) {
    Run run = {0};
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        int length = utf8_decode(text + at, size - at, &code_point);
        at += length ? (size_t)length : 1;
        if (!length) code_point = 0xFFFD;
        if (!clean(normalizer, &code_point)) continue;
        if (!normalizer->options.strip_accents) {
            uint32_t expanded[NORMALIZER_EXPANSION_MAX];
            int count = normalizer_expand(normalizer, code_point, expanded);
            for (int i = 0; i < count; i++) add_code_point(out, expanded[i]);
            continue;
        }
        bool alone = normalizer->options.chinese && unicode_is_chinese(code_point);
        if (alone) {
            run_flush(normalizer, &run, out);
            buffer_add(out, " ", 1);
        }
        add_decomposed(normalizer, &run, out, code_point);
        if (alone) {
            run_flush(normalizer, &run, out);
            buffer_add(out, " ", 1);
        }
    }
    run_flush(normalizer, &run, out);
    free(run.code_points);
}
