#include "compare/plot_labels.h"

#include <math.h>

/* Insertion keeps equal places in the order they were given; a plot has few labels. */
static void order_by_place(const double *places, int *order, int count) {
    for (int i = 0; i < count; i++) {
        int at = i;
        while (at > 0 && places[order[at - 1]] > places[i]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* A run of labels that stand gap by gap: sum of the wanted places of its first label, and how many. */
typedef struct Run {
    double sum;
    int count;
} Run;

void labels_spread(double *places, int *order, int count, double gap, double low, double high) {
    enum { MOST = 64 };
    Run runs[MOST];
    if (count > MOST) count = MOST;
    order_by_place(places, order, count);
    int last = -1;
    for (int i = 0; i < count; i++) {
        runs[++last] = (Run){places[order[i]], 1};
        while (last > 0) {
            Run *a = &runs[last - 1], *b = &runs[last];
            if (b->sum / b->count - a->sum / a->count >= a->count * gap) break;
            *a = (Run){a->sum + b->sum - b->count * (a->count * gap), a->count + b->count};
            last--;
        }
    }
    double next = low;
    int at = 0;
    for (int r = 0; r <= last; r++) {
        double behind = 0;
        for (int later = r; later <= last; later++) behind += runs[later].count * gap;
        double begin = fmax(next, fmin(runs[r].sum / runs[r].count, high + gap - behind));
        for (int i = 0; i < runs[r].count; i++) places[order[at++]] = begin + i * gap;
        next = begin + runs[r].count * gap;
    }
}

double box_overlap(Box a, Box b) {
    double width = fmin(a.x + a.width, b.x + b.width) - fmax(a.x, b.x);
    double height = fmin(a.y + a.height, b.y + b.height) - fmax(a.y, b.y);
    return width > 0 && height > 0 ? width * height : 0;
}
