/* Features of an encoder against the slow way: one row at a time, pooled by plain loops. Equal to the last bit, whatever the
 * threads, the packing and what else is asked for. Then the cache. */
#include "check.h"

#include "common/random.h"
#include "encoder/text_encoder.h"
#include "features/cache.h"
#include "features/extract.h"

enum { ROWS = 300, LONGEST = 30 };

static TextEncoder encoder;
static Tokens tokens;

/* Random ids, rows of 2 to LONGEST tokens, the first the longest. */
static void make_tokens(void) {
    Random random = random_start(7, STREAM_TEST, 0);
    tokens.rows = ROWS;
    tokens.starts = calloc(ROWS + 1, sizeof *tokens.starts);
    tokens.full = calloc(ROWS, sizeof *tokens.full);
    tokens.ids = calloc((size_t)ROWS * LONGEST, sizeof *tokens.ids);
    for (int r = 0; r < ROWS; r++) {
        int length = r == 0 ? LONGEST : 2 + (int)random_below(&random, LONGEST - 1);
        tokens.starts[r + 1] = tokens.starts[r] + length;
        tokens.full[r] = length;
        for (int64_t t = tokens.starts[r]; t < tokens.starts[r + 1]; t++)
            tokens.ids[t] = (int32_t)random_below(&random, (uint32_t)encoder.weights.config.vocabulary);
    }
}

static int setup(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(text_encoder_load(&encoder, TESTS_FOLDER "/golden/tiny-bert", 0, 0, NULL, &err), &err);
    assert_true(encoder.max_length >= LONGEST);
    make_tokens();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    free(tokens.starts);
    free(tokens.full);
    free(tokens.ids);
    text_encoder_free(&encoder);
    return 0;
}

/* The judge: the hidden states of one row alone, every layer, without shortcuts. */
static void slow_row(float *out, Workspace *workspace, int row, const ExtractOptions *wanted) {
    Error err = {0};
    int C = encoder.weights.config.channels, L = encoder.weights.config.layers, n = tokens_length(&tokens, row);
    int32_t starts[2] = {0, n}, number = row;
    Batch batch = {.rows = 1, .tokens = n, .ids = tokens_row(&tokens, row), .starts = starts, .row = &number};
    CHECK_OK(encoder_forward(encoder.encoder, workspace, &batch, &(ForwardOptions){0}, &err), &err);
    const float *hidden = workspace_hidden(workspace, wanted->layer < 0 ? L + 1 + wanted->layer : wanted->layer);
    for (int c = 0; c < C; c++) {
        double sum = 0;
        float greatest = hidden[c];
        for (int t = 0; t < n; t++) {
            float value = hidden[t * C + c];
            sum += (double)value;
            if (value > greatest) greatest = value;
        }
        out[c] = wanted->pooling == POOLING_CLS ? hidden[c] : wanted->pooling == POOLING_MEAN ? (float)(sum / n) : greatest;
    }
    if (!wanted->normalize) return;
    double square = 0;
    for (int c = 0; c < C; c++) square += (double)out[c] * (double)out[c];
    for (int c = 0; c < C; c++) out[c] = (float)((double)out[c] / fmax(sqrt(square), 1e-12));
}

static void check_features(const Features *features, const ExtractOptions *wanted, const int32_t *rows) {
    Error err = {0};
    int C = encoder.weights.config.channels;
    assert_int_equal(features->channels, C);
    Workspace *workspace =
        workspace_new(encoder.encoder, &(WorkspaceOptions){.tokens = LONGEST, .rows = 1, .all_hidden = true}, NULL, &err);
    assert_non_null(workspace);
    float *expected = calloc((size_t)C, sizeof *expected);
    for (int i = 0; i < features->rows; i++) {
        slow_row(expected, workspace, rows ? rows[i] : i, wanted);
        if (memcmp(expected, features->values + (size_t)i * (size_t)C, (size_t)C * sizeof *expected) != 0)
            fail_msg("%s pooling of layer %d: row %d differs", pooling_name(wanted->pooling), wanted->layer, i);
    }
    free(expected);
    workspace_free(workspace);
}

static void check_wanted(const ExtractOptions *wanted, int count, const int32_t *rows, int row_count, int threads) {
    Error err = {0};
    Features features[EXTRACT_MOST] = {{0}};
    Pool *pool = pool_new(threads, &err);
    assert_non_null(pool);
    CHECK_OK(features_extract(features, wanted, count, encoder.encoder, &tokens, rows, row_count, pool, NULL, &err), &err);
    for (int w = 0; w < count; w++) {
        assert_int_equal(features[w].rows, row_count);
        check_features(&features[w], &wanted[w], rows);
        features_free(&features[w]);
    }
    pool_free(pool);
}

