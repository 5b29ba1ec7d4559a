#include "datasets/shingles.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/sort.h"
#include "datasets/hash.h"
#include "datasets/word_table.h"

/* ---- numbers for words and for pairs of words ---- */

typedef struct PairSlot {
    uint64_t key;    /* numbers of both words + 1: never 0 */
    int32_t shingle; /* its number */
    int32_t last;    /* the last text that had it, + 1 */
} PairSlot;

/* So many shingles are looked up at a time. Of a million texts the table is far larger than a cache: their slots are asked for before the first is read. */
enum { AHEAD = 32 };

typedef struct Wanted {
    uint64_t key, hash;
} Wanted;

typedef struct Numbering {
    const NormalTexts *texts;
    WordTable words; /* bytes in the normalised texts */
    PairSlot *pairs;
    size_t pair_slots;
    int shingle_count;
    Wanted wanted[AHEAD]; /* of the text that is read, not yet looked up */
    int wanted_count;
    int32_t *ids; /* shingles of all texts, end to end */
    size_t id_capacity;
    int64_t id_count;
} Numbering;

static void numbering_free(Numbering *n) {
    word_table_free(&n->words);
    mem_free(n->pairs);
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

/* The slot of a shingle, new or known; there is room for it. */
static PairSlot *find_slot(Numbering *n, const Wanted *wanted) {
    size_t slot = (size_t)wanted->hash & (n->pair_slots - 1);
    while (n->pairs[slot].key && n->pairs[slot].key != wanted->key) slot = (slot + 1) & (n->pair_slots - 1);
    if (!n->pairs[slot].key) n->pairs[slot] = (PairSlot){wanted->key, n->shingle_count++, 0};
    return &n->pairs[slot];
}

/* The shingles that are wanted, once each, behind those that the text has already. */
static bool add_wanted(Numbering *n, int text, Error *err) {
    if (n->shingle_count > INT_MAX - AHEAD) return FAIL(err, ERROR_DATA, "more than %d different pairs of words", INT_MAX - AHEAD);
    if ((size_t)(n->shingle_count + AHEAD) / 2 * 3 >= n->pair_slots && !grow_pairs(n, err)) return false;
    int32_t *ids = mem_grow(n->ids, &n->id_capacity, (size_t)n->id_count + AHEAD, sizeof *ids, err);
    if (!ids) return false;
    n->ids = ids;
    for (int i = 0; i < n->wanted_count; i++) __builtin_prefetch(&n->pairs[(size_t)n->wanted[i].hash & (n->pair_slots - 1)], 1);
    for (int i = 0; i < n->wanted_count; i++) {
        PairSlot *slot = find_slot(n, &n->wanted[i]);
        if (slot->last == text + 1) continue;
        slot->last = text + 1;
        n->ids[n->id_count++] = slot->shingle;
    }
    n->wanted_count = 0;
    return true;
}

static bool want(Numbering *n, int text, uint64_t key, Error *err) {
    if (n->wanted_count == AHEAD && !add_wanted(n, text, err)) return false;
    n->wanted[n->wanted_count++] = (Wanted){key, hash_bytes((const char *)&key, sizeof key)};
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
        if (count && !want(n, text, key_of(before, word), err)) return false;
        at += length + 1;
    }
    if (count == 1 && !want(n, text, key_of(word, -1), err)) return false;
    return add_wanted(n, text, err);
}

/* ---- ranks ---- */

/* The shingles in the order of the number of texts that have them, by counting. */
static bool rank_shingles(Shingles *out, const Numbering *n, int32_t *rank, Error *err) {
    int32_t *df = mem_new((size_t)n->shingle_count, sizeof *df, err);
    if (!df) return false;
    int most = 0;
    for (int64_t i = 0; i < n->id_count; i++)
        if (++df[n->ids[i]] > most) most = df[n->ids[i]];
    int32_t *begins = mem_new((size_t)most + 2, sizeof *begins, err);
    bool ok = begins != NULL;
    if (ok) {
        for (int i = 0; i < n->shingle_count; i++) begins[df[i] + 1]++;
        for (int count = 0; count <= most; count++) begins[count + 1] += begins[count];
        out->kinds = n->shingle_count;
        out->single = most ? begins[2] : 0;
        for (int i = 0; i < n->shingle_count; i++) rank[i] = begins[df[i]]++;
    }
    mem_free(df);
    mem_free(begins);
    return ok;
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
