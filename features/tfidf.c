#include "features/tfidf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/profile.h"
#include "common/sort.h"
#include "features/tfidf_table.h"

enum { ROWS_A_BLOCK = 256, BLOCKS_A_WAVE = 64, TERMS_A_BLOCK = 4096, AHEAD = 16 };

/* ---- the vocabulary ---- */

Tfidf *tfidf_make(const TfidfOptions *options, int rows, int terms, size_t text_size, Error *err) {
    Tfidf *tfidf = mem_new(1, sizeof *tfidf, err);
    if (!tfidf) return NULL;
    *tfidf = (Tfidf){.options = *options, .rows = rows, .terms = terms};
    tfidf->text = mem_new(text_size, 1, err);
    tfidf->starts = mem_new((size_t)terms + 1, sizeof *tfidf->starts, err);
    tfidf->df = mem_new((size_t)terms, sizeof *tfidf->df, err);
    if (tfidf->text && tfidf->starts && tfidf->df) return tfidf;
    tfidf_free(tfidf);
    return NULL;
}

void tfidf_free(Tfidf *tfidf) {
    if (!tfidf) return;
    mem_free(tfidf->text);
    mem_free(tfidf->starts);
    mem_free(tfidf->df);
    mem_free(tfidf->idf);
    mem_free(tfidf->slots);
    mem_free(tfidf);
}

static uint64_t hash_of_term(const char *term, size_t size) {
    uint64_t hash = 0;
    for (size_t begin = 0, end; begin < size; begin = end + 1) {
        const char *space = memchr(term + begin, ' ', size - begin);
        end = space ? (size_t)(space - term) : size;
        uint64_t word = word_hash(term + begin, end - begin);
        hash = begin ? term_hash(hash, word) : word;
    }
    return hash;
}

typedef struct Index {
    Tfidf *tfidf;
    uint64_t *hashes; /* (V) */
} Index;

static void index_block(void *context, int task, int thread) {
    (void)thread;
    Index *job = context;
    Tfidf *tfidf = job->tfidf;
    int first = task * TERMS_A_BLOCK, end = tfidf->terms - first < TERMS_A_BLOCK ? tfidf->terms : first + TERMS_A_BLOCK;
    for (int i = first; i < end; i++) {
        size_t size;
        const char *term = tfidf_term(tfidf, i, &size);
        tfidf->idf[i] = log((1.0 + tfidf->rows) / (1.0 + tfidf->df[i])) + 1;
        job->hashes[i] = hash_of_term(term, size);
    }
}

bool tfidf_index(Tfidf *tfidf, Pool *pool, Error *err) {
    size_t slots = 16, terms = (size_t)tfidf->terms;
    while (slots < 2 * terms) slots *= 2;
    Index job = {.tfidf = tfidf, .hashes = mem_new(terms, sizeof *job.hashes, err)};
    tfidf->mask = slots - 1;
    tfidf->idf = mem_new(terms, sizeof *tfidf->idf, err);
    tfidf->slots = mem_new(slots, sizeof *tfidf->slots, err);
    bool good = job.hashes && tfidf->idf && tfidf->slots;
    if (good) {
        pool_run(pool, tfidf->terms / TERMS_A_BLOCK + 1, index_block, &job);
        for (size_t i = 0; i < terms; i++) {
            if (i + AHEAD < terms) __builtin_prefetch(&tfidf->slots[job.hashes[i + AHEAD] & tfidf->mask]);
            term_slot_put(tfidf->slots, tfidf->mask, job.hashes[i], (int)i);
        }
    }
    mem_free(job.hashes);
    return good;
}

const TfidfOptions *tfidf_options(const Tfidf *tfidf) { return &tfidf->options; }

int tfidf_terms(const Tfidf *tfidf) { return tfidf->terms; }

const char *tfidf_term(const Tfidf *tfidf, int i, size_t *size) {
    *size = (size_t)(tfidf->starts[i + 1] - tfidf->starts[i]);
    return tfidf->text + tfidf->starts[i];
}

double tfidf_idf(const Tfidf *tfidf, int i) { return tfidf->idf[i]; }

/* ---- looking up ---- */

/* A term that a text may have, and as far as it has been followed. */
typedef struct Candidate {
    uint64_t hash;
    size_t begin, end; /* in the text of the words */
    size_t slot;
    int32_t column; /* of a term with its tag, to be compared; -1: there is none */
} Candidate;

/* The next place from `slot` on that has the tag. */
static void candidate_step(const Tfidf *tfidf, Candidate *candidate, size_t slot) {
    const TermSlot *slots = tfidf->slots;
    while (slots[slot].next && slots[slot].tag != term_tag(candidate->hash)) slot = (slot + 1) & tfidf->mask;
    candidate->slot = slot;
    candidate->column = (int32_t)slots[slot].next - 1;
}

static bool candidate_is_term(const Tfidf *tfidf, const Candidate *candidate, const char *words) {
    size_t size;
    const char *term = tfidf_term(tfidf, candidate->column, &size);
    return size == candidate->end - candidate->begin && memcmp(term, words + candidate->begin, size) == 0;
}

