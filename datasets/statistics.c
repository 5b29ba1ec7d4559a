#include "datasets/statistics.h"

#include <math.h>
#include <string.h>

#include "common/sort.h"
#include "common/utf8.h"

static double quantile(const int32_t *sorted, int count, double q) {
    double place = q * (count - 1);
    int below = (int)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - below) * ((double)sorted[above] - sorted[below]);
}

bool summary_make(Summary *summary, const int32_t *values, int count, Error *err) {
    *summary = (Summary){.count = count};
    if (!count) return true;
    int32_t *sorted = mem_new((size_t)count, sizeof *sorted, err);
    if (!sorted) return false;
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    sort_int32(sorted, count);
    int64_t sum = 0;
    for (int i = 0; i < count; i++) sum += sorted[i];
    summary->min = sorted[0];
    summary->max = sorted[count - 1];
    summary->mean = (double)sum / count;
    summary->q1 = quantile(sorted, count, 0.25);
    summary->median = quantile(sorted, count, 0.5);
    summary->q3 = quantile(sorted, count, 0.75);
    summary->p95 = quantile(sorted, count, 0.95);
    mem_free(sorted);
    return true;
}

int32_t text_count_characters(const char *text, size_t size) { return (int32_t)utf8_count(text, size); }

/* White space as Python's str.isspace: bidirectional type WS, B or S, or category Zs. */
static bool is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

int32_t text_count_words(const char *text, size_t size) {
    int32_t words = 0;
    bool inside = false;
    for (size_t at = 0; at < size;) {
        uint32_t c = (unsigned char)text[at];
        int length = c < 0x80 ? 1 : utf8_decode(text + at, size - at, &c);
        bool space = is_space(c);
        words += !space && !inside;
        inside = !space;
        at += length > 0 ? (size_t)length : 1;
    }
    return words;
}

bool text_summaries_make(TextSummaries *summaries, const Dataset *dataset, const RowList *rows, Error *err) {
    int32_t *words = mem_new((size_t)rows->count, sizeof *words, err),
            *characters = mem_new((size_t)rows->count, sizeof *characters, err);
    bool ok = words && characters;
    for (int i = 0; ok && i < rows->count; i++) {
        size_t size;
        const char *text = dataset_text(dataset, rows->rows[i], &size);
        words[i] = text_count_words(text, size);
        characters[i] = text_count_characters(text, size);
    }
    ok = ok && summary_make(&summaries->words, words, rows->count, err) &&
         summary_make(&summaries->characters, characters, rows->count, err);
    mem_free(words);
    mem_free(characters);
    return ok;
}

double balance_entropy(const int64_t *counts, int classes) {
    double total = 0, entropy = 0;
    for (int k = 0; k < classes; k++) total += (double)counts[k];
    for (int k = 0; k < classes; k++)
        if (counts[k] > 0) entropy -= (double)counts[k] / total * log((double)counts[k] / total);
    return classes > 1 ? entropy / log(classes) : 0;
}

double balance_ratio(const int64_t *counts, int classes) {
    int64_t least = INT64_MAX, most = 0;
    for (int k = 0; k < classes; k++) {
        if (counts[k] < least) least = counts[k];
        if (counts[k] > most) most = counts[k];
    }
    if (classes == 0) return 1;
    return least > 0 ? (double)most / (double)least : (double)INFINITY;
}
