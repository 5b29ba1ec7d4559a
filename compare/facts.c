#include "compare/facts.h"

#include <math.h>
#include <string.h>

static int best_of_kind(const Comparison *c, EntryKind kind) {
    int best = -1;
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (entry->status != ENTRY_DONE || entry->kind != kind) continue;
        if (best < 0 || entry->scores[SPLIT_TEST].accuracy > c->entries[best].scores[SPLIT_TEST].accuracy) best = i;
    }
    return best;
}

bool facts_main_pair(const Comparison *c, int *a, int *b) {
    *a = best_of_kind(c, ENTRY_FROZEN);
    *b = best_of_kind(c, ENTRY_FINETUNE);
    if (*a < 0 || *b < 0) {
        *a = c->recommendation.runner_up;
        *b = c->recommendation.deploy;
    }
    if (*a >= 0 && *b < 0) { /* undecided: the runner-up is the better of the two in question */
        *b = *a;
        *a = c->recommendation.leaning;
    }
    return *a >= 0 && *b >= 0;
}

static FactMistake mistake_at(const Predictions *p, int i) {
    if (!p->probabilities) return (FactMistake){i, (double)NAN, (double)NAN, (double)NAN};
    const double *row = p->probabilities + (size_t)i * (size_t)p->classes;
    return (FactMistake){i, -log(fmax(row[p->truth[i]], 0x1p-52)), row[p->truth[i]], row[p->predicted[i]]};
}

static bool is_right(const Predictions *p, int i) { return p->predicted[i] == p->truth[i]; }

int facts_mistakes(FactMistake *list, int most, const Predictions *wrong, const Predictions *right) {
    int count = 0;
    for (int i = 0; i < wrong->rows; i++) {
        if (is_right(wrong, i) || (right && !is_right(right, i))) continue;
        FactMistake mistake = mistake_at(wrong, i);
        int at = count;
        while (at > 0 && list[at - 1].loss < mistake.loss) at--; /* NaN losses keep their order */
        if (at == most) continue;
        if (count < most) count++;
        memmove(list + at + 1, list + at, (size_t)(count - 1 - at) * sizeof *list);
        list[at] = mistake;
    }
    return count;
}

int facts_sure_mistakes(const Predictions *p, double sure) {
    int count = 0;
    for (int i = 0; p->probabilities && i < p->rows; i++) count += !is_right(p, i) && mistake_at(p, i).prob_predicted >= sure;
    return count;
}

int facts_confusions(FactConfusion *list, int most, const Confusion *confusion) {
    int count = 0;
    for (int truth = 0; truth < confusion->classes; truth++)
        for (int64_t cell = confusion->starts[truth]; cell < confusion->starts[truth + 1]; cell++) {
            FactConfusion found = {truth, confusion->predicted[cell], confusion->counts[cell]};
            if (found.predicted == truth) continue;
            int at = count;
            while (at > 0 && list[at - 1].count < found.count) at--;
            if (at == most) continue;
            if (count < most) count++;
            memmove(list + at + 1, list + at, (size_t)(count - 1 - at) * sizeof *list);
            list[at] = found;
        }
    return count;
}

int facts_example(const Predictions *p, FactConfusion cell) {
    int best = -1;
    double loss = 0;
    for (int i = 0; i < p->rows; i++) {
        if (p->truth[i] != cell.truth || p->predicted[i] != cell.predicted) continue;
        FactMistake mistake = mistake_at(p, i);
        if (best >= 0 && !(mistake.loss > loss)) continue;
        best = i;
        loss = mistake.loss;
    }
    return best;
}

static bool has_flag(const Comparison *c, int i, int flags) {
    return c->audit.flags && (c->audit.flags[c->dataset->splits[SPLIT_TEST].rows[i]] & flags);
}

int facts_leaked_as(const Comparison *c, int flags) {
    int leaked = 0;
    for (int i = 0; i < c->dataset->splits[SPLIT_TEST].count; i++) leaked += has_flag(c, i, flags);
    return leaked;
}

double facts_accuracy_without(const Comparison *c, int entry, int flags) {
    const Predictions *p = &c->entries[entry].predictions[SPLIT_TEST];
    int rows = 0, right = 0;
    for (int i = 0; i < p->rows; i++) {
        if (has_flag(c, i, flags)) continue;
        rows++;
        right += is_right(p, i);
    }
    return rows ? (double)right / rows : (double)NAN;
}

int facts_leaked(const Comparison *c) { return facts_leaked_as(c, AUDIT_ANY_LEAK); }

double facts_accuracy_without_leaks(const Comparison *c, int entry) { return facts_accuracy_without(c, entry, AUDIT_ANY_LEAK); }

int facts_extremes(FactMistake *list, int most, const Predictions *p, FactOrder order) {
    int count = 0;
    for (int i = 0; p->probabilities && i < p->rows; i++) {
        if (order == FACT_SUREST_MISTAKES && is_right(p, i)) continue;
        FactMistake row = mistake_at(p, i);
        int at = count;
        while (at > 0 && (order == FACT_SUREST_MISTAKES ? list[at - 1].prob_predicted < row.prob_predicted : list[at - 1].loss > row.loss)) at--;
        if (at == most) continue;
        if (count < most) count++;
        memmove(list + at + 1, list + at, (size_t)(count - 1 - at) * sizeof *list);
        list[at] = row;
    }
    return count;
}

int facts_smooth_loss(double *step, double *loss, int most, const FinetuneResult *training, int *window) {
    int64_t steps = training->steps, width = steps > most ? (steps + most - 1) / most : 1;
    int count = 0;
    for (int64_t from = 0; from < steps; from += width) {
        int64_t to = from + width < steps ? from + width : steps;
        double sum = 0;
        for (int64_t i = from; i < to; i++) sum += training->history[i].loss;
        step[count] = (double)(from + 1 + to) / 2;
        loss[count++] = sum / (double)(to - from);
    }
    *window = (int)width;
    return count;
}