/* The columns of the candidates that are terms; returns how many. A vocabulary is larger than any cache, and each look-up goes to three
 * places, of which the next is known when the one before has been read: all candidates go to the first place, then all to the second. */
static int candidates_find(const Tfidf *tfidf, Candidate *candidates, int count, const char *words, int32_t *columns) {
    int found = 0;
    for (int i = 0; i < count; i++) __builtin_prefetch(&tfidf->slots[candidates[i].hash & tfidf->mask]);
    for (int i = 0; i < count; i++) {
        candidate_step(tfidf, &candidates[i], (size_t)candidates[i].hash & tfidf->mask);
        if (candidates[i].column >= 0) __builtin_prefetch(&tfidf->starts[candidates[i].column]);
    }
    for (int i = 0; i < count; i++)
        if (candidates[i].column >= 0) __builtin_prefetch(tfidf->text + tfidf->starts[candidates[i].column]);
    for (int i = 0; i < count; i++) {
        while (candidates[i].column >= 0 && !candidate_is_term(tfidf, &candidates[i], words))
            candidate_step(tfidf, &candidates[i], (candidates[i].slot + 1) & tfidf->mask);
        if (candidates[i].column >= 0) columns[found++] = candidates[i].column;
    }
    return found;
}

/* ---- rows ---- */

/* Consecutive rows of the result, before it is known where they begin in it. */
typedef struct Block {
    int32_t *columns;
    double *values;
    size_t columns_capacity, values_capacity;
    int64_t entries;
    Error err;
} Block;

/* One thread's room. */
typedef struct Scratch {
    Words words;
    Candidate *candidates;
    int32_t *found; /* columns of one text, a term as often as it stands there */
    size_t candidates_capacity, found_capacity;
    int count;
} Scratch;

/* Blocks are worked on a wave at a time, so that what stands beside the result is bounded. */
typedef struct Transform {
    const Tfidf *tfidf;
    const TextView *texts;
    int first_block; /* of the wave at hand */
    Block *blocks;   /* (BLOCKS_A_WAVE) */
    Scratch *scratch;
    SparseFeatures *out;
    size_t indices_capacity, values_capacity;
} Transform;

static bool scratch_reserve(Scratch *scratch, size_t most, Error *err) {
    if (most > INT32_MAX) return FAIL(err, ERROR_DATA, "a text of %d words is too long", scratch->words.count);
    Candidate *candidates = mem_grow(scratch->candidates, &scratch->candidates_capacity, most, sizeof *candidates, err);
    if (!candidates) return false;
    scratch->candidates = candidates;
    int32_t *found = mem_grow(scratch->found, &scratch->found_capacity, most, sizeof *found, err);
    if (!found) return false;
    scratch->found = found;
    return true;
}

/* The columns of the terms that stand in a text, sorted. */
static bool terms_find(const Tfidf *tfidf, Scratch *scratch, const char *text, size_t size, Error *err) {
    Words *words = &scratch->words;
    const TfidfOptions *options = &tfidf->options;
    int count = 0;
    if (!words_split(words, text, size, options->lowercase, err) ||
        !scratch_reserve(scratch, (size_t)words->count * (size_t)(options->max_n - options->min_n + 1), err))
        return false;
    for (int first = 0; first < words->count; first++) {
        size_t begin = first ? words->ends[first - 1] + 1 : 0;
        uint64_t hash = 0;
        for (int n = 1; n <= options->max_n && first + n <= words->count; n++) {
            int last = first + n - 1;
            hash = n > 1 ? term_hash(hash, words->hashes[last]) : words->hashes[last];
            if (n >= options->min_n)
                scratch->candidates[count++] = (Candidate){.hash = hash, .begin = begin, .end = words->ends[last]};
        }
    }
    scratch->count = candidates_find(tfidf, scratch->candidates, count, words->text.data, scratch->found);
    sort_int32(scratch->found, scratch->count);
    return true;
}

static bool block_reserve(Block *block, size_t more, Error *err) {
    size_t needed = (size_t)block->entries + more;
    if (needed > block->columns_capacity) {
        int32_t *columns = mem_grow(block->columns, &block->columns_capacity, needed, sizeof *columns, err);
        if (!columns) return false;
        block->columns = columns;
    }
    if (needed > block->values_capacity) {
        double *values = mem_grow(block->values, &block->values_capacity, needed, sizeof *values, err);
        if (!values) return false;
        block->values = values;
    }
    return true;
}

/* Appends the sorted columns with their weights, as a row of length 1; returns how many there are, -1 after a failure. */
static int64_t row_weigh(Block *block, const Tfidf *tfidf, const Scratch *scratch) {
    if (!block_reserve(block, (size_t)scratch->count, &block->err)) return -1;
    int64_t first = block->entries;
    double squares = 0;
    for (int i = 0, next; i < scratch->count; i = next) {
        for (next = i + 1; next < scratch->count && scratch->found[next] == scratch->found[i];) next++;
        double tf = tfidf->options.sublinear ? log(next - i) + 1 : next - i, value = tf * tfidf->idf[scratch->found[i]];
        block->columns[block->entries] = scratch->found[i];
        block->values[block->entries++] = value;
        squares += value * value;
    }
    double length = sqrt(squares);
    for (int64_t i = first; i < block->entries; i++) block->values[i] /= length;
    return block->entries - first;
}

