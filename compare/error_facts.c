#include "compare/error_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/sort.h"
#include "datasets/normalize.h"
#include "datasets/statistics.h"
#include "datasets/word_table.h"
#include "metrics/log_odds.h"

static const double PRIOR_SIZE = 500; /* words that both groups are believed to share beforehand: what Monroe et al. take */
static const double MARKED = 1.96;

static void slices_free(Slices *slices) {
    for (int i = 0; slices->names && i < slices->count; i++) free(slices->names[i]);
    mem_free(slices->names);
    mem_free(slices->rows);
    mem_free(slices->right);
    free(slices->what);
}

void error_facts_free(ErrorFacts *facts) {
    if (!facts) return;
    slices_free(&facts->by_length);
    slices_free(&facts->by_column);
    for (int i = 0; facts->marks && i < facts->entries * MOST_MARKS; i++) free(facts->marks[i].word);
    mem_free(facts->marks);
    mem_free(facts->mark_counts);
    mem_free(facts);
}

/* ---- parts of the test rows ---- */

static bool is_right(const EntryResult *entry, int i) {
    const Predictions *p = &entry->predictions[SPLIT_TEST];
    return entry->status == ENTRY_DONE && i < p->rows && p->predicted[i] == p->truth[i];
}

/* part[i]: that of test row i. The slices have their count. */
static bool slices_fill(Slices *slices, const Comparison *c, const int32_t *part, const char *what, Error *err) {
    size_t count = (size_t)slices->count, entries = (size_t)c->entry_count;
    slices->what = mem_copy_text(what, strlen(what), err);
    slices->rows = mem_new(count, sizeof *slices->rows, err);
    slices->right = mem_new(count * entries, sizeof *slices->right, err);
    if (!slices->what || !slices->rows || !slices->right) return false;
    for (int i = 0; i < c->dataset->splits[SPLIT_TEST].count; i++) {
        slices->rows[part[i]]++;
        for (size_t e = 0; e < entries; e++) slices->right[(size_t)part[i] * entries + e] += is_right(&c->entries[e], i);
    }
    return true;
}

/* The lengths of the test rows: in tokens where a model counted them (rows stand in the order of the splits), else in words. */
static void take_lengths(int32_t *lengths, const Comparison *c) {
    const RowList *test = &c->dataset->splits[SPLIT_TEST];
    int before = c->model.lengths_count - test->count;
    for (int i = 0; i < test->count; i++) {
        size_t size;
        const char *text = dataset_text(c->dataset, test->rows[i], &size);
        lengths[i] = c->model.lengths && before >= 0 ? c->model.lengths[before + i] : text_count_words(text, size);
    }
}

/* Cuts at the quantiles; equal lengths stay together, so that there may be fewer parts. */
static bool by_length(Slices *slices, const Comparison *c, Error *err) {
    int rows = c->dataset->splits[SPLIT_TEST].count, high[LENGTH_SLICES];
    int32_t *lengths = mem_new((size_t)rows, sizeof *lengths, err), *sorted = mem_new((size_t)rows, sizeof *sorted, err);
    slices->names = mem_new(LENGTH_SLICES, sizeof *slices->names, err);
    bool ok = lengths && sorted && slices->names;
    if (ok) {
        take_lengths(lengths, c);
        memcpy(sorted, lengths, (size_t)rows * sizeof *sorted);
        sort_int32(sorted, rows);
    }
    for (int begin = 0, cut = 1; ok && begin < rows; cut++) {
        int end = (int)((int64_t)rows * cut / LENGTH_SLICES);
        if (end <= begin) continue;
        while (end < rows && sorted[end] == sorted[end - 1]) end++;
        char name[48];
        high[slices->count] = sorted[end - 1];
        (void)snprintf(name, sizeof name, sorted[begin] == sorted[end - 1] ? "%d" : "%d to %d", (int)sorted[begin], (int)sorted[end - 1]);
        slices->names[slices->count] = mem_copy_text(name, strlen(name), err);
        ok = slices->names[slices->count++] != NULL;
        begin = end;
    }
    for (int i = 0; ok && i < rows; i++) {
        int part = 0;
        while (lengths[i] > high[part]) part++;
        lengths[i] = part;
    }
    ok = ok && slices_fill(slices, c, lengths, c->model.lengths ? "tokens" : "words", err);
    mem_free(lengths);
    mem_free(sorted);
    return ok;
}

typedef struct ColumnValue {
    int value, rows;
} ColumnValue;

static int most_rows_first(const void *a, const void *b) {
    const ColumnValue *x = a, *y = b;
    if (x->rows != y->rows) return x->rows < y->rows ? 1 : -1;
    return (x->value > y->value) - (x->value < y->value);
}

