#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/tfidf.h"
#include "common/profile.h"
#include "features/tfidf_table.h"

/* Texts are counted in chunks, a wave of chunks at a time; the terms of a wave are then added to the shards, which the hash decides.
 * Chunks and shards are worked on side by side, each in a fixed order. A wave bounds what stands beside the vocabulary. */
enum { ROWS_A_CHUNK = 512, CHUNKS_A_WAVE = 64, SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS };

typedef struct Term {
    uint64_t hash;
    size_t start; /* in the table's text */
    uint32_t size;
    int32_t df;
    int64_t tf;
    int last_row; /* a chunk's: where it was last seen */
} Term;

/* Terms by hash, in the order in which they came. */
typedef struct TermTable {
    Buffer text;
    Term *terms;
    int count;
    size_t capacity;
    uint32_t *slots;   /* term + 1, or 0 */
    size_t slot_count; /* a power of two */
    Error err;
} TermTable;

static void table_free(TermTable *table) {
    buffer_free(&table->text);
    free(table->terms);
    mem_free(table->slots);
    *table = (TermTable){0};
}

static void slot_put(TermTable *table, uint64_t hash, int term) {
    size_t slot = (size_t)hash & (table->slot_count - 1);
    while (table->slots[slot]) slot = (slot + 1) & (table->slot_count - 1);
    table->slots[slot] = (uint32_t)term + 1;
}

/* Keeps the slots at most half full. */
static bool table_grow(TermTable *table) {
    if ((size_t)table->count == table->capacity) {
        Term *terms = mem_grow(table->terms, &table->capacity, (size_t)table->count + 1, sizeof *terms, &table->err);
        if (!terms) return false;
        table->terms = terms;
    }
    if (2 * ((size_t)table->count + 1) <= table->slot_count) return true;
    if (table->count >= INT32_MAX / 2) return FAIL(&table->err, ERROR_DATA, "more than %d terms; raise --min_df", table->count);
    size_t slot_count = table->slot_count ? 2 * table->slot_count : 1024;
    uint32_t *slots = mem_new(slot_count, sizeof *slots, &table->err);
    if (!slots) return false;
    mem_free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (int i = 0; i < table->count; i++) slot_put(table, table->terms[i].hash, i);
    return true;
}

/* The place of a term, entered if it is new; NULL after a failure. `text` may stand in the table's own text at `start`, else it is copied
 * (start = SIZE_MAX). */
static Term *table_enter(TermTable *table, uint64_t hash, const char *text, uint32_t size, size_t start) {
    if (!table_grow(table)) return NULL;
    size_t slot = (size_t)hash & (table->slot_count - 1);
    for (; table->slots[slot]; slot = (slot + 1) & (table->slot_count - 1)) {
        Term *term = &table->terms[table->slots[slot] - 1];
        if (term->hash == hash && term->size == size && memcmp(table->text.data + term->start, text, size) == 0) return term;
    }
    if (start == SIZE_MAX) {
        start = table->text.size;
        buffer_add(&table->text, text, size);
        if (!buffer_ok(&table->text, &table->err)) return NULL;
    }
    table->slots[slot] = (uint32_t)table->count + 1;
    Term *term = &table->terms[table->count++];
    *term = (Term){.hash = hash, .start = start, .size = size, .last_row = -1};
    return term;
}

/* ---- counting a chunk ---- */

typedef struct Chunk {
    TermTable table;
    int *order; /* its terms by shard */
    size_t order_capacity;
    int shard_starts[SHARDS + 1];
} Chunk;

typedef struct Fit {
    const TfidfOptions *options;
    const TextView *texts;
    int first_chunk;   /* of the wave at hand */
    int chunks;        /* in it */
    Words *words;      /* one a thread */
    Chunk *wave;       /* (CHUNKS_A_WAVE) */
    TermTable *shards; /* (SHARDS) */
} Fit;

