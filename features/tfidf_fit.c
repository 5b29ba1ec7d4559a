#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/tfidf.h"
#include "common/profile.h"
#include "features/tfidf_table.h"

/* Texts are counted in chunks, a wave of chunks at a time; the terms of a wave are then added to the shards, which the hash decides.
 * Chunks and shards are worked on side by side, each in a fixed order. A wave bounds what stands beside the vocabulary. */
enum { ROWS_A_CHUNK = 512, CHUNKS_A_WAVE = 64, SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS, AHEAD = 16 };

typedef struct Term {
    uint64_t hash;
    uint32_t start; /* in the table's text */
    uint32_t size;
    int32_t df;
    uint32_t tf; /* or UINT32_MAX, where it is more */
} Term;

/* Terms by hash, in the order in which they came. */
typedef struct TermTable {
    Buffer text;
    Term *terms;
    int count;
    size_t capacity;
    TermSlot *slots;
    size_t slot_count; /* a power of two */
    Error err;
} TermTable;

static void table_free(TermTable *table) {
    buffer_free(&table->text);
    free(table->terms);
    mem_free(table->slots);
    *table = (TermTable){0};
}

/* What is left once nothing is looked up any more. */
static void table_close(TermTable *table) {
    mem_free(table->slots);
    table->slots = NULL;
    table->slot_count = 0;
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
    TermSlot *slots = mem_new(slot_count, sizeof *slots, &table->err);
    if (!slots) return false;
    mem_free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (int i = 0; i < table->count; i++) term_slot_put(slots, slot_count - 1, table->terms[i].hash, i);
    return true;
}

/* The place of a term, entered if it is new; NULL after a failure. `text` may stand in the table's own text at `start`, else it is copied
 * (start = SIZE_MAX). */
static Term *table_enter(TermTable *table, uint64_t hash, const char *text, uint32_t size, size_t start) {
    if (!table_grow(table)) return NULL;
    size_t mask = table->slot_count - 1, slot = (size_t)hash & mask;
    for (; table->slots[slot].next; slot = (slot + 1) & mask) {
        if (table->slots[slot].tag != term_tag(hash)) continue;
        Term *term = &table->terms[table->slots[slot].next - 1];
        if (term->hash == hash && term->size == size && memcmp(table->text.data + term->start, text, size) == 0) return term;
    }
    if (start == SIZE_MAX) {
        start = table->text.size;
        buffer_add(&table->text, text, size);
        if (!buffer_ok(&table->text, &table->err)) return NULL;
    }
    if (start > UINT32_MAX) {
        (void)FAIL(&table->err, ERROR_DATA, "the terms of %d texts are more than 4 GB", ROWS_A_CHUNK);
        return NULL;
    }
    table->slots[slot] = (TermSlot){(uint32_t)table->count + 1, term_tag(hash)};
    Term *term = &table->terms[table->count++];
    *term = (Term){.hash = hash, .start = (uint32_t)start, .size = size};
    return term;
}

static void term_add(Term *term, int32_t df, uint32_t tf) {
    term->df += df;
    term->tf = tf > UINT32_MAX - term->tf ? UINT32_MAX : term->tf + tf;
}

/* ---- counting a chunk ---- */

