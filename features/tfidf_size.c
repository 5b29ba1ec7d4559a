#include "features/tfidf_size.h"

#include <stdlib.h>

#include "common/sort.h"
#include "features/tfidf_table.h"

/* Of all terms those are looked at whose hash is below a limit, and the limit is halved whenever they become too many (Wegman's adaptive sampling;
 * Flajolet 1990): what is left at the end stands for 2^halvings times as many, and each of them has been counted from its first row on. */
enum { SAMPLE_MOST = 8192, SAMPLE_SLOTS = 4 * SAMPLE_MOST, ROWS_A_TASK = 512, ROWS_AN_EXACT = 32 };

typedef struct Sampled {
    uint64_t key; /* 0: no term */
    uint32_t size;
    int32_t df;
    int32_t last_row;
} Sampled;

typedef struct Sample {
    Words words;
    Sampled *terms; /* (SAMPLE_SLOTS) by key */
    int count, halvings;
    int64_t occurrences;
    int32_t *row; /* terms of one row, to see how many stand there more than once */
    size_t row_capacity;
    int64_t exact_occurrences, exact_different;
    Error err;
} Sample;

typedef struct Sizing {
    const TextView *texts;
    const TfidfOptions *options;
    Sample *samples; /* one a thread */
} Sizing;

/* Bits that neither a table's slots nor the shards have looked at before; never 0. */
static uint64_t key_of(uint64_t hash) { return (hash * 0x9E3779B97F4A7C15u) | 1; }

static bool is_sampled(const Sample *sample, uint64_t key) {
    return sample->halvings == 0 || key >> (64 - sample->halvings) == 0;
}

static Sampled *place_of(Sampled *terms, uint64_t key) {
    size_t slot = (size_t)(key >> 1) % SAMPLE_SLOTS;
    while (terms[slot].key && terms[slot].key != key) slot = (slot + 1) % SAMPLE_SLOTS;
    return &terms[slot];
}

/* Halves the limit until there is room again. */
static bool sample_halve(Sample *sample) {
    Sampled *terms = mem_new(SAMPLE_SLOTS, sizeof *terms, &sample->err);
    if (!terms) return false;
    sample->halvings++;
    sample->count = 0;
    for (int i = 0; i < SAMPLE_SLOTS; i++) {
        if (!sample->terms[i].key || !is_sampled(sample, sample->terms[i].key)) continue;
        *place_of(terms, sample->terms[i].key) = sample->terms[i];
        sample->count++;
    }
    mem_free(sample->terms);
    sample->terms = terms;
    return true;
}

static bool sample_add(Sample *sample, uint64_t key, uint32_t size, int32_t df, int32_t row) {
    if (!is_sampled(sample, key)) return true;
    Sampled *term = place_of(sample->terms, key);
    if (!term->key) {
        *term = (Sampled){.key = key, .size = size, .last_row = -1};
        sample->count++;
    }
    if (term->last_row != row) term->df += df;
    term->last_row = row;
    while (sample->count > SAMPLE_MOST)
        if (!sample_halve(sample)) return false;
    return true;
}

/* How many of a row's terms differ, by 32 bits of their hashes. */
static void row_count(Sample *sample, int count) {
    sort_int32(sample->row, count);
    sample->exact_occurrences += count;
    for (int i = 0; i < count; i++) sample->exact_different += i == 0 || sample->row[i] != sample->row[i - 1];
}

static bool text_sample(Sample *sample, const TfidfOptions *options, int row) {
    const Words *words = &sample->words;
    size_t most = (size_t)words->count * (size_t)(options->max_n - options->min_n + 1);
    int32_t *hashes = mem_grow(sample->row, &sample->row_capacity, most, sizeof *hashes, &sample->err);
    if (!hashes) return false;
    sample->row = hashes;
    int count = 0;
    for (int first = 0; first < words->count; first++) {
        size_t begin = first ? words->ends[first - 1] + 1 : 0;
        uint64_t hash = 0;
        for (int n = 1; n <= options->max_n && first + n <= words->count; n++) {
            int last = first + n - 1;
            hash = n > 1 ? term_hash(hash, words->hashes[last]) : words->hashes[last];
            if (n < options->min_n) continue;
            hashes[count++] = (int32_t)(hash & 0x7FFFFFFF);
            if (!sample_add(sample, key_of(hash), (uint32_t)(words->ends[last] - begin), 1, row)) return false;
        }
    }
    sample->occurrences += count;
    if (row % ROWS_AN_EXACT == 0) row_count(sample, count);
    return true;
}

