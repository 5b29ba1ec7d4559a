#include "cli/exploration.h"

#include <limits.h>
#include <stdlib.h>

#include "encoder/config.h"
#include "encoder/tokens.h"

void exploration_free(Exploration *explored) {
    for (int split = 0; split < SPLIT_COUNT; split++) mem_free(explored->splits[split].counts);
    mem_free(explored->texts);
    mem_free(explored->order);
    audit_free(&explored->audit);
    dataset_free(&explored->dataset);
    *explored = (Exploration){0};
}

static int most_frequent_first(const void *a, const void *b, void *counts) {
    const int64_t *rows = counts;
    int x = *(const int *)a, y = *(const int *)b;
    if (rows[x] != rows[y]) return rows[x] < rows[y] ? 1 : -1;
    return x - y;
}

static void count_texts(Exploration *explored) {
    const Dataset *dataset = &explored->dataset;
    const RowList *list = &dataset->splits[explored->main];
    for (int i = 0; i < list->count; i++) {
        int row = list->rows[i];
        if (!(explored->audit.flags[row] & AUDIT_DUPLICATE)) explored->texts[dataset->labels[row]]++;
    }
}

bool exploration_make(Exploration *explored, Pool *pool, Error *err) {
    const Dataset *dataset = &explored->dataset;
    size_t classes = (size_t)dataset->classes;
    explored->texts = mem_new(classes, sizeof *explored->texts, err);
    explored->order = mem_new(classes, sizeof *explored->order, err);
    if (!explored->texts || !explored->order || !audit_run(&explored->audit, dataset, err) ||
        !audit_compare(&explored->audit, dataset, pool, err))
        return false;
    for (int split = SPLIT_COUNT - 1; split >= 0; split--) {
        SplitFacts *facts = &explored->splits[split];
        facts->rows = dataset->splits[split].count;
        facts->counts = mem_new(classes, sizeof *facts->counts, err);
        if (!facts->counts || !text_summaries_make(&facts->lengths, dataset, &dataset->splits[split], err)) return false;
        dataset_count_classes(dataset, (Split)split, facts->counts);
        if (facts->rows) explored->main = (Split)split;
    }
    bool has_train = explored->splits[SPLIT_TRAIN].rows > 0, has_validation = explored->splits[SPLIT_VALIDATION].rows > 0;
    bool has_test = explored->splits[SPLIT_TEST].rows > 0;
    if (dataset->whole || (has_train && !has_validation && !has_test))
        explored->texts_needed = 3;
    else if (has_train && !(has_validation && has_test))
        explored->texts_needed = 2;
    for (int k = 0; k < dataset->classes; k++) explored->order[k] = k;
    qsort_r(explored->order, classes, sizeof *explored->order, most_frequent_first, explored->splits[explored->main].counts);
    count_texts(explored);
    return true;
}

/* Tokens before truncation, row by row; a chunk of rows at a time, so that ids of a million rows never stand in memory at
 * once. */
static bool count_tokens(int32_t *lengths, const Dataset *dataset, const Tokenizer *tokenizer, Pool *pool, Error *err) {
    enum { CHUNK = 1 << 14, SHORTEST_LIMIT = 2 };
    for (int begin = 0; begin < dataset->rows; begin += CHUNK) {
        Tokens tokens = {0};
        int rows = dataset->rows - begin < CHUNK ? dataset->rows - begin : CHUNK;
        bool ok = tokens_encode(&tokens, tokenizer, dataset->text, dataset->starts + begin, rows, SHORTEST_LIMIT, pool, err);
        for (int i = 0; ok && i < rows; i++) lengths[begin + i] = tokens.full[i];
        tokens_free(&tokens);
        if (!ok) return false;
    }
    return true;
}

static bool summarize_tokens(Exploration *explored, const int32_t *lengths, Error *err) {
    for (int split = 0; split < SPLIT_COUNT; split++) {
        SplitFacts *facts = &explored->splits[split];
        const RowList *list = &explored->dataset.splits[split];
        int32_t *own = mem_new((size_t)list->count, sizeof *own, err);
        if (!own) return false;
        for (int i = 0; i < list->count; i++) {
            own[i] = lengths[list->rows[i]];
            facts->truncated += own[i] > explored->max_length;
        }
        bool ok = summary_make(&facts->tokens, own, list->count, err);
        mem_free(own);
        if (!ok) return false;
    }
    return true;
}

bool exploration_add_tokens(Exploration *explored, const char *folder, int max_length, Pool *pool, Error *err) {
    EncoderConfig config = {0};
    Tokenizer *tokenizer = tokenizer_load(folder, err);
    int32_t *lengths = mem_new((size_t)explored->dataset.rows, sizeof *lengths, err);
    bool ok = tokenizer && lengths && encoder_config_load(&config, folder, err);
    if (ok) {
        int allowed = tokenizer_max_length(tokenizer) < config.positions ? tokenizer_max_length(tokenizer) : config.positions;
        explored->max_length = max_length > 0 && max_length < allowed ? max_length : allowed;
        ok = count_tokens(lengths, &explored->dataset, tokenizer, pool, err) && summarize_tokens(explored, lengths, err);
    }
    mem_free(lengths);
    encoder_config_free(&config);
    tokenizer_free(tokenizer);
    return ok;
}