static bool by_column(Slices *slices, const Comparison *c, Error *err) {
    const Dataset *d = c->dataset;
    const RowList *test = &d->splits[SPLIT_TEST];
    if (!d->slices) return true;
    ColumnValue *values = mem_new((size_t)d->slice_count, sizeof *values, err);
    int32_t *place = mem_new((size_t)d->slice_count, sizeof *place, err), *part = mem_new((size_t)test->count, sizeof *part, err);
    bool ok = values && place && part;
    int present = 0;
    for (int v = 0; ok && v < d->slice_count; v++) values[v].value = v;
    for (int i = 0; ok && i < test->count; i++) values[d->slices[test->rows[i]]].rows++;
    if (ok) qsort(values, (size_t)d->slice_count, sizeof *values, most_rows_first);
    while (ok && present < d->slice_count && values[present].rows) present++;
    if (ok) {
        slices->count = present > MOST_SLICES ? MOST_SLICES : present;
        slices->left_out = present > MOST_SLICES ? present - MOST_SLICES + 1 : 0;
        slices->names = mem_new((size_t)slices->count, sizeof *slices->names, err);
        ok = slices->names != NULL;
    }
    for (int i = 0; ok && i < present; i++) place[values[i].value] = i < slices->count ? i : slices->count - 1;
    for (int i = 0; ok && i < slices->count; i++) {
        const char *name = slices->left_out && i == slices->count - 1 ? "(others)" : d->slice_names[values[i].value];
        slices->names[i] = mem_copy_text(name, strlen(name), err);
        ok = slices->names[i] != NULL;
    }
    for (int i = 0; ok && i < test->count; i++) part[i] = place[d->slices[test->rows[i]]];
    ok = ok && slices_fill(slices, c, part, d->slice_column, err);
    mem_free(values);
    mem_free(place);
    mem_free(part);
    return ok;
}

/* ---- words ---- */

/* Which words stand in which test text, each once a text. */
typedef struct TextWords {
    Buffer text;     /* all normalised forms */
    WordTable table;
    int64_t *starts; /* (rows + 1) into words */
    int32_t *words;
    size_t capacity;
    int32_t *last;   /* by word: the last text that had it, + 1 */
    size_t last_capacity;
} TextWords;

static void text_words_free(TextWords *words) {
    buffer_free(&words->text);
    word_table_free(&words->table);
    mem_free(words->starts);
    free(words->words);
    free(words->last);
}

static bool add_word(TextWords *words, int row, const char *word, size_t size, Error *err) {
    int32_t number;
    int known = words->table.count;
    if (!word_table_number(&words->table, word, size, &number, err)) return false;
    if (words->table.count > known) {
        int32_t *last = mem_grow(words->last, &words->last_capacity, (size_t)words->table.count, sizeof *last, err);
        if (!last) return false;
        words->last = last;
        words->last[number] = 0;
    }
    if (words->last[number] == row + 1) return true;
    words->last[number] = row + 1;
    int32_t *list = mem_grow(words->words, &words->capacity, (size_t)words->starts[row + 1] + 1, sizeof *list, err);
    if (!list) return false;
    words->words = list;
    words->words[words->starts[row + 1]++] = number;
    return true;
}

static bool text_words_make(TextWords *words, const Comparison *c, Error *err) {
    const RowList *test = &c->dataset->splits[SPLIT_TEST];
    Buffer scratch = {0};
    words->starts = mem_new((size_t)test->count + 1, sizeof *words->starts, err);
    size_t *ends = mem_new((size_t)test->count, sizeof *ends, err);
    bool ok = words->starts && ends;
    for (int i = 0; ok && i < test->count; i++) { /* all forms first: words are borrowed from where they will stay */
        size_t size;
        const char *text = dataset_text(c->dataset, test->rows[i], &size);
        text_normalize(&words->text, &scratch, text, size);
        ends[i] = words->text.size;
    }
    ok = ok && buffer_ok(&words->text, err);
    for (int i = 0; ok && i < test->count; i++) {
        words->starts[i + 1] = words->starts[i];
        for (size_t at = i ? ends[i - 1] : 0; ok && at < ends[i];) {
            const char *word = words->text.data + at, *space = memchr(word, ' ', ends[i] - at);
            size_t size = space ? (size_t)(space - word) : ends[i] - at;
            ok = add_word(words, i, word, size, err);
            at += size + 1;
        }
    }
    mem_free(ends);
    buffer_free(&scratch);
    return ok;
}

/* Equally marked words in the order of their bytes. */
static bool comes_before(const TextWords *words, const double *z, int a, int b) {
    if (z[a] != z[b]) return z[a] > z[b];
    size_t x = words->table.sizes[a], y = words->table.sizes[b];
    int order = memcmp(words->table.at[a], words->table.at[b], x < y ? x : y);
    return order ? order < 0 : x < y;
}

