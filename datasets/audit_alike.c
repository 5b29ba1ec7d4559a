/* Rows that are alike without being equal: by normalised text, and by near pairs of these. */
#include <string.h>

#include "datasets/audit_inside.h"

typedef struct Alike {
    Audit *audit;
    const Dataset *dataset;
    const uint8_t *split; /* (rows) */
    uint8_t *equal_in;    /* (rows): by a text's first row, bit b: it stands in split b */
    int64_t *best;        /* (forms, SPLIT_COUNT): the pair with the most similar form that split b has, + 1; 0: none */
} Alike;

static int32_t lead_of(const Audit *audit, int form, int split) { return audit->leads[(size_t)form * SPLIT_COUNT + (size_t)split]; }

static bool find_leads(Alike *work, Error *err) {
    Audit *audit = work->audit;
    size_t places = (size_t)audit->forms * SPLIT_COUNT;
    audit->leads = mem_new(places, sizeof *audit->leads, err);
    work->best = mem_new(places, sizeof *work->best, err);
    work->equal_in = mem_new((size_t)work->dataset->rows, 1, err);
    if (!audit->leads || !work->best || !work->equal_in) return false;
    memset(audit->leads, -1, places * sizeof *audit->leads);
    for (int row = 0; row < work->dataset->rows; row++) {
        int split = work->split[row];
        if (split == SPLIT_COUNT) continue;
        int32_t *lead = &audit->leads[(size_t)audit->form[row] * SPLIT_COUNT + (size_t)split];
        if (*lead < 0) *lead = row;
        work->equal_in[audit->first[row]] |= (uint8_t)(1 << split);
    }
    return true;
}

/* Forms whose rows have several labels. */
static bool count_conflict_forms(Audit *audit, const Dataset *dataset, Error *err) {
    uint8_t *several = mem_new((size_t)audit->forms, 1, err);
    int32_t *label = mem_new((size_t)audit->forms, sizeof *label, err);
    for (int row = 0; several && label && row < dataset->rows; row++) {
        int form = audit->form[row];
        if (form < 0) continue;
        if (!label[form])
            label[form] = dataset->labels[row] + 2;
        else
            several[form] |= label[form] != dataset->labels[row] + 2;
    }
    bool ok = several && label;
    for (int form = 0; ok && form < audit->forms; form++) audit->conflict_forms += several[form];
    mem_free(several);
    mem_free(label);
    return ok;
}

/* ---- near forms ---- */

static bool is_more_similar(const NearPair *a, const NearPair *b) {
    return (int64_t)a->shared * b->all > (int64_t)b->shared * a->all;
}

static int other_form(const NearPair *pair, int form) { return pair->later == form ? pair->earlier : pair->later; }

/* Offers the pair to its side `form`: for each split, the most similar form there; of equally similar ones that with the earliest row. In the form's own
 * split only one that comes before. */
static void offer_pair(Alike *work, int64_t number, int form) {
    Audit *audit = work->audit;
    const NearPair *pair = &audit->pairs.pairs[number];
    int other = other_form(pair, form);
    for (int b = 0; b < SPLIT_COUNT; b++) {
        int32_t lead = lead_of(audit, other, b), own = lead_of(audit, form, b);
        if (lead < 0 || (own >= 0 && lead > own)) continue;
        int64_t *best = &work->best[(size_t)form * SPLIT_COUNT + (size_t)b];
        const NearPair *before = *best ? &audit->pairs.pairs[*best - 1] : NULL;
        if (!before || is_more_similar(pair, before) ||
            (!is_more_similar(before, pair) && lead < lead_of(audit, other_form(before, form), b)))
            *best = number + 1;
    }
}

/* ---- the rows ---- */

static void count_leak(AuditAlike *alike, const Dataset *dataset, int row, int counterpart, int a, int b) {
    alike->leaks[a][b]++;
    alike->leaks_otherwise[a][b] += dataset->labels[row] != dataset->labels[counterpart];
}

static void audit_row(Alike *work, int row) {
    Audit *audit = work->audit;
    int form = audit->form[row], a = work->split[row];
    uint16_t *flags = &audit->flags[row];
    uint8_t equal_in = work->equal_in[audit->first[row]];
    for (int b = 0; b < SPLIT_COUNT; b++) {
        int32_t lead = lead_of(audit, form, b);
        int64_t best = work->best[(size_t)form * SPLIT_COUNT + (size_t)b];
        if (b == a) {
            if (*flags & AUDIT_DUPLICATE) continue;
            if (lead < row) {
                audit->normalized.duplicates[a]++;
                *flags |= AUDIT_NORMALIZED_DUPLICATE;
            } else if (best) {
                audit->near.duplicates[a]++;
                *flags |= AUDIT_NEAR_DUPLICATE;
            }
        } else if (equal_in & 1 << b) {
            continue;
        } else if (lead >= 0) {
            count_leak(&audit->normalized, work->dataset, row, lead, a, b);
            *flags |= b < a ? AUDIT_NORMALIZED_LEAK : AUDIT_NORMALIZED_LEAKED;
        } else if (best) {
            int counterpart = lead_of(audit, other_form(&audit->pairs.pairs[best - 1], form), b);
            count_leak(&audit->near, work->dataset, row, counterpart, a, b);
            *flags |= b < a ? AUDIT_NEAR_LEAK : AUDIT_NEAR_LEAKED;
        }
    }
}

bool audit_compare(Audit *audit, const Dataset *dataset, Pool *pool, Error *err) {
    Survey survey = {0};
    NormalTexts texts = {0};
    Alike work = {.audit = audit, .dataset = dataset};
    bool ok = survey_make(&survey, dataset, audit->first, err) && normal_texts_make(&texts, dataset, audit->first, pool, err) &&
              near_pairs_find(&audit->pairs, &texts, pool, err);
    if (ok) {
        audit->form = texts.of_row;
        audit->forms = texts.count;
        texts.of_row = NULL;
        work.split = survey.split;
    }
    ok = ok && find_leads(&work, err) && count_conflict_forms(audit, dataset, err);
    for (int64_t i = 0; ok && i < audit->pairs.count; i++) {
        offer_pair(&work, i, audit->pairs.pairs[i].later);
        offer_pair(&work, i, audit->pairs.pairs[i].earlier);
    }
    for (int row = 0; ok && row < dataset->rows; row++)
        if (audit->form[row] >= 0) audit_row(&work, row);
    audit->compared = ok;
    mem_free(work.best);
    mem_free(work.equal_in);
    normal_texts_free(&texts);
    survey_free(&survey);
    return ok;
}
