#include "features/tfidf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/profile.h"
#include "common/sort.h"
#include "features/tfidf_table.h"

enum { ROWS_A_BLOCK = 256 };

/* ---- the vocabulary ---- */

Tfidf *tfidf_make(const TfidfOptions *options, int rows, int terms, size_t text_size, Error *err) {
    Tfidf *tfidf = mem_new(1, sizeof *tfidf, err);
    if (!tfidf) return NULL;
    size_t slots = 16;
    while (slots < 2 * (size_t)terms) slots *= 2;
    *tfidf = (Tfidf){.options = *options, .rows = rows, .terms = terms, .mask = slots - 1};
    tfidf->text = mem_new(text_size, 1, err);
    tfidf->starts = mem_new((size_t)terms + 1, sizeof *tfidf->starts, err);
    tfidf->df = mem_new((size_t)terms, sizeof *tfidf->df, err);
    tfidf->idf = mem_new((size_t)terms, sizeof *tfidf->idf, err);
    tfidf->hashes = mem_new((size_t)terms, sizeof *tfidf->hashes, err);
    tfidf->slots = mem_new(slots, sizeof *tfidf->slots, err);
    if (tfidf->text && tfidf->starts && tfidf->df && tfidf->idf && tfidf->hashes && tfidf->slots) return tfidf;
    tfidf_free(tfidf);
    return NULL;
}

