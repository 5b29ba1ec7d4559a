#include "datasets/normalize.h"

#include <string.h>

#include "common/utf8.h"
#include "datasets/hash.h"

enum { CHUNK = 4096 }; /* rows normalised in one task */

/* ---- one text ---- */

typedef enum Part { PART_OF_WORD, PART_NOTHING, PART_SPACE } Part;

static Part ascii_part(unsigned char c) {
    if (c == '\'') return PART_NOTHING;
    if (c <= ' ' || c == 0x7f) return PART_SPACE;
    return c < 0x7f && strchr("!\"#%&()*,-./:;?@[\\]_{}", c) ? PART_SPACE : PART_OF_WORD; /* categories P* below 128 */
}

static Part part_of(uint32_t code_point) {
    if (code_point < 128) return ascii_part((unsigned char)code_point);
    if (code_point == 0x2018 || code_point == 0x2019 || code_point == 0x2BC) return PART_NOTHING;
    const char *category = utf8_category(code_point);
    return category[0] == 'P' || category[0] == 'Z' || strcmp(category, "Cc") == 0 ? PART_SPACE : PART_OF_WORD;
}

void text_normalize(Buffer *out, Buffer *scratch, const char *text, size_t size) {
    bool between = false;
    size_t before = out->size;
    scratch->size = 0;
    utf8_fold(scratch, text, size);
    for (size_t at = 0; at < scratch->size;) {
        const char *here = scratch->data + at;
        uint32_t code_point = (unsigned char)*here;
        int length = code_point < 128 ? 1 : utf8_decode(here, scratch->size - at, &code_point);
        if (!length) length = 1;
        Part part = part_of(code_point);
        at += (size_t)length;
        if (part == PART_SPACE) between = true;
        if (part != PART_OF_WORD) continue;
        if (between && out->size > before) buffer_add(out, " ", 1);
        between = false;
        buffer_add(out, here, (size_t)length);
    }
    if (scratch->failed) out->failed = true;
}

/* ---- all texts ---- */

typedef struct Normalizing {
    NormalTexts *texts;
    const Dataset *dataset;
    const int32_t *first;
    int32_t *lead; /* (rows): by a text's first row, its first row in a split + 1 */
    uint8_t *taken; /* (rows): in a split */
} Normalizing;

static int64_t *start_of(const NormalTexts *texts, int row) { return &texts->starts[row + row / CHUNK]; }

static const char *form_of_row(const NormalTexts *texts, int row, size_t *size) {
    const int64_t *start = start_of(texts, row);
    *size = (size_t)(start[1] - start[0]);
    const char *data = texts->chunks[row / CHUNK].data;
    return data ? data + start[0] : "";
}

const char *normal_text(const NormalTexts *texts, int form, size_t *size) {
    return form_of_row(texts, texts->first_row[form], size);
}

static void normalize_chunk(void *context, int chunk, int thread) {
    (void)thread;
    const Normalizing *work = context;
    Buffer *out = &work->texts->chunks[chunk], scratch = {0};
    int begin = chunk * CHUNK, end = work->dataset->rows - begin < CHUNK ? work->dataset->rows : begin + CHUNK;
    for (int row = begin; row < end; row++) {
        size_t size;
        const char *text = dataset_text(work->dataset, row, &size);
        int64_t *start = start_of(work->texts, row);
        start[0] = (int64_t)out->size;
        if (work->lead[work->first[row]] == row + 1) text_normalize(out, &scratch, text, size);
        start[1] = (int64_t)out->size;
    }
    buffer_free(&scratch);
}

static bool normalize_rows(Normalizing *work, Pool *pool, Error *err) {
    NormalTexts *texts = work->texts;
    int rows = work->dataset->rows;
    texts->chunk_count = (rows + CHUNK - 1) / CHUNK;
    texts->chunks = mem_new((size_t)texts->chunk_count, sizeof *texts->chunks, err);
    texts->starts = mem_new((size_t)rows + (size_t)texts->chunk_count + 1, sizeof *texts->starts, err);
    if (!texts->chunks || !texts->starts) return false;
    pool_run(pool, texts->chunk_count, normalize_chunk, work);
    for (int chunk = 0; chunk < texts->chunk_count; chunk++)
        if (!buffer_ok(&texts->chunks[chunk], err)) return false;
    return true;
}

typedef struct FormSlot {
    int32_t form; /* + 1; 0 is free */
    uint32_t tag;
} FormSlot;

/* The form of a text that was not seen before, new or known. */
static void number_form(NormalTexts *texts, int row, FormSlot *slots, size_t slot_count) {
    size_t size, other_size;
    const char *form = form_of_row(texts, row, &size);
    uint64_t hash = hash_bytes(form, size);
    uint32_t tag = (uint32_t)(hash >> 32);
    size_t slot = (size_t)hash & (slot_count - 1);
    for (; size && slots[slot].form; slot = (slot + 1) & (slot_count - 1)) {
        const char *other = normal_text(texts, slots[slot].form - 1, &other_size);
        if (slots[slot].tag == tag && other_size == size && memcmp(other, form, size) == 0) break;
    }
    if (size && slots[slot].form) {
        texts->of_row[row] = slots[slot].form - 1;
        return;
    }
    texts->of_row[row] = texts->count;
    texts->first_row[texts->count++] = row;
    if (size) slots[slot] = (FormSlot){texts->count, tag};
}

static bool number_forms(Normalizing *work, Error *err) {
    NormalTexts *texts = work->texts;
    int rows = work->dataset->rows;
    size_t slot_count = 64;
    while (slot_count < (size_t)rows * 2) slot_count *= 2;
    FormSlot *slots = mem_new(slot_count, sizeof *slots, err);
    if (!slots) return false;
    for (int row = 0; row < rows; row++) {
        int lead = work->lead[work->first[row]] - 1;
        if (lead == row)
            number_form(texts, row, slots, slot_count);
        else
            texts->of_row[row] = work->taken[row] ? texts->of_row[lead] : -1;
    }
    mem_free(slots);
    return true;
}

bool normal_texts_make(NormalTexts *texts, const Dataset *dataset, const int32_t *first, Pool *pool, Error *err) {
    size_t rows = (size_t)dataset->rows;
    *texts = (NormalTexts){.of_row = mem_new(rows, sizeof *texts->of_row, err)};
    texts->first_row = mem_new(rows, sizeof *texts->first_row, err);
    Normalizing work = {texts, dataset, first, mem_new(rows, sizeof *work.lead, err), mem_new(rows, 1, err)};
    bool ok = work.taken && work.lead && texts->of_row && texts->first_row;
    for (int split = 0; ok && split < SPLIT_COUNT; split++)
        for (int i = 0; i < dataset->splits[split].count; i++) work.taken[dataset->splits[split].rows[i]] = 1;
    for (int row = dataset->rows - 1; ok && row >= 0; row--)
        if (work.taken[row]) work.lead[first[row]] = row + 1;
    ok = ok && normalize_rows(&work, pool, err) && number_forms(&work, err);
    mem_free(work.taken);
    mem_free(work.lead);
    return ok;
}

void normal_texts_free(NormalTexts *texts) {
    for (int chunk = 0; texts->chunks && chunk < texts->chunk_count; chunk++) buffer_free(&texts->chunks[chunk]);
    mem_free(texts->chunks);
    mem_free(texts->starts);
    mem_free(texts->of_row);
    mem_free(texts->first_row);
    *texts = (NormalTexts){0};
}