static const ExtractOptions KINDS[] = {
    {.pooling = POOLING_CLS, .layer = -1},
    {.pooling = POOLING_MEAN, .layer = -1},
    {.pooling = POOLING_MAX, .layer = 0},
    {.pooling = POOLING_CLS, .layer = 1},
    {.pooling = POOLING_MEAN, .layer = -2},
    {.pooling = POOLING_CLS, .layer = 0, .normalize = true},
    {.pooling = POOLING_MAX, .layer = -1, .normalize = true},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static void test_each_kind(void **state) {
    (void)state;
    for (int k = 0; k < KIND_COUNT; k++) check_wanted(&KINDS[k], 1, NULL, ROWS, 1 + k % 3);
}

static void test_together(void **state) {
    (void)state;
    check_wanted(KINDS, KIND_COUNT, NULL, ROWS, 2);
    check_wanted(KINDS, 2, NULL, ROWS, 8);
}

static void test_some_rows(void **state) {
    (void)state;
    const int32_t rows[] = {299, 3, 3, 0, 17};
    check_wanted(KINDS, 2, rows, 5, 3); /* a single batch, shared by the threads */
    check_wanted(KINDS, 1, rows, 1, 1);
    check_wanted(KINDS, 1, rows, 0, 2);
}

/* An extractor is used again, also for rows longer than any before. */
static void test_again(void **state) {
    (void)state;
    Error err = {0};
    Extractor *extractor = extractor_new(KINDS, 1, encoder.encoder, NULL, &err);
    assert_non_null(extractor);
    const int32_t rows[] = {5, 0, 8};
    for (int i = 0; i < 3; i++) {
        Features features = {0};
        CHECK_OK(extractor_run(extractor, &features, &tokens, rows + i, 1, NULL, &err), &err);
        check_features(&features, KINDS, rows + i);
        features_free(&features);
    }
    extractor_free(extractor);
    const ExtractOptions beyond = {.layer = encoder.weights.config.layers + 1},
                         below = {.layer = -encoder.weights.config.layers - 2};
    Features none = {0};
    CHECK_FAILS(features_extract(&none, &beyond, 1, encoder.encoder, &tokens, NULL, 1, NULL, NULL, &err), &err, ERROR_USAGE,
                "layer");
    CHECK_FAILS(features_extract(&none, &below, 1, encoder.encoder, &tokens, NULL, 1, NULL, NULL, &err), &err, ERROR_USAGE,
                "expected -");
}

static bool stop_at_once(void *context) {
    ++*(int *)context;
    return true;
}

static void test_stop(void **state) {
    (void)state;
    Error err = {0};
    Features features = {0};
    int asked = 0;
    Observer observer = {.context = &asked, .stop = stop_at_once};
    CHECK_FAILS(features_extract(&features, KINDS, 1, encoder.encoder, &tokens, NULL, ROWS, NULL, &observer, &err), &err,
                ERROR_INTERRUPTED, "of 300 texts");
    assert_true(asked > 0);
    features_free(&features);
}

static void test_cache(void **state) {
    (void)state;
    Error err = {0};
    char folder[] = "/tmp/twofold-extract-XXXXXX";
    assert_non_null(mkdtemp(folder));
    FeatureCache cache = feature_cache(folder);
    Sha256Hex model = weights_sha256(&encoder.weights);
    for (int round = 0; round < 3; round++) { /* nothing there, the first of two there, both there */
        Features features[2] = {{0}};
        double seconds[2] = {-1, -1};
        CHECK_OK(features_extract_cached(features, seconds, KINDS, round == 0 ? 1 : 2, &cache, &model, encoder.encoder, &tokens,
                                         NULL, ROWS, NULL, NULL, &err),
                 &err);
        for (int w = 0; w < (round == 0 ? 1 : 2); w++) {
            assert_true(seconds[w] >= 0);
            check_features(&features[w], &KINDS[w], NULL);
            features_free(&features[w]);
        }
    }
    /* another model's features are not given out: nothing of it is in the cache, so its own are made */
    Sha256Hex other = sha256_bytes("other", 5);
    Features features = {0};
    CHECK_OK(features_extract_cached(&features, NULL, KINDS, 1, &cache, &other, encoder.encoder, &tokens, NULL, ROWS, NULL, NULL,
                                     &err),
             &err);
    features_free(&features);
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/features", folder), &err);
    assert_true(folder_exists(path.text));
    CHECK_OK(folder_remove(folder, &err), &err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind), cmocka_unit_test(test_together), cmocka_unit_test(test_some_rows),
        cmocka_unit_test(test_again),     cmocka_unit_test(test_stop),     cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
