#include "datasets/near.h"

#include <stdlib.h>

#include "datasets/shingles.h"

enum {
    CHUNK = 128, /* texts searched in one task */
    AHEAD = 16   /* shingles whose places are asked for before they are read */
};

/* J ≥ 0.8 in whole numbers: 5 · shared ≥ 4 · all. */
static bool is_near(int64_t shared, int64_t all) { return 5 * shared >= 4 * all; }

/* Of n and m shingles so many must be shared: ⌈0.8 (n + m) / 1.8⌉. */
static int64_t shared_needed(int64_t n, int64_t m) { return (4 * (n + m) + 8) / 9; }

static int64_t prefix_of(int64_t n) { return n ? n - (4 * n + 4) / 5 + 1 : 0; }

/* Where a shingle stands among the first of a text. */
typedef struct Place {
    int32_t text, size, position;
} Place;

typedef struct Search {
    const Shingles *shingles;
    int64_t *begins; /* (kinds - single + 1) into places, by rank - single */
    Place *places;   /* of one shingle by text, ascending */
    int most;        /* pairs a text */
    int32_t **seen;  /* (threads): by text, the last one that looked at it, + 1 */
    NearPairs *found; /* (chunks) */
    size_t *capacities;
    Error *errors; /* (chunks) */
} Search;

/* ---- the index ---- */

static bool index_make(Search *search, Error *err) {
    const Shingles *s = search->shingles;
    size_t kinds = (size_t)(s->kinds - s->single);
    search->begins = mem_new(kinds + 2, sizeof *search->begins, err);
    if (!search->begins) return false;
    for (int pass = 0; pass < 2; pass++) {
        for (int text = 0; text < s->texts; text++) {
            int64_t n = s->starts[text + 1] - s->starts[text], prefix = prefix_of(n);
            for (int64_t i = 0; i < prefix; i++) {
                int32_t rank = s->ranks[s->starts[text] + i] - s->single;
                if (rank < 0) continue;
                if (pass == 0)
                    search->begins[rank + 2]++;
                else
                    search->places[search->begins[rank + 1]++] = (Place){text, (int32_t)n, (int32_t)i};
            }
        }
        if (pass) break;
        for (size_t k = 0; k + 1 < kinds + 2; k++) search->begins[k + 1] += search->begins[k];
        search->places = mem_new((size_t)search->begins[kinds + 1], sizeof *search->places, err);
        if (!search->places) return false;
    }
    return true;
}

/* ---- one text ---- */

/* Shingles in both, from two ascending lists; stops when `needed` can no longer be reached. */
static int64_t count_shared(const int32_t *a, int64_t n, const int32_t *b, int64_t m, int64_t needed) {
    int64_t i = 0, j = 0, shared = 0;
    while (i < n && j < m) {
        if (a[i] == b[j]) {
            shared++;
            i++;
            j++;
            continue;
        }
        if (a[i] < b[j])
            i++;
        else
            j++;
        if (shared + (n - i < m - j ? n - i : m - j) < needed) break;
    }
    return shared;
}

static bool add_pair(Search *search, int chunk, NearPair pair) {
    NearPairs *found = &search->found[chunk];
    NearPair *pairs =
        mem_grow(found->pairs, &search->capacities[chunk], (size_t)found->count + 1, sizeof *pairs, &search->errors[chunk]);
    if (!pairs) return false;
    found->pairs = pairs;
    found->pairs[found->count++] = pair;
    return true;
}

/* What one text's search has used up. */
typedef struct Spent {
    int pairs, compared;
    int64_t looked;
} Spent;

static bool try_place(Search *search, int chunk, int text, int64_t position, const Place *place, Spent *spent) {
    const Shingles *s = search->shingles;
    const int32_t *own = s->ranks + s->starts[text], *other = s->ranks + s->starts[place->text];
    int64_t n = s->starts[text + 1] - s->starts[text], m = place->size, needed = shared_needed(n, m);
    int64_t rest = n - position < m - place->position ? n - position : m - place->position;
    if (5 * m < 4 * n || 5 * n < 4 * m || rest < needed) return true;
    spent->compared++;
    /* The first shingle that both have is this one: what is before it need not be walked. */
    int64_t shared = count_shared(own + position, n - position, other + place->position, m - place->position, needed);
    if (!is_near(shared, n + m - shared)) return true;
    spent->pairs++;
    return add_pair(search, chunk, (NearPair){text, place->text, (int32_t)shared, (int32_t)(n + m - shared)});
}

/* The lists of some shingles will be read: of many texts they are far from the processor. */
static void fetch_places(const Search *search, const int32_t *ranks, int64_t count) {
    int32_t single = search->shingles->single;
    for (int64_t i = 0; i < count; i++)
        if (ranks[i] >= single) __builtin_prefetch(&search->begins[ranks[i] - single]);
    for (int64_t i = 0; i < count; i++)
        if (ranks[i] >= single) __builtin_prefetch(&search->places[search->begins[ranks[i] - single]]);
}