static bool mark_words(ErrorFacts *facts, const Comparison *c, int entry, const TextWords *words, int64_t *wrong, int64_t *right,
                       double *z, Error *err) {
    int best[MOST_MARKS], count = 0, known = words->table.count;
    memset(wrong, 0, (size_t)known * sizeof *wrong);
    memset(right, 0, (size_t)known * sizeof *right);
    for (int i = 0; i < c->dataset->splits[SPLIT_TEST].count; i++) {
        int64_t *group = is_right(&c->entries[entry], i) ? right : wrong;
        for (int64_t w = words->starts[i]; w < words->starts[i + 1]; w++) group[words->words[w]]++;
    }
    log_odds_z(z, wrong, right, known, PRIOR_SIZE);
    for (int w = 0; w < known; w++) {
        if (!(z[w] >= MARKED) || wrong[w] < MARK_LEAST) continue;
        int at = count;
        while (at > 0 && comes_before(words, z, w, best[at - 1])) at--;
        if (at == MOST_MARKS) continue;
        if (count < MOST_MARKS) count++;
        memmove(best + at + 1, best + at, (size_t)(count - 1 - at) * sizeof *best);
        best[at] = w;
    }
    for (int i = 0; i < count; i++) {
        MarkedWord *mark = &facts->marks[entry * MOST_MARKS + i];
        *mark = (MarkedWord){.word = mem_copy_text(words->table.at[best[i]], words->table.sizes[best[i]], err),
                             .wrong = (int)wrong[best[i]],
                             .right = (int)right[best[i]],
                             .z = z[best[i]]};
        if (!mark->word) return false;
        facts->mark_counts[entry]++;
    }
    return true;
}

static bool mark_all(ErrorFacts *facts, const Comparison *c, Error *err) {
    TextWords words = {0};
    bool ok = text_words_make(&words, c, err);
    size_t known = (size_t)words.table.count;
    int64_t *wrong = ok ? mem_new(known, sizeof *wrong, err) : NULL, *right = ok ? mem_new(known, sizeof *right, err) : NULL;
    double *z = ok ? mem_new(known, sizeof *z, err) : NULL;
    ok = wrong && right && z;
    for (int e = 0; ok && e < c->entry_count; e++)
        if (c->entries[e].status == ENTRY_DONE) ok = mark_words(facts, c, e, &words, wrong, right, z, err);
    mem_free(wrong);
    mem_free(right);
    mem_free(z);
    text_words_free(&words);
    return ok;
}

bool error_facts_make(Comparison *c, Error *err) {
    ErrorFacts *facts = mem_new(1, sizeof *facts, err);
    if (!facts) return false;
    error_facts_free(c->errors);
    c->errors = facts;
    facts->entries = c->entry_count;
    facts->marks = mem_new((size_t)c->entry_count * MOST_MARKS, sizeof *facts->marks, err);
    facts->mark_counts = mem_new((size_t)c->entry_count, sizeof *facts->mark_counts, err);
    return facts->marks && facts->mark_counts && by_length(&facts->by_length, c, err) && by_column(&facts->by_column, c, err) &&
           mark_all(facts, c, err);
}

/* ---- compare.json ---- */

static void write_slices(JsonWriter *json, const char *key, const Comparison *c, const Slices *slices) {
    int entries = c->errors->entries;
    json_write_key(json, key);
    if (!slices->what) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_string(json, "what", slices->what);
    json_write_key(json, "parts");
    json_begin_array(json);
    for (int i = 0; i < slices->count; i++) {
        json_begin_object(json);
        json_put_string(json, "name", slices->names[i]);
        json_put_int(json, "rows", slices->rows[i]);
        json_write_key(json, "accuracy");
        json_begin_object(json);
        for (int e = 0; e < entries; e++)
            if (c->entries[e].status == ENTRY_DONE)
                json_put_number(json, c->entries[e].name, (double)slices->right[i * entries + e] / slices->rows[i]);
        json_end_object(json);
        json_end_object(json);
    }
    json_end_array(json);
    json_put_int(json, "values_left_out", slices->left_out);
    json_end_object(json);
}

void error_facts_write_json(JsonWriter *json, const Comparison *c) {
    const ErrorFacts *facts = c->errors;
    if (!facts) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    write_slices(json, "by_length", c, &facts->by_length);
    write_slices(json, "by_column", c, &facts->by_column);
    json_write_key(json, "words");
    json_begin_object(json);
    for (int e = 0; e < facts->entries; e++) {
        if (c->entries[e].status != ENTRY_DONE) continue;
        json_write_key(json, c->entries[e].name);
        json_begin_array(json);
        for (int i = 0; i < facts->mark_counts[e]; i++) {
            const MarkedWord *mark = &facts->marks[e * MOST_MARKS + i];
            json_begin_object(json);
            json_put_string(json, "word", mark->word);
            json_put_int(json, "wrong", mark->wrong);
            json_put_int(json, "right", mark->right);
            json_put_number(json, "z", mark->z);
            json_end_object(json);
        }
        json_end_array(json);
    }
    json_end_object(json);
    json_end_object(json);
}