typedef struct Chunk {
    TermTable table;
    int *last_rows; /* of each term: where it was last seen */
    size_t last_capacity;
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

/* One occurrence of a term whose text stands in the table's at `begin`. */
static bool term_count(Chunk *chunk, uint64_t hash, size_t begin, size_t end, int row) {
    TermTable *table = &chunk->table;
    int known = table->count;
    Term *term = table_enter(table, hash, table->text.data + begin, (uint32_t)(end - begin), begin);
    if (!term) return false;
    if (table->count > known) {
        int *last_rows = mem_grow(chunk->last_rows, &chunk->last_capacity, (size_t)table->count, sizeof *last_rows, &table->err);
        if (!last_rows) return false;
        chunk->last_rows = last_rows;
        last_rows[known] = -1;
    }
    int *last = &chunk->last_rows[term - table->terms];
    term_add(term, *last != row, 1);
    *last = row;
    return true;
}

static bool text_count(Chunk *chunk, const Words *words, const TfidfOptions *options, int row) {
    TermTable *table = &chunk->table;
    size_t base = table->text.size;
    buffer_add(&table->text, words->text.data, words->text.size);
    if (!buffer_ok(&table->text, &table->err)) return false;
    for (int first = 0; first < words->count; first++) {
        size_t begin = base + (first ? words->ends[first - 1] + 1 : 0);
        uint64_t hash = 0;
        for (int n = 1; n <= options->max_n && first + n <= words->count; n++) {
            int last = first + n - 1;
            hash = n > 1 ? term_hash(hash, words->hashes[last]) : words->hashes[last];
            if (n >= options->min_n && !term_count(chunk, hash, begin, base + words->ends[last], row)) return false;
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
            !text_count(chunk, &fit->words[thread], fit->options, i))
            return;
    }
    (void)chunk_order(chunk);
}

/* A shard is larger than any cache: where a term will be looked for is asked for some terms ahead. */
static void shard_fetch(const TermTable *shard, uint64_t hash) {
    if (shard->slots) __builtin_prefetch(&shard->slots[hash & (shard->slot_count - 1)]);
}

static void shard_add(void *context, int s, int thread) {
    (void)thread;
    Fit *fit = context;
    TermTable *shard = &fit->shards[s];
    for (int c = 0; c < fit->chunks; c++) {
        const Chunk *chunk = &fit->wave[c];
        const Term *terms = chunk->table.terms;
        for (int i = chunk->shard_starts[s], end = chunk->shard_starts[s + 1]; i < end; i++) {
            if (i + AHEAD < end) shard_fetch(shard, terms[chunk->order[i + AHEAD]].hash);
            const Term *from = &terms[chunk->order[i]];
            Term *term = table_enter(shard, from->hash, chunk->table.text.data + from->start, from->size, SIZE_MAX);
            if (!term) return;
            term_add(term, from->df, from->tf);
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

/* The counting is over: only terms and their texts stay. */
static void texts_close(Fit *fit, int threads) {
    for (int t = 0; fit->words && t < threads; t++) words_free(&fit->words[t]);
    for (int c = 0; fit->wave && c < CHUNKS_A_WAVE; c++) {
        table_free(&fit->wave[c].table);
        free(fit->wave[c].last_rows);
        free(fit->wave[c].order);
    }
    for (int s = 0; fit->shards && s < SHARDS; s++) table_close(&fit->shards[s]);
    mem_free(fit->words);
    mem_free(fit->wave);
    fit->words = NULL;
    fit->wave = NULL;
}

static void shards_free(Fit *fit) {
    for (int s = 0; fit->shards && s < SHARDS; s++) table_free(&fit->shards[s]);
    mem_free(fit->shards);
    fit->shards = NULL;
}

/* ---- the vocabulary in order ---- */

typedef struct Entry {
    uint64_t prefix; /* the first eight bytes, so that most comparisons need no text */
    const char *text;
    uint32_t size;
    int32_t df; /* < 0: -df, and one of those of which max_features keeps only the first */
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

/* The terms of all shards are dealt out to PARTS of the alphabet about as long as each other, and each part is put in order. */
enum { PARTS = 64, SAMPLES_A_SHARD = 64 };

typedef struct Sort {
    const Fit *fit;
    double least, most;      /* df */
    uint32_t least_tf;       /* of max_features: more is kept, so much is kept while there is room */
    uint64_t borders[PARTS]; /* part p has the prefixes from borders[p] on, before borders[p + 1] */
    int (*counts)[PARTS];    /* (SHARDS): terms of a shard in a part, then where they go */
    Entry *entries;
    int starts[PARTS + 1];
    size_t sizes[PARTS]; /* bytes of the texts of a part */
    Tfidf *tfidf;
} Sort;

static bool is_kept(const Sort *sort, const Term *term) {
    return term->df >= sort->least && term->df <= sort->most && term->tf >= sort->least_tf;
}

static int number_order(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static uint64_t term_prefix(const TermTable *shard, const Term *term) {
    return prefix_of(shard->text.data + term->start, term->size);
}

static void borders_find(Sort *sort) {
    uint64_t samples[SHARDS * SAMPLES_A_SHARD];
    int count = 0;
    for (int s = 0; s < SHARDS; s++) {
        const TermTable *shard = &sort->fit->shards[s];
        int step = shard->count / SAMPLES_A_SHARD + 1;
        for (int i = 0; i < shard->count; i += step) samples[count++] = term_prefix(shard, &shard->terms[i]);
    }
    qsort(samples, (size_t)count, sizeof *samples, number_order);
    for (int p = 1; p < PARTS; p++) sort->borders[p] = count ? samples[(size_t)count * (size_t)p / PARTS] : 0;
}

/* The last part that begins at or before a prefix. */
static int part_of(const Sort *sort, uint64_t prefix) {
    int part = 0;
    for (int half = PARTS / 2; half; half /= 2)
        if (sort->borders[part + half] <= prefix) part += half;
    return part;
}

static void shard_count(void *context, int s, int thread) {
    (void)thread;
    Sort *sort = context;
    const TermTable *shard = &sort->fit->shards[s];
    for (int i = 0; i < shard->count; i++)
        if (is_kept(sort, &shard->terms[i])) sort->counts[s][part_of(sort, term_prefix(shard, &shard->terms[i]))]++;
}

static void shard_deal(void *context, int s, int thread) {
    (void)thread;
    Sort *sort = context;
    const TermTable *shard = &sort->fit->shards[s];
    for (int i = 0; i < shard->count; i++) {
        const Term *term = &shard->terms[i];
        if (!is_kept(sort, term)) continue;
        uint64_t prefix = term_prefix(shard, term);
        int32_t df = sort->least_tf && term->tf == sort->least_tf ? -term->df : term->df;
        sort->entries[sort->counts[s][part_of(sort, prefix)]++] = (Entry){prefix, shard->text.data + term->start, term->size, df};
    }
}

static void part_sort(void *context, int p, int thread) {
    (void)thread;
    Sort *sort = context;
    qsort(sort->entries + sort->starts[p], (size_t)(sort->starts[p + 1] - sort->starts[p]), sizeof(Entry), entry_order);
}

/* sort->entries gets all kept terms in order. */
static bool entries_sort(Sort *sort, Pool *pool, Error *err) {
    sort->counts = mem_new(SHARDS, sizeof *sort->counts, err);
    if (!sort->counts) return false;
    borders_find(sort);
    pool_run(pool, SHARDS, shard_count, sort);
    int64_t kept = 0;
    for (int p = 0; p < PARTS; p++) {
        sort->starts[p] = (int)kept;
        for (int s = 0; s < SHARDS; s++) {
            int count = sort->counts[s][p];
            sort->counts[s][p] = (int)kept;
            kept += count;
            if (kept > INT32_MAX / 2) return FAIL(err, ERROR_DATA, "more than %d terms; raise --min_df", INT32_MAX / 2);
        }
    }
    sort->starts[PARTS] = (int)kept;
    sort->entries = mem_new((size_t)kept, sizeof *sort->entries, err);
    if (!sort->entries) return false;
    pool_run(pool, SHARDS, shard_deal, sort);
    pool_run(pool, PARTS, part_sort, sort);
    return true;
}

/* ---- max_features ---- */

static int tf_order(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left < right) - (left > right);
}

/* The count of the rarest term that is kept of the `most` most frequent; *ties: how many with that count are. Left at 0 when all are kept. */
static bool least_find(Sort *sort, int most, int *ties, Error *err) {
    size_t all = 0, count = 0;
    for (int s = 0; s < SHARDS; s++) all += (size_t)sort->fit->shards[s].count;
    if (!most || all <= (size_t)most) return true;
    uint32_t *tfs = mem_new(all, sizeof *tfs, err);
    if (!tfs) return false;
    for (int s = 0; s < SHARDS; s++)
        for (int i = 0; i < sort->fit->shards[s].count; i++)
            if (is_kept(sort, &sort->fit->shards[s].terms[i])) tfs[count++] = sort->fit->shards[s].terms[i].tf;
    if (count > (size_t)most) {
        qsort(tfs, count, sizeof *tfs, tf_order);
        sort->least_tf = tfs[most - 1];
        *ties = most;
        while (*ties && tfs[most - *ties] != sort->least_tf) --*ties;
    }
    mem_free(tfs);
    return true;
}

/* Of the entries that are marked only the first `ties` stay. */
static void entries_limit(Sort *sort, int ties) {
    int next = 0, part_end = 0;
    for (int p = 0; p < PARTS; p++) {
        int i = part_end;
        part_end = sort->starts[p + 1];
        sort->starts[p] = next;
        for (; i < part_end; i++) {
            Entry entry = sort->entries[i];
            if (entry.df < 0 && ties-- <= 0) continue;
            entry.df = abs(entry.df);
            sort->entries[next++] = entry;
        }
    }
    sort->starts[PARTS] = next;
}

/* ---- the result ---- */

static void part_measure(void *context, int p, int thread) {
    (void)thread;
    Sort *sort = context;
    for (int i = sort->starts[p]; i < sort->starts[p + 1]; i++) sort->sizes[p] += sort->entries[i].size;
}

static void part_write(void *context, int p, int thread) {
    (void)thread;
    Sort *sort = context;
    Tfidf *tfidf = sort->tfidf;
    int64_t place = 0;
    for (int before = 0; before < p; before++) place += (int64_t)sort->sizes[before];
    for (int i = sort->starts[p]; i < sort->starts[p + 1]; i++) {
        const Entry *entry = &sort->entries[i];
        memcpy(tfidf->text + place, entry->text, entry->size);
        place += entry->size;
        tfidf->starts[i + 1] = place;
        tfidf->df[i] = entry->df;
    }
}

/* Takes the terms out of the entries and gives back what those stood on before the vocabulary gets its index. */
static Tfidf *vocabulary_make(Fit *fit, Sort *sort, Pool *pool, Error *err) {
    size_t size = 0;
    pool_run(pool, PARTS, part_measure, sort);
    for (int p = 0; p < PARTS; p++) size += sort->sizes[p];
    Tfidf *tfidf = sort->tfidf = tfidf_make(fit->options, fit->texts->count, sort->starts[PARTS], size, err);
    if (!tfidf) return NULL;
    pool_run(pool, PARTS, part_write, sort);
    mem_free(sort->entries);
    sort->entries = NULL;
    shards_free(fit);
    if (tfidf_index(tfidf, pool, err)) return tfidf;
    tfidf_free(tfidf);
    return NULL;
}

/* Shares become numbers of rows, as scikit-learn has it: a share of 1 of the most is all rows, a 1 of the least is one row. */
static Tfidf *vocabulary_choose(Fit *fit, Pool *pool, Error *err) {
    const TfidfOptions *options = fit->options;
    double rows = fit->texts->count;
    Sort sort = {.fit = fit,
                 .least = options->min_df < 1 ? options->min_df * rows : options->min_df,
                 .most = options->max_df <= 1 ? options->max_df * rows : options->max_df};
    Tfidf *tfidf = NULL;
    int ties = 0;
    if (least_find(&sort, options->max_features, &ties, err) && entries_sort(&sort, pool, err)) {
        if (sort.least_tf) entries_limit(&sort, ties);
        if (sort.starts[PARTS])
            tfidf = vocabulary_make(fit, &sort, pool, err);
        else
            FAIL(err, ERROR_DATA, "TF-IDF: no term stands in %g to %g of %d training texts; lower --min_df", sort.least,
                 sort.most, fit->texts->count);
    }
    mem_free(sort.counts);
    mem_free(sort.entries);
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
    ProfilePart before = pool_enter(pool, PROFILE_WORDS);
    bool good = fit.words && fit.wave && fit.shards && texts_count(&fit, pool, err);
    texts_close(&fit, threads);
    Tfidf *tfidf = good ? vocabulary_choose(&fit, pool, err) : NULL;
    (void)pool_enter(pool, before);
    shards_free(&fit);
    return tfidf;
}