void tfidf_free(Tfidf *tfidf) {
    if (!tfidf) return;
    mem_free(tfidf->text);
    mem_free(tfidf->starts);
    mem_free(tfidf->df);
    mem_free(tfidf->idf);
    mem_free(tfidf->hashes);
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

void tfidf_index(Tfidf *tfidf) {
    for (int i = 0; i < tfidf->terms; i++) {
        size_t size;
        const char *term = tfidf_term(tfidf, i, &size);
        tfidf->idf[i] = log((1.0 + tfidf->rows) / (1.0 + tfidf->df[i])) + 1;
        tfidf->hashes[i] = hash_of_term(term, size);
        size_t slot = (size_t)tfidf->hashes[i] & tfidf->mask;
        while (tfidf->slots[slot]) slot = (slot + 1) & tfidf->mask;
        tfidf->slots[slot] = (uint32_t)i + 1;
    }
}

const TfidfOptions *tfidf_options(const Tfidf *tfidf) { return &tfidf->options; }

int tfidf_terms(const Tfidf *tfidf) { return tfidf->terms; }

const char *tfidf_term(const Tfidf *tfidf, int i, size_t *size) {
    *size = (size_t)(tfidf->starts[i + 1] - tfidf->starts[i]);
    return tfidf->text + tfidf->starts[i];
}

double tfidf_idf(const Tfidf *tfidf, int i) { return tfidf->idf[i]; }

/* The column of a term, or -1. */
static int32_t term_find(const Tfidf *tfidf, uint64_t hash, const char *text, size_t size) {
    for (size_t slot = (size_t)hash & tfidf->mask; tfidf->slots[slot]; slot = (slot + 1) & tfidf->mask) {
        int term = (int)(tfidf->slots[slot] - 1);
        if (tfidf->hashes[term] != hash) continue;
        size_t known_size;
        const char *known = tfidf_term(tfidf, term, &known_size);
        if (known_size == size && memcmp(known, text, size) == 0) return term;
    }
    return -1;
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
    int32_t *found; /* columns of one text, a term as often as it stands there */
    size_t capacity;
    int count;
} Scratch;

typedef struct Transform {
    const Tfidf *tfidf;
    const TextView *texts;
    Block *blocks;
    Scratch *scratch;
    SparseFeatures *out;
} Transform;

/* The columns of the terms that stand in a text, sorted. */
static bool terms_find(const Tfidf *tfidf, Scratch *scratch, const char *text, size_t size, Error *err) {
    Words *words = &scratch->words;
    const TfidfOptions *options = &tfidf->options;
    scratch->count = 0;
    if (!words_split(words, text, size, options->lowercase, err)) return false;
    size_t most = (size_t)words->count * (size_t)(options->max_n - options->min_n + 1);
    if (most > INT32_MAX) return FAIL(err, ERROR_DATA, "a text of %d words is too long", words->count);
    if (most > scratch->capacity) {
        int32_t *found = mem_grow(scratch->found, &scratch->capacity, most, sizeof *found, err);
        if (!found) return false;
        scratch->found = found;
    }
    for (int first = 0; first < words->count; first++) {
        size_t begin = first ? words->ends[first - 1] + 1 : 0;
        uint64_t hash = 0;
        for (int n = 1; n <= options->max_n && first + n <= words->count; n++) {
            int last = first + n - 1;
            hash = n > 1 ? term_hash(hash, words->hashes[last]) : words->hashes[last];
            if (n < options->min_n) continue;
            int32_t column = term_find(tfidf, hash, words->text.data + begin, words->ends[last] - begin);
            if (column >= 0) scratch->found[scratch->count++] = column;
        }
    }
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
    int first = task * ROWS_A_BLOCK, end = first + ROWS_A_BLOCK < job->texts->count ? first + ROWS_A_BLOCK : job->texts->count;
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
    Block *block = &job->blocks[task];
    int64_t start = job->out->starts[task * ROWS_A_BLOCK];
    if (block->entries) {
        memcpy(job->out->indices + start, block->columns, (size_t)block->entries * sizeof *block->columns);
        memcpy(job->out->values + start, block->values, (size_t)block->entries * sizeof *block->values);
    }
    free(block->columns);
    free(block->values);
    block->columns = NULL;
    block->values = NULL;
}

/* Puts the blocks one behind the other. */
static bool blocks_join(Transform *job, int blocks, Pool *pool, Error *err) {
    SparseFeatures *out = job->out;
    for (int b = 0; b < blocks; b++)
        if (job->blocks[b].err.kind) return FAIL(err, job->blocks[b].err.kind, "%s", job->blocks[b].err.message);
    for (int i = 0; i < out->rows; i++) out->starts[i + 1] += out->starts[i];
    int64_t entries = out->starts[out->rows];
    out->indices = mem_new((size_t)entries, sizeof *out->indices, err);
    out->values = mem_new((size_t)entries, sizeof *out->values, err);
    if (!out->indices || !out->values) return false;
    pool_run(pool, blocks, copy_block, job);
    return true;
}

bool tfidf_transform(const Tfidf *tfidf, const TextView *texts, Pool *pool, SparseFeatures *out, Error *err) {
    int blocks = (texts->count + ROWS_A_BLOCK - 1) / ROWS_A_BLOCK, threads = pool_threads(pool);
    *out = (SparseFeatures){.rows = texts->count, .columns = tfidf->terms};
    out->starts = mem_new((size_t)texts->count + 1, sizeof *out->starts, err);
    Transform job = {.tfidf = tfidf,
                     .texts = texts,
                     .out = out,
                     .blocks = mem_new((size_t)blocks, sizeof(Block), err),
                     .scratch = mem_new((size_t)threads, sizeof(Scratch), err)};
    bool good = out->starts && job.blocks && job.scratch;
    ProfilePart before = pool_enter(pool, PROFILE_WORDS);
    if (good) {
        pool_run(pool, blocks, transform_block, &job);
        good = blocks_join(&job, blocks, pool, err);
    }
    (void)pool_enter(pool, before);
    for (int b = 0; job.blocks && b < blocks; b++) {
        free(job.blocks[b].columns);
        free(job.blocks[b].values);
    }
    for (int t = 0; job.scratch && t < threads; t++) {
        words_free(&job.scratch[t].words);
        free(job.scratch[t].found);
    }
    mem_free(job.blocks);
    mem_free(job.scratch);
    if (!good) sparse_features_free(out);
    return good;
}
