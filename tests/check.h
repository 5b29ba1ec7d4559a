/* What every test needs on top of cmocka: closeness that a NaN fails, failures by their sentence, skips with a reason. */
#ifndef TWOFOLD_TESTS_CHECK_H
#define TWOFOLD_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

/* The call succeeds; its sentence is printed when it does not. */
#define CHECK_OK(call, err)                                                                                  \
    do {                                                                                                     \
        if (!(call)) fail_msg("%s failed: %s", #call, (err)->message);                                       \
    } while (0)

/* The call fails with a sentence that contains `part`; the Error is cleared afterwards. */
#define CHECK_FAILS(call, err, kind_, part)                                                                  \
    do {                                                                                                     \
        *(err) = (Error){0};                                                                                 \
        if (call) fail_msg("%s should have failed with '%s'", #call, part);                                  \
        if ((err)->kind != (kind_)) fail_msg("%s: kind %d, expected %d: %s", #call, (int)(err)->kind, (int)(kind_), (err)->message); \
        if (!strstr((err)->message, part)) fail_msg("%s: '%s' does not contain '%s'", #call, (err)->message, part); \
        *(err) = (Error){0};                                                                                 \
    } while (0)

/* |a - b| <= absolute + relative · |b|; NaN fails. */
static inline bool is_close(double a, double b, double absolute, double relative) {
    return fabs(a - b) <= absolute + relative * fabs(b);
}

#define CHECK_CLOSE(a, b, absolute, relative)                                                                \
    do {                                                                                                     \
        double a_ = (a), b_ = (b);                                                                           \
        if (!is_close(a_, b_, absolute, relative))                                                           \
            fail_msg("%s is %.17g, expected %.17g (off by %.3g)", #a, a_, b_, a_ - b_);                      \
    } while (0)

/* All of a[0..n) close to b; prints the worst place. */
static inline void check_all_close(const char *what, const float *a, const float *b, size_t n, double absolute, double relative) {
    size_t worst = 0;
    double worst_off = -1;
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)a[i] - (double)b[i]) - relative * fabs((double)b[i]);
        if (!(off <= worst_off)) { /* also taken by a NaN, which then stays */
            worst_off = off;
            worst = i;
            if (off != off) break;
        }
    }
    if (n && !(worst_off <= absolute))
        fail_msg("%s: worst at %zu of %zu: %.9g, expected %.9g (off by %.3g, allowed %.3g)", what, worst, n, (double)a[worst],
                 (double)b[worst], worst_off, absolute);
}

/* Ends the test program as a skip that says why. */
static inline void skip_all(const char *reason) {
    printf("SKIPPED: %s\n", reason);
    exit(77);
}

/* The real encoder's folder, or a skip of the whole program. */
static inline const char *real_model_or_skip(void) {
    const char *folder = getenv("TWOFOLD_TEST_MODEL");
    if (!folder || !*folder) folder = SOURCE_FOLDER "/models/all-MiniLM-L6-v2";
    static char config[4096];
    snprintf(config, sizeof config, "%s/config.json", folder);
    FILE *file = fopen(config, "rb");
    if (!file) skip_all("the real encoder is missing (tools/quickstart.sh puts it into models/)");
    fclose(file);
    return folder;
}

#endif