static void transform_block(void *context, int task, int thread) {
    Transform *job = context;
    Block *block = &job->blocks[task];
    Scratch *scratch = &job->scratch[thread];
    block->entries = 0;
    int first = (job->first_block + task) * ROWS_A_BLOCK,
        end = first + ROWS_A_BLOCK < job->texts->count ? first + ROWS_A_BLOCK : job->texts->count;
    for (int i = first; i < end; i++) {
        size_t size;
        const char *text = text_view_row(job->texts, i, &size);
        int64_t entries = terms_find(job->tfidf, scratch, text, size, &block->err) ? row_weigh(block, job->tfidf, scratch) : -1;
        if (entries < 0) return;
        job->out->starts[i + 1] = entries; /* a count until all blocks are done */
    }
}

static void copy_block(void *context, int task, int thread) {
    (void)thread;
    Transform *job = context;
    const Block *block = &job->blocks[task];
    int64_t start = job->out->starts[(size_t)(job->first_block + task) * ROWS_A_BLOCK];
    if (!block->entries) return;
    memcpy(job->out->indices + start, block->columns, (size_t)block->entries * sizeof *block->columns);
    memcpy(job->out->values + start, block->values, (size_t)block->entries * sizeof *block->values);
}

/* Room for the entries of rows 0 … rows-1. */
static bool out_reserve(Transform *job, int rows, Error *err) {
    SparseFeatures *out = job->out;
    size_t entries = (size_t)out->starts[rows];
    int32_t *indices = mem_grow(out->indices, &job->indices_capacity, entries, sizeof *indices, err);
    if (!indices) return false;
    out->indices = indices;
    double *values = mem_grow(out->values, &job->values_capacity, entries, sizeof *values, err);
    if (!values) return false;
    out->values = values;
    return true;
}

static bool wave_run(Transform *job, int blocks, Pool *pool, Error *err) {
    SparseFeatures *out = job->out;
    pool_run(pool, blocks, transform_block, job);
    for (int b = 0; b < blocks; b++)
        if (job->blocks[b].err.kind) return FAIL(err, job->blocks[b].err.kind, "%s", job->blocks[b].err.message);
    int first = job->first_block * ROWS_A_BLOCK, end = first + blocks * ROWS_A_BLOCK;
    if (end > out->rows) end = out->rows;
    for (int i = first; i < end; i++) out->starts[i + 1] += out->starts[i];
    if (!out_reserve(job, end, err)) return false;
    pool_run(pool, blocks, copy_block, job);
    return true;
}

/* Gives back what the result was too large for. */
static void out_trim(SparseFeatures *out) {
    size_t entries = (size_t)out->starts[out->rows];
    if (!entries) return;
    int32_t *indices = realloc(out->indices, entries * sizeof *indices);
    if (indices) out->indices = indices;
    double *values = realloc(out->values, entries * sizeof *values);
    if (values) out->values = values;
}

bool tfidf_transform(const Tfidf *tfidf, const TextView *texts, Pool *pool, SparseFeatures *out, Error *err) {
    int blocks = (texts->count + ROWS_A_BLOCK - 1) / ROWS_A_BLOCK, threads = pool_threads(pool);
    *out = (SparseFeatures){.rows = texts->count, .columns = tfidf->terms};
    out->starts = mem_new((size_t)texts->count + 1, sizeof *out->starts, err);
    Transform job = {.tfidf = tfidf,
                     .texts = texts,
                     .out = out,
                     .blocks = mem_new(BLOCKS_A_WAVE, sizeof(Block), err),
                     .scratch = mem_new((size_t)threads, sizeof(Scratch), err)};
    bool good = out->starts && job.blocks && job.scratch && out_reserve(&job, 0, err);
    ProfilePart before = pool_enter(pool, PROFILE_WORDS);
    for (; good && job.first_block < blocks; job.first_block += BLOCKS_A_WAVE) {
        int left = blocks - job.first_block;
        good = wave_run(&job, left < BLOCKS_A_WAVE ? left : BLOCKS_A_WAVE, pool, err);
    }
    (void)pool_enter(pool, before);
    for (int b = 0; job.blocks && b < BLOCKS_A_WAVE; b++) {
        free(job.blocks[b].columns);
        free(job.blocks[b].values);
    }
    for (int t = 0; job.scratch && t < threads; t++) {
        words_free(&job.scratch[t].words);
        free(job.scratch[t].candidates);
        free(job.scratch[t].found);
    }
    mem_free(job.blocks);
    mem_free(job.scratch);
    if (good)
        out_trim(out);
    else
        sparse_features_free(out);
    return good;
}
