#include "encoder/tokens.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/profile.h"

enum { CHUNK_ROWS = 256 };

/* The rows of one task: encoded into ids of their own, since nobody knows before how many there will be. */
typedef struct Chunk {
    int32_t *ids; /* from realloc */
    size_t count, capacity;
    Error err;
} Chunk;

typedef struct Job {
    Tokens *tokens;
    const Tokenizer *tokenizer;
    const char *text;
    const int64_t *starts;
    int max_length;
    Encoding *encodings; /* (threads) */
    Chunk *chunks;
    int chunk_count;
} Job;

static bool encode_row(const Job *job, Chunk *chunk, Encoding *encoding, int row) {
    size_t size = (size_t)(job->starts[row + 1] - job->starts[row]);
    const char *text = size ? job->text + job->starts[row] : "";
    if (!tokenizer_encode(job->tokenizer, encoding, text, size, job->max_length, &chunk->err)) return false;
    if (encoding->full > INT_MAX)
        return FAIL(&chunk->err, ERROR_DATA, "a text of %zu bytes has %zu tokens, more than a row can", size, encoding->full);
    int32_t *grown = mem_grow(chunk->ids, &chunk->capacity, chunk->count + encoding->count, sizeof *grown, &chunk->err);
    if (!grown) return false;
    chunk->ids = grown;
    memcpy(grown + chunk->count, encoding->ids, encoding->count * sizeof *grown);
    chunk->count += encoding->count;
    job->tokens->full[row] = (int32_t)encoding->full;
    job->tokens->starts[row + 1] = (int64_t)encoding->count; /* the length; summed up later */
    return true;
}

static int chunk_end(const Job *job, int chunk) {
    int rest = job->tokens->rows - chunk * CHUNK_ROWS;
    return chunk * CHUNK_ROWS + (rest < CHUNK_ROWS ? rest : CHUNK_ROWS);
}

static void encode_chunk(void *context, int task, int thread) {
    Job *job = context;
    for (int row = task * CHUNK_ROWS; row < chunk_end(job, task); row++)
        if (!encode_row(job, &job->chunks[task], &job->encodings[thread], row)) return;
}

static void copy_chunk(void *context, int task, int thread) {
    (void)thread;
    Job *job = context;
    Chunk *chunk = &job->chunks[task];
    memcpy(job->tokens->ids + job->tokens->starts[(size_t)task * CHUNK_ROWS], chunk->ids, chunk->count * sizeof *chunk->ids);
    free(chunk->ids);
    chunk->ids = NULL;
}

static bool sum_up(Job *job, Error *err) {
    Tokens *tokens = job->tokens;
    for (int i = 0; i < job->chunk_count; i++)
        if (job->chunks[i].err.kind) return FAIL(err, job->chunks[i].err.kind, "%s", job->chunks[i].err.message);
    for (int row = 0; row < tokens->rows; row++) {
        tokens->truncated += tokens->full[row] > tokens->starts[row + 1];
        tokens->starts[row + 1] += tokens->starts[row];
    }
    tokens->ids = mem_new((size_t)tokens->starts[tokens->rows], sizeof *tokens->ids, err);
    return tokens->ids != NULL;
}

bool tokens_encode(Tokens *tokens, const Tokenizer *tokenizer, const char *text, const int64_t *starts, int rows, int max_length,
                   Pool *pool, Error *err) {
    int threads = pool_threads(pool);
    Job job = {.tokens = tokens, .tokenizer = tokenizer, .text = text, .starts = starts, .max_length = max_length};
    job.chunk_count = rows / CHUNK_ROWS + (rows % CHUNK_ROWS > 0);
    tokens->rows = rows;
    ProfilePart before = pool_enter(pool, PROFILE_TOKENISE);
    bool ok = (tokens->starts = mem_new((size_t)rows + 1, sizeof *tokens->starts, err)) &&
              (tokens->full = mem_new((size_t)rows, sizeof *tokens->full, err)) &&
              (job.encodings = mem_new((size_t)threads, sizeof *job.encodings, err)) &&
              (job.chunks = mem_new((size_t)job.chunk_count, sizeof *job.chunks, err));
    if (ok) {
        pool_run(pool, job.chunk_count, encode_chunk, &job);
        ok = sum_up(&job, err);
    }
    if (ok) pool_run(pool, job.chunk_count, copy_chunk, &job);
    for (int i = 0; job.chunks && i < job.chunk_count; i++) free(job.chunks[i].ids);
    for (int i = 0; job.encodings && i < threads; i++) encoding_free(&job.encodings[i]);
    mem_free(job.chunks);
    mem_free(job.encodings);
    (void)pool_enter(pool, before);
    if (!ok) tokens_free(tokens);
    return ok;
}

void tokens_free(Tokens *tokens) {
    mem_free(tokens->ids);
    mem_free(tokens->starts);
    mem_free(tokens->full);
    *tokens = (Tokens){0};
}
