#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/blas.h"
#include "cli/doctor.h"
#include "common/available.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/random.h"
#include "common/sha256.h"
#include "features/cache.h"

static void add(Checks *checks, const char *name, CheckOutcome outcome, const char *format, ...) PRINTF_LIKE(4, 5);
static void add(Checks *checks, const char *name, CheckOutcome outcome, const char *format, ...) {
    Check *check = &checks->list[checks->count++];
    *check = (Check){.name = name, .outcome = outcome};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->says, sizeof check->says, format, arguments);
    va_end(arguments);
}

static void add_wrong(Checks *checks, const char *name, const Error *err) { add(checks, name, CHECK_WRONG, "%s", err->message); }

static void check_products(Checks *checks) {
    Error err = {0};
    double worst;
    if (self_test_products(&worst, &err))
        add(checks, "products", CHECK_RIGHT, "off by at most %.1e of their terms", worst);
    else
        add_wrong(checks, "products", &err);
}

static void check_rows(Checks *checks, Pool *pool) {
    Error err = {0};
    int threads = pool_threads(pool);
    if (self_test_rows(pool, &err))
        add(checks, "rows", CHECK_RIGHT, "the same bits for every number of rows, on %d thread%s", threads,
            threads == 1 ? "" : "s");
    else
        add_wrong(checks, "rows", &err);
}

static void check_kernels(Checks *checks) {
    Error err = {0};
    double worst;
    if (self_test_kernels(&worst, &err))
        add(checks, "kernels", CHECK_RIGHT, "within %.1e of plain C", worst);
    else
        add_wrong(checks, "kernels", &err);
}

/* The whole numbers are small enough for every sum to be exact, in whichever order. */
static void check_blas(Checks *checks) {
    enum { ROWS = 40, CHANNELS = 50, CLASSES = 6 };
    double x[ROWS * CHANNELS], w[CHANNELS * CLASSES], y[ROWS * CLASSES];
    for (int i = 0; i < ROWS * CHANNELS; i++) x[i] = i * 7 % 23 - 11;
    for (int i = 0; i < CHANNELS * CLASSES; i++) w[i] = i * 5 % 19 - 9;
    blas_stay_serial();
    blas_multiply(y, x, w, ROWS, CHANNELS, CLASSES);
    for (int i = 0; i < ROWS * CLASSES; i++) {
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++) sum += x[i / CLASSES * CHANNELS + c] * w[c * CLASSES + i % CLASSES];
        if (y[i] == sum) continue;
        add(checks, "BLAS", CHECK_WRONG, "BLAS multiplies wrongly: %.17g, expected %.17g", y[i], sum);
        return;
    }
    add(checks, "BLAS", CHECK_RIGHT, "exact on whole numbers");
}

/* FIPS 180-2's example, and the first words of Philox4x32-10 for a key and counter of zeros (Salmon et al., known answers). */
static void check_digests(Checks *checks) {
    static const uint32_t expected[4] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    Sha256 hash;
    uint32_t words[4];
    sha256_init(&hash);
    sha256_add(&hash, "abc", 3);
    Sha256Hex hex = sha256_finish(&hash);
    philox(words, 0, 0, 0);
    bool ok = strcmp(hex.text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0 &&
              memcmp(words, expected, sizeof words) == 0;
    if (ok)
        add(checks, "digests", CHECK_RIGHT, "sha256 and random numbers give their known answers");
    else
        add(checks, "digests", CHECK_WRONG, "sha256 or random numbers do not give their known answers");
}

static void check_cache(Checks *checks, const Run *run) {
    FeatureCache cache = feature_cache(run->settings.cache_dir);
    Path path;
    Error err = {0};
    static const char text[] = "twofold doctor\n";
    if (!cache.folder.text[0]) {
        add(checks, "cache", CHECK_NOTE,
            "there is no cache: every command makes its features anew (--cache_dir says where to keep them)");
        return;
    }
    FileMap map = {0};
    bool ok = folder_make(cache.folder.text, &err) && path_make(&path, &err, "%s/doctor", cache.folder.text) &&
              file_write(path.text, text, sizeof text - 1, &err) && file_map(&map, path.text, ERROR_PATH, &err);
    if (!ok)
        add(checks, "cache", CHECK_NOTE, "nothing can be kept for the next command: %s", err.message);
    else if (map.size != sizeof text - 1 || memcmp(map.data, text, map.size) != 0)
        add(checks, "cache", CHECK_WRONG, "%s: not what was written there: is the disk failing?", path.text);
    else
        add(checks, "cache", CHECK_RIGHT, "%s can be written", cache.folder.text);
    file_unmap(&map);
    if (ok) (void)remove(path.text);
}

static void check_memory(Checks *checks) {
    enum { ENOUGH_MB = 2000 }; /* fine-tuning MiniLM takes 1.1 GB */
    double free_mb = memory_available_mb();
    if (free_mb < 0)
        add(checks, "memory", CHECK_NOTE, "how much is free is not known here");
    else if (free_mb < ENOUGH_MB)
        add(checks, "memory", CHECK_NOTE, "%.1f GB free: enough for small encoders with small batches only", free_mb / 1000);
    else
        add(checks, "memory", CHECK_RIGHT, "%.1f GB free", free_mb / 1000);
}

static void check_rate(Checks *checks, Pool *pool) {
    enum { ENOUGH_PERCENT = 60, MOST_PERCENT = 110 }; /* above: the peak's rounds were disturbed */
    Error err = {0};
    bool ok = matrix_rate_measure(&checks->one, DTYPE_FLOAT32, NULL, 0.6, &err);
    checks->all = checks->one;
    if (ok && pool_threads(pool) > 1) ok = matrix_rate_measure(&checks->all, DTYPE_FLOAT32, pool, 0.8, &err);
    double percent = 100 * checks->all.products / checks->all.peak;
    if (!ok)
        add_wrong(checks, "rate", &err);
    else if (!(percent <= MOST_PERCENT))
        add(checks, "rate", CHECK_NOTE, "other programs take the cores: the rates above could not be measured, try again");
    else if (!(percent >= ENOUGH_PERCENT))
        add(checks, "rate", CHECK_NOTE, "products reach %.0f %% of the peak, %d %% are usual: is something else running?",
            percent, 90);
    else
        add(checks, "rate", CHECK_RIGHT, "products reach %.0f %% of the peak", percent);
}

void doctor_check(Checks *checks, Run *run) {
    *checks = (Checks){0};
    Error err = {0};
    Pool *pool = run_pool(run, &err);
    check_products(checks);
    check_kernels(checks);
    if (pool)
        check_rows(checks, pool);
    else
        add_wrong(checks, "threads", &err);
    check_blas(checks);
    check_digests(checks);
    check_cache(checks, run);
    check_memory(checks);
    check_rate(checks, pool);
}
