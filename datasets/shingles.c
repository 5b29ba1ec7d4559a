#include "datasets/shingles.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/sort.h"
#include "datasets/hash.h"
#include "datasets/word_table.h"

/* ---- numbers for words and for pairs of words ---- */

typedef struct PairSlot {
    uint64_t key; /* numbers of both words + 1: never 0 */
    int32_t shingle;
    int32_t unused;
} PairSlot;

typedef struct Numbering {
    const NormalTexts *texts;
    WordTable words; /* bytes in the normalised texts */
    PairSlot *pairs;
    size_t pair_slots;
    int32_t *last; /* by shingle: the last text that had it, + 1 */
    int32_t *df;   /* by shingle: texts that have it */
    size_t last_capacity, df_capacity;
    int shingle_count;
    int32_t *ids; /* shingles of all texts, end to end */
    size_t id_capacity;
    int64_t id_count;
} Numbering;

static void numbering_free(Numbering *n) {
    word_table_free(&n->words);
    mem_free(n->pairs);
    free(n->last);
    free(n->df);
    free(n->ids);
}

static bool grow_pairs(Numbering *n, Error *err) {
    size_t slots = n->pair_slots ? n->pair_slots * 2 : 1 << 14;
    PairSlot *grown = mem_new(slots, sizeof *grown, err);
    if (!grown) return false;
    for (size_t i = 0; i < n->pair_slots; i++) {
        if (!n->pairs[i].key) continue;
        size_t slot = (size_t)hash_bytes((const char *)&n->pairs[i].key, sizeof n->pairs[i].key) & (slots - 1);
        while (grown[slot].key) slot = (slot + 1) & (slots - 1);
        grown[slot] = n->pairs[i];
    }
    mem_free(n->pairs);
    n->pairs = grown;
    n->pair_slots = slots;
    return true;
}

static bool shingle_number(Numbering *n, uint64_t key, int32_t *number, Error *err) {
    if ((size_t)n->shingle_count / 2 * 3 >= n->pair_slots && !grow_pairs(n, err)) return false;
    size_t slot = (size_t)hash_bytes((const char *)&key, sizeof key) & (n->pair_slots - 1);
    while (n->pairs[slot].key && n->pairs[slot].key != key) slot = (slot + 1) & (n->pair_slots - 1);
    if (!n->pairs[slot].key) {
        if (n->shingle_count == INT_MAX - 1) return FAIL(err, ERROR_DATA, "more than %d different pairs of words", INT_MAX - 1);
        size_t needed = (size_t)n->shingle_count + 1;
        int32_t *last = mem_grow(n->last, &n->last_capacity, needed, sizeof *last, err);
        if (last) n->last = last;
        int32_t *df = last ? mem_grow(n->df, &n->df_capacity, needed, sizeof *df, err) : NULL;
        if (!df) return false;
        n->df = df;
        n->last[n->shingle_count] = n->df[n->shingle_count] = 0;
        n->pairs[slot] = (PairSlot){key, n->shingle_count++, 0};
    }
    *number = n->pairs[slot].shingle;
    return true;
}

static bool add_shingle(Numbering *n, int text, uint64_t key, Error *err) {
    int32_t number = 0;
    if (!shingle_number(n, key, &number, err)) return false;
    if (n->last[number] == text + 1) return true;
    int32_t *ids = mem_grow(n->ids, &n->id_capacity, (size_t)n->id_count + 1, sizeof *ids, err);
    if (!ids) return false;
    n->ids = ids;
    n->ids[n->id_count++] = number;
    n->last[number] = text + 1;
    n->df[number]++;
    return true;
}

/* A word of its own makes the key (word, none); two neighbours (first, second). */
static uint64_t key_of(int32_t first, int32_t second) { return ((uint64_t)first + 1) << 32 | (uint64_t)(uint32_t)(second + 1); }

static bool add_text(Numbering *n, int text, Error *err) {
    size_t size;
    const char *words = normal_text(n->texts, text, &size);
    int32_t before = -1, word = -1;
    int count = 0;
    for (size_t at = 0; at < size; count++) {
        const char *end = memchr(words + at, ' ', size - at);
        size_t length = end ? (size_t)(end - (words + at)) : size - at;
        before = word;
        if (!word_table_number(&n->words, words + at, length, &word, err)) return false;
        if (count && !add_shingle(n, text, key_of(before, word), err)) return false;
        at += length + 1;
    }
    return count != 1 || add_shingle(n, text, key_of(word, -1), err);
}

/* ---- ranks ---- */

/* The shingles in the order of their frequency, by counting. */
static bool rank_shingles(Shingles *out, const Numbering *n, int32_t *rank, Error *err) {
    int most = 0;
    for (int i = 0; i < n->shingle_count; i++)
        if (n->df[i] > most) most = n->df[i];
    int32_t *begins = mem_new((size_t)most + 2, sizeof *begins, err);
    if (!begins) return false;
    for (int i = 0; i < n->shingle_count; i++) begins[n->df[i] + 1]++;
    for (int df = 0; df <= most; df++) begins[df + 1] += begins[df];
    out->kinds = n->shingle_count;
    out->single = most ? begins[2] : 0;
    for (int i = 0; i < n->shingle_count; i++) rank[i] = begins[n->df[i]]++;
    mem_free(begins);
    return true;
}

enum { CHUNK = 1024 };

typedef struct Sorting {
    Shingles *shingles;
    const int32_t *rank;
} Sorting;

static void sort_chunk(void *context, int chunk, int thread) {
    (void)thread;
    const Sorting *sorting = context;
    Shingles *shingles = sorting->shingles;
    int begin = chunk * CHUNK, end = shingles->texts - begin < CHUNK ? shingles->texts : begin + CHUNK;
    for (int64_t i = shingles->starts[begin]; i < shingles->starts[end]; i++) shingles->ranks[i] = sorting->rank[shingles->ranks[i]];
    for (int text = begin; text < end; text++)
        sort_int32(shingles->ranks + shingles->starts[text], shingles->starts[text + 1] - shingles->starts[text]);
}

bool shingles_make(Shingles *shingles, const NormalTexts *texts, Pool *pool, Error *err) {
    Numbering n = {.texts = texts};
    *shingles = (Shingles){.texts = texts->count, .starts = mem_new((size_t)texts->count + 1, sizeof(int64_t), err)};
    bool ok = shingles->starts != NULL;
    for (int text = 0; ok && text < texts->count; text++) {
        ok = add_text(&n, text, err);
        shingles->starts[text + 1] = n.id_count;
    }
    word_table_free(&n.words);
    mem_free(n.pairs);
    n.pairs = NULL;
    int32_t *rank = ok ? mem_new((size_t)n.shingle_count, sizeof *rank, err) : NULL;
    ok = rank && rank_shingles(shingles, &n, rank, err);
    if (ok) {
        shingles->ranks = n.ids;
        n.ids = NULL;
        Sorting sorting = {shingles, rank};
        pool_run(pool, (texts->count + CHUNK - 1) / CHUNK, sort_chunk, &sorting);
    }
    mem_free(rank);
    numbering_free(&n);
    return ok;
}

void shingles_free(Shingles *shingles) {
    mem_free(shingles->starts);
    free(shingles->ranks);
    *shingles = (Shingles){0};
}