/* Compares a text with those before it. False when memory ran out. */
static bool search_text(Search *search, int chunk, int thread, int text) {
    const Shingles *s = search->shingles;
    int64_t prefix = prefix_of(s->starts[text + 1] - s->starts[text]);
    int32_t *seen = search->seen[thread];
    Spent spent = {0};
    for (int64_t i = 0; i < prefix; i++) {
        if (i % AHEAD == 0) fetch_places(search, s->ranks + s->starts[text] + i, prefix - i < AHEAD ? prefix - i : AHEAD);
        int32_t rank = s->ranks[s->starts[text] + i] - s->single;
        if (rank < 0) continue;
        for (int64_t p = search->begins[rank]; p < search->begins[rank + 1]; p++) {
            const Place *place = &search->places[p];
            if (place->text >= text) break;
            if (spent.pairs == search->most || spent.compared == NEAR_COMPARED_MOST || spent.looked == NEAR_LOOKED_MOST) {
                search->found[chunk].cut++;
                return true;
            }
            spent.looked++;
            if (seen[place->text] == text + 1) continue;
            seen[place->text] = text + 1;
            if (!try_place(search, chunk, text, i, place, &spent)) return false;
        }
    }
    return true;
}

static int by_earlier(const void *a, const void *b) {
    const NearPair *x = a, *y = b;
    if (x->later != y->later) return x->later < y->later ? -1 : 1;
    return (x->earlier > y->earlier) - (x->earlier < y->earlier);
}

static void search_chunk(void *context, int chunk, int thread) {
    Search *search = context;
    NearPairs *found = &search->found[chunk];
    int begin = chunk * CHUNK, end = search->shingles->texts - begin < CHUNK ? search->shingles->texts : begin + CHUNK;
    for (int text = begin; text < end; text++)
        if (!search_text(search, chunk, thread, text)) return;
    if (found->count > 1) qsort(found->pairs, (size_t)found->count, sizeof *found->pairs, by_earlier);
}

/* ---- all texts ---- */

static bool gather(NearPairs *near, const Search *search, int chunks, Error *err) {
    for (int chunk = 0; chunk < chunks; chunk++) {
        if (search->errors[chunk].kind) {
            if (err) *err = search->errors[chunk];
            return false;
        }
        near->count += search->found[chunk].count;
        near->cut += search->found[chunk].cut;
    }
    near->pairs = mem_new((size_t)near->count, sizeof *near->pairs, err);
    if (!near->pairs) return false;
    int64_t at = 0;
    for (int chunk = 0; chunk < chunks; chunk++)
        for (int64_t i = 0; i < search->found[chunk].count; i++) near->pairs[at++] = search->found[chunk].pairs[i];
    return true;
}

static bool search_all(NearPairs *near, Search *search, Pool *pool, Error *err) {
    int texts = search->shingles->texts, threads = pool_threads(pool), chunks = (texts + CHUNK - 1) / CHUNK;
    search->most = texts ? NEAR_PAIRS_MOST / texts : 0;
    if (search->most < NEAR_LEAST) search->most = NEAR_LEAST;
    search->seen = mem_new((size_t)threads, sizeof *search->seen, err);
    search->found = mem_new((size_t)chunks, sizeof *search->found, err);
    search->capacities = mem_new((size_t)chunks, sizeof *search->capacities, err);
    search->errors = mem_new((size_t)chunks, sizeof *search->errors, err);
    bool ok = search->seen && search->found && search->capacities && search->errors;
    for (int thread = 0; ok && thread < threads; thread++) {
        search->seen[thread] = mem_new((size_t)texts, sizeof **search->seen, err);
        ok = search->seen[thread] != NULL;
    }
    if (ok) pool_run(pool, chunks, search_chunk, search);
    ok = ok && gather(near, search, chunks, err);
    for (int thread = 0; search->seen && thread < threads; thread++) mem_free(search->seen[thread]);
    for (int chunk = 0; search->found && chunk < chunks; chunk++) free(search->found[chunk].pairs);
    mem_free(search->seen);
    mem_free(search->found);
    mem_free(search->capacities);
    mem_free(search->errors);
    return ok;
}

bool near_pairs_find(NearPairs *near, const NormalTexts *texts, Pool *pool, Error *err) {
    Shingles shingles = {0};
    Search search = {.shingles = &shingles};
    *near = (NearPairs){0};
    bool ok = shingles_make(&shingles, texts, pool, err) && index_make(&search, err) && search_all(near, &search, pool, err);
    mem_free(search.begins);
    mem_free(search.places);
    shingles_free(&shingles);
    return ok;
}

void near_pairs_free(NearPairs *near) {
    mem_free(near->pairs);
    *near = (NearPairs){0};
}
