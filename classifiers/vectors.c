#include "classifiers/vectors.h"

#include <math.h>

#include "common/memory.h"

enum { PIECE = 16384, LANES = 8 };

typedef struct Job {
    const Vectors *vectors;
    double *out;
    double s, t;
    const double *a, *b;
} Job;

static int pieces(const Vectors *vectors) { return (int)((vectors->length + PIECE - 1) / PIECE); }

bool vectors_make(Vectors *vectors, size_t length, Pool *pool, Error *err) {
    *vectors = (Vectors){.length = length, .pool = pool};
    if (length / PIECE >= INT32_MAX) return FAIL(err, ERROR_FAILED, "%zu weights are too many", length);
    vectors->partial = mem_new((size_t)pieces(vectors), sizeof *vectors->partial, err);
    return vectors->partial != NULL;
}

void vectors_free(Vectors *vectors) {
    mem_free(vectors->partial);
    *vectors = (Vectors){0};
}

static size_t piece_end(const Vectors *vectors, int piece) {
    size_t end = ((size_t)piece + 1) * PIECE;
    return end < vectors->length ? end : vectors->length;
}

/* Eight sums side by side let the compiler use vectors in an order that the source fixes. */
double vector_dot(const double *a, const double *b, size_t length) {
    double sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= length; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) sums[lane] += a[i + lane] * b[i + lane];
    for (; i < length; i++) sums[0] += a[i] * b[i];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static void dot_piece(void *context, int piece, int thread) {
    (void)thread;
    const Job *job = context;
    size_t begin = (size_t)piece * PIECE;
    job->vectors->partial[piece] = vector_dot(job->a + begin, job->b + begin, piece_end(job->vectors, piece) - begin);
}

double vectors_dot(const Vectors *vectors, const double *a, const double *b) {
    Job job = {.vectors = vectors, .a = a, .b = b};
    pool_run(vectors->pool, pieces(vectors), dot_piece, &job);
    double sum = 0;
    for (int piece = 0; piece < pieces(vectors); piece++) sum += vectors->partial[piece];
    return sum;
}

static void largest_piece(void *context, int piece, int thread) {
    (void)thread;
    const Job *job = context;
    double largest = 0;
    for (size_t i = (size_t)piece * PIECE; i < piece_end(job->vectors, piece); i++)
        if (!(fabs(job->a[i]) <= largest)) largest = fabs(job->a[i]);
    job->vectors->partial[piece] = largest;
}

double vectors_largest(const Vectors *vectors, const double *a) {
    Job job = {.vectors = vectors, .a = a};
    pool_run(vectors->pool, pieces(vectors), largest_piece, &job);
    double largest = 0;
    for (int piece = 0; piece < pieces(vectors); piece++) {
        if (isnan(vectors->partial[piece])) return (double)NAN;
        if (vectors->partial[piece] > largest) largest = vectors->partial[piece];
    }
    return largest;
}

static void combine_piece(void *context, int piece, int thread) {
    (void)thread;
    const Job *job = context;
    for (size_t i = (size_t)piece * PIECE; i < piece_end(job->vectors, piece); i++)
        job->out[i] = job->s * job->a[i] + job->t * job->b[i];
}

void vectors_combine(const Vectors *vectors, double *out, double s, const double *a, double t, const double *b) {
    Job job = {vectors, out, s, t, a, b};
    pool_run(vectors->pool, pieces(vectors), combine_piece, &job);
}