static void rows_sample(void *context, int task, int thread) {
    Sizing *job = context;
    Sample *sample = &job->samples[thread];
    int first = task * ROWS_A_TASK, end = job->texts->count - first < ROWS_A_TASK ? job->texts->count : first + ROWS_A_TASK;
    for (int i = first; i < end && !sample->err.kind; i++) {
        size_t size;
        const char *text = text_view_row(job->texts, i, &size);
        if (words_split(&sample->words, text, size, job->options->lowercase, &sample->err))
            (void)text_sample(sample, job->options, i);
    }
}

/* The samples of all threads become that of the first. What they hold together is what one thread would hold, since the limit depends on how many
 * terms there are and not on their order. */
static bool samples_join(Sizing *job, int threads, Error *err) {
    Sample *all = job->samples;
    for (int t = 0; t < threads; t++) {
        const Sample *from = &job->samples[t];
        if (from->err.kind) return FAIL(err, from->err.kind, "%s", from->err.message);
        if (t == 0) continue;
        while (all->halvings < from->halvings)
            if (!sample_halve(all)) return FAIL(err, all->err.kind, "%s", all->err.message);
        for (int i = 0; i < SAMPLE_SLOTS; i++) {
            const Sampled *term = &from->terms[i];
            if (term->key && !sample_add(all, term->key, term->size, term->df, -2 - t))
                return FAIL(err, all->err.kind, "%s", all->err.message);
        }
        all->occurrences += from->occurrences;
        all->exact_occurrences += from->exact_occurrences;
        all->exact_different += from->exact_different;
    }
    return true;
}

static void size_tell(TfidfSize *size, const Sample *all, int rows, const TfidfOptions *options) {
    double each = (double)((uint64_t)1 << all->halvings), bytes = 0, kept = 0;
    double least = options->min_df < 1 ? options->min_df * rows : options->min_df;
    double most = options->max_df <= 1 ? options->max_df * rows : options->max_df;
    for (int i = 0; i < SAMPLE_SLOTS; i++) {
        const Sampled *term = &all->terms[i];
        if (!term->key) continue;
        bytes += term->size;
        kept += term->df >= least && term->df <= most;
    }
    *size = (TfidfSize){.terms = all->count * each, .kept = kept * each, .term_bytes = all->count ? bytes / all->count : 0};
    if (options->max_features && size->kept > options->max_features) size->kept = options->max_features;
    double different = all->exact_occurrences ? (double)all->exact_different / (double)all->exact_occurrences : 1;
    size->entries = (double)all->occurrences * different;
}

bool tfidf_size(TfidfSize *size, const TextView *texts, const TfidfOptions *options, Pool *pool, Error *err) {
    int threads = pool_threads(pool);
    Sizing job = {.texts = texts, .options = options, .samples = mem_new((size_t)threads, sizeof(Sample), err)};
    bool good = job.samples != NULL;
    for (int t = 0; good && t < threads; t++) good = (job.samples[t].terms = mem_new(SAMPLE_SLOTS, sizeof(Sampled), err)) != NULL;
    if (good) {
        pool_run(pool, (texts->count + ROWS_A_TASK - 1) / ROWS_A_TASK, rows_sample, &job);
        good = samples_join(&job, threads, err);
    }
    if (good) size_tell(size, job.samples, texts->count, options);
    for (int t = 0; job.samples && t < threads; t++) {
        words_free(&job.samples[t].words);
        mem_free(job.samples[t].terms);
        free(job.samples[t].row);
    }
    mem_free(job.samples);
    return good;
}

/* ---- bytes ---- */

static double slots_bytes(double terms) {
    double slots = 16;
    while (slots < 2 * terms) slots *= 2;
    return slots * (double)sizeof(TermSlot);
}

double tfidf_kept_bytes(const TfidfSize *size) {
    double a_term = size->term_bytes + sizeof(int64_t) + sizeof(int32_t) + sizeof(double);
    return size->kept * a_term + slots_bytes(size->kept);
}

double tfidf_fit_bytes(const TfidfSize *size) {
    const double term = 24, entry = 24, row_of_a_wave = 4096; /* Term, Entry and what a chunk takes, of tfidf_fit.c */
    double counted = size->terms * (term + size->term_bytes), wave = 32768 * row_of_a_wave;
    double counting = counted + slots_bytes(size->terms) + wave;
    double sorting = counted + size->kept * (entry + size->term_bytes + sizeof(int64_t) + sizeof(int32_t));
    double indexing = tfidf_kept_bytes(size) + size->kept * sizeof(uint64_t);
    double most = counting > sorting ? counting : sorting;
    return most > indexing ? most : indexing;
}