static bool text_count(TermTable *table, const Words *words, const TfidfOptions *options, int row) {
    size_t base = table->text.size;
    buffer_add(&table->text, words->text.data, words->text.size);
    if (!buffer_ok(&table->text, &table->err)) return false;
    for (int first = 0; first < words->count; first++) {
        size_t begin = base + (first ? words->ends[first - 1] + 1 : 0);
        uint64_t hash = 0;
        for (int n = 1; n <= options->max_n && first + n <= words->count; n++) {
            int last = first + n - 1;
            hash = n > 1 ? term_hash(hash, words->hashes[last]) : words->hashes[last];
            if (n < options->min_n) continue;
            Term *term = table_enter(table, hash, table->text.data + begin, (uint32_t)(base + words->ends[last] - begin), begin);
            if (!term) return false;
            term->tf++;
            if (term->last_row != row) term->df++;
            term->last_row = row;
        }
    }
    return true;
}

static int shard_of(uint64_t hash) { return (int)(hash >> (64 - SHARD_BITS)); }

/* A counting sort of the terms by shard. */
static bool chunk_order(Chunk *chunk) {
    TermTable *table = &chunk->table;
    if ((size_t)table->count > chunk->order_capacity) {
        int *order = mem_grow(chunk->order, &chunk->order_capacity, (size_t)table->count, sizeof *order, &table->err);
        if (!order) return false;
        chunk->order = order;
    }
    int next[SHARDS] = {0};
    for (int i = 0; i < table->count; i++) next[shard_of(table->terms[i].hash)]++;
    chunk->shard_starts[0] = 0;
    for (int s = 0; s < SHARDS; s++) {
        chunk->shard_starts[s + 1] = chunk->shard_starts[s] + next[s];
        next[s] = chunk->shard_starts[s];
    }
    for (int i = 0; i < table->count; i++) chunk->order[next[shard_of(table->terms[i].hash)]++] = i;
    return true;
}

static void chunk_count(void *context, int task, int thread) {
    Fit *fit = context;
    Chunk *chunk = &fit->wave[task];
    TermTable *table = &chunk->table;
    table->count = 0;
    table->text.size = 0;
    if (table->slots) memset(table->slots, 0, table->slot_count * sizeof *table->slots);
    int64_t first = ((int64_t)fit->first_chunk + task) * ROWS_A_CHUNK, end = first + ROWS_A_CHUNK;
    if (end > fit->texts->count) end = fit->texts->count;
    for (int i = (int)first; i < (int)end; i++) {
        size_t size;
        const char *text = text_view_row(fit->texts, i, &size);
        if (!words_split(&fit->words[thread], text, size, fit->options->lowercase, &table->err) ||
            !text_count(table, &fit->words[thread], fit->options, i))
            return;
    }
    (void)chunk_order(chunk);
}

static void shard_add(void *context, int s, int thread) {
    (void)thread;
    Fit *fit = context;
    TermTable *shard = &fit->shards[s];
    for (int c = 0; c < fit->chunks; c++) {
        const Chunk *chunk = &fit->wave[c];
        for (int i = chunk->shard_starts[s]; i < chunk->shard_starts[s + 1]; i++) {
            const Term *from = &chunk->table.terms[chunk->order[i]];
            Term *term = table_enter(shard, from->hash, chunk->table.text.data + from->start, from->size, SIZE_MAX);
            if (!term) return;
            term->df += from->df;
            term->tf += from->tf;
        }
    }
}

static bool tables_good(const Fit *fit, Error *err) {
    for (int c = 0; c < fit->chunks; c++)
        if (fit->wave[c].table.err.kind) return FAIL(err, fit->wave[c].table.err.kind, "%s", fit->wave[c].table.err.message);
    for (int s = 0; s < SHARDS; s++)
        if (fit->shards[s].err.kind) return FAIL(err, fit->shards[s].err.kind, "%s", fit->shards[s].err.message);
    return true;
}

static bool texts_count(Fit *fit, Pool *pool, Error *err) {
    int chunks = (fit->texts->count + ROWS_A_CHUNK - 1) / ROWS_A_CHUNK;
    for (fit->first_chunk = 0; fit->first_chunk < chunks; fit->first_chunk += CHUNKS_A_WAVE) {
        int left = chunks - fit->first_chunk;
        fit->chunks = left < CHUNKS_A_WAVE ? left : CHUNKS_A_WAVE;
        pool_run(pool, fit->chunks, chunk_count, fit);
        if (!tables_good(fit, err)) return false;
        pool_run(pool, SHARDS, shard_add, fit);
        if (!tables_good(fit, err)) return false;
    }
    return true;
}

