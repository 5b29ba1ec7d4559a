#include <string.h>

#include "common/options.h"

enum { WORD_MOST = 64 };

static int least(int a, int b) { return a < b ? a : b; }

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, one each. */
static int edit_distance(const char *a, const char *b) {
    int rows[3][WORD_MOST + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    int m = (int)strlen(a), n = (int)strlen(b);
    if (m > WORD_MOST || n > WORD_MOST) return 2 * WORD_MOST;
    for (int j = 0; j <= n; j++) last[j] = j;
    for (int i = 1; i <= m; i++) {
        now[0] = i;
        for (int j = 1; j <= n; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[n];
}

/* "lr" for learning_rate */
static bool is_initials(const char *typed, const char *word) {
    bool at_start = true;
    for (; *word; word++) {
        if (at_start && *word != *typed++) return false;
        at_start = word[0] == '_';
    }
    return !*typed;
}

static int word_distance(const char *typed, const char *word) {
    size_t length = strlen(typed);
    if (length >= 2 && is_initials(typed, word)) return 1;
    if (length >= 3 && strncmp(typed, word, length) == 0) return 1;
    return edit_distance(typed, word);
}

const char *text_nearest(const char *typed, const char *const *words, int count) {
    const char *nearest = NULL;
    int best = 1 + (int)strlen(typed) / 3; /* further away it would be a guess */
    for (int w = 0; w < count; w++) {
        int distance = word_distance(typed, words[w]);
        if (distance > best || (distance == best && nearest)) continue;
        best = distance;
        nearest = words[w];
    }
    return nearest;
}