/* ---- the vocabulary in order ---- */

typedef struct Entry {
    uint64_t prefix; /* the first eight bytes, so that most comparisons need no text */
    const char *text;
    uint32_t size;
    int32_t df;
    int64_t tf;
} Entry;

static uint64_t prefix_of(const char *text, size_t size) {
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; i++) prefix = prefix << 8 | (i < size ? (unsigned char)text[i] : 0);
    return prefix;
}

/* By bytes, which for UTF-8 is by code points. A shorter one that begins alike comes first: no term holds a NUL. */
static int entry_order(const void *a, const void *b) {
    const Entry *left = a, *right = b;
    if (left->prefix != right->prefix) return left->prefix < right->prefix ? -1 : 1;
    int order = memcmp(left->text, right->text, left->size < right->size ? left->size : right->size);
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

typedef struct Sort {
    const Fit *fit;
    double least, most; /* df */
    Entry *from, *to;
    int starts[SHARDS + 1]; /* of the runs that are in order */
    int width;              /* shards in a run */
} Sort;

static bool is_kept(const Sort *sort, const Term *term) { return term->df >= sort->least && term->df <= sort->most; }

static void shard_sort(void *context, int s, int thread) {
    (void)thread;
    Sort *sort = context;
    const TermTable *shard = &sort->fit->shards[s];
    Entry *next = sort->from + sort->starts[s];
    for (int i = 0; i < shard->count; i++) {
        const Term *term = &shard->terms[i];
        if (!is_kept(sort, term)) continue;
        const char *text = shard->text.data + term->start;
        *next++ = (Entry){prefix_of(text, term->size), text, term->size, term->df, term->tf};
    }
    qsort(sort->from + sort->starts[s], (size_t)(sort->starts[s + 1] - sort->starts[s]), sizeof(Entry), entry_order);
}

static void runs_merge(void *context, int pair, int thread) {
    (void)thread;
    Sort *sort = context;
    int first = 2 * pair * sort->width;
    const Entry *a = sort->from + sort->starts[first], *a_end = sort->from + sort->starts[first + sort->width];
    const Entry *b = a_end, *b_end = sort->from + sort->starts[first + 2 * sort->width];
    Entry *out = sort->to + sort->starts[first];
    while (a < a_end && b < b_end) *out++ = entry_order(a, b) <= 0 ? *a++ : *b++;
    while (a < a_end) *out++ = *a++;
    while (b < b_end) *out++ = *b++;
}

/* sort->from ends up with all kept terms in order. */
static bool entries_sort(Sort *sort, Pool *pool, Error *err) {
    int64_t kept = 0;
    for (int s = 0; s < SHARDS; s++) {
        for (int i = 0; i < sort->fit->shards[s].count; i++) kept += is_kept(sort, &sort->fit->shards[s].terms[i]);
        if (kept > INT32_MAX / 2) return FAIL(err, ERROR_DATA, "more than %d terms; raise --min_df", INT32_MAX / 2);
        sort->starts[s + 1] = (int)kept;
    }
    sort->from = mem_new((size_t)kept, sizeof *sort->from, err);
    sort->to = mem_new((size_t)kept, sizeof *sort->to, err);
    if (!sort->from || !sort->to) return false;
    pool_run(pool, SHARDS, shard_sort, sort);
    for (sort->width = 1; sort->width < SHARDS; sort->width *= 2) {
        pool_run(pool, SHARDS / (2 * sort->width), runs_merge, sort);
        Entry *swapped = sort->from;
        sort->from = sort->to;
        sort->to = swapped;
    }
    return true;
}

/* ---- max_features ---- */

typedef struct Rank {
    int64_t tf;
    int place;
} Rank;

static int rank_order(const void *a, const void *b) {
    const Rank *left = a, *right = b;
    if (left->tf != right->tf) return left->tf > right->tf ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* Keeps the `most` entries with the highest counts, the first in order among equals. */
static bool entries_limit(Entry *entries, int *count, int most, Error *err) {
    if (!most || *count <= most) return true;
    Rank *ranks = mem_new((size_t)*count, sizeof *ranks, err);
    bool *kept = mem_new((size_t)*count, sizeof *kept, err);
    bool good = ranks && kept;
    if (good) {
        for (int i = 0; i < *count; i++) ranks[i] = (Rank){entries[i].tf, i};
        qsort(ranks, (size_t)*count, sizeof *ranks, rank_order);
        for (int i = 0; i < most; i++) kept[ranks[i].place] = true;
        int next = 0;
        for (int i = 0; i < *count; i++)
            if (kept[i]) entries[next++] = entries[i];
        *count = next;
    }
    mem_free(ranks);
    mem_free(kept);
    return good;
}

static Tfidf *vocabulary_make(const Fit *fit, const Entry *entries, int count, Error *err) {
    size_t size = 0;
    for (int i = 0; i < count; i++) size += entries[i].size;
    Tfidf *tfidf = tfidf_make(fit->options, fit->texts->count, count, size, err);
    if (!tfidf) return NULL;
    for (int i = 0; i < count; i++) {
        memcpy(tfidf->text + tfidf->starts[i], entries[i].text, entries[i].size);
        tfidf->starts[i + 1] = tfidf->starts[i] + entries[i].size;
        tfidf->df[i] = entries[i].df;
    }
    tfidf_index(tfidf);
    return tfidf;
}

/* Shares become numbers of rows, as scikit-learn has it: a share of 1 of the most is all rows, a 1 of the least is one row. */
static Tfidf *vocabulary_choose(const Fit *fit, Pool *pool, Error *err) {
    const TfidfOptions *options = fit->options;
    double rows = fit->texts->count;
    Sort sort = {.fit = fit,
                 .least = options->min_df < 1 ? options->min_df * rows : options->min_df,
                 .most = options->max_df <= 1 ? options->max_df * rows : options->max_df};
    Tfidf *tfidf = NULL;
    if (entries_sort(&sort, pool, err)) {
        int count = sort.starts[SHARDS];
        if (!count)
            FAIL(err, ERROR_DATA, "TF-IDF: no term stands in %g to %g of %d training texts; lower --min_df", sort.least,
                 sort.most, fit->texts->count);
        else if (entries_limit(sort.from, &count, options->max_features, err))
            tfidf = vocabulary_make(fit, sort.from, count, err);
    }
    mem_free(sort.from);
    mem_free(sort.to);
    return tfidf;
}

static bool options_check(const TfidfOptions *options, Error *err) {
    if (options->min_n < 1 || options->max_n < options->min_n || options->max_n > TFIDF_MAX_N)
        return FAIL(err, ERROR_USAGE, "n-grams of %d to %d words, expected 1 to %d", options->min_n, options->max_n, TFIDF_MAX_N);
    if (!(options->min_df >= 0) || !(options->max_df >= 0) || options->max_features < 0)
        return FAIL(err, ERROR_USAGE, "min_df %g, max_df %g, max_features %d, expected no negative number", options->min_df,
                    options->max_df, options->max_features);
    return true;
}

Tfidf *tfidf_fit(const TextView *texts, const TfidfOptions *options, Pool *pool, Error *err) {
    if (!options_check(options, err)) return NULL;
    int threads = pool_threads(pool);
    Fit fit = {.options = options,
               .texts = texts,
               .words = mem_new((size_t)threads, sizeof(Words), err),
               .wave = mem_new(CHUNKS_A_WAVE, sizeof(Chunk), err),
               .shards = mem_new(SHARDS, sizeof(TermTable), err)};
    Tfidf *tfidf = NULL;
    ProfilePart before = pool_enter(pool, PROFILE_WORDS);
    if (fit.words && fit.wave && fit.shards && texts_count(&fit, pool, err)) tfidf = vocabulary_choose(&fit, pool, err);
    (void)pool_enter(pool, before);
    for (int t = 0; fit.words && t < threads; t++) words_free(&fit.words[t]);
    for (int c = 0; fit.wave && c < CHUNKS_A_WAVE; c++) {
        table_free(&fit.wave[c].table);
        free(fit.wave[c].order);
    }
    for (int s = 0; fit.shards && s < SHARDS; s++) table_free(&fit.shards[s]);
    mem_free(fit.words);
    mem_free(fit.wave);
    mem_free(fit.shards);
    return tfidf;
}
