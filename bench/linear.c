/* The linear side: build/bench/linear --texts FILE [--test FILE] [--features FILE] [--threads N] [--rounds R] [--rows N].
 *
 * FILE has a text a line; what follows the last ; is its label. A bag of words with a linear SVM, from text to answers for the test file's rows; and on dense
 * features (--features: a .npy with a row a text, as `twofold features` writes; without it made-up ones of 384 channels) one-vs-rest by liblinear and
 * the multinomial solver, to the gradient that scikit-learn stops at. With --rows, TF-IDF alone on 1,000 generated rows of 200 characters to N, to see that a
 * row's price does not grow with their number. Times are medians. */
#include <stdio.h>

#include "bench/bench.h"
#include "classifiers/liblinear.h"
#include "classifiers/multinomial.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/random.h"
#include "features/npy.h"
#include "features/tfidf.h"
#include "features/tfidf_size.h"

enum { MOST_ROUNDS = 99, CHANNELS = 384, TEXT_BYTES = 200, CLASSES = 6 };

typedef struct Options {
    const char *texts, *test, *features;
    int threads, rounds, rows;
} Options;

static TextView view_of(const BenchTexts *texts) {
    return (TextView){.data = texts->text, .starts = texts->starts, .count = texts->rows};
}

/* ---- a bag of words ---- */

typedef struct Bag {
    double fit_s, train_s, predict_s, all_s, accuracy;
    int terms, iterations;
} Bag;

static Bag bag_of_words(const BenchTexts *train, const BenchTexts *test, Pool *pool) {
    Error err = {0};
    Bag bag;
    TextView texts = view_of(train), asked = view_of(test);
    SparseFeatures values, asked_values;
    LinearModel model = {0};
    Predictions predictions = {0};
    double started = clock_wall_s();
    Tfidf *tfidf = tfidf_fit(&texts, &(TfidfOptions)TFIDF_DEFAULTS, pool, &err);
    if (!tfidf || !tfidf_transform(tfidf, &texts, pool, &values, &err)) bench_die(err.message);
    bag.fit_s = clock_wall_s() - started;
    FeatureView view = sparse_features_view(&values);
    LiblinearOptions options = {.kind = LINEAR_SVM, .C = 1, .tolerance = 1e-4};
    if (!liblinear_train(&model, &view, train->labels, train->classes, &options, NULL, pool, &err)) bench_die(err.message);
    bag.train_s = clock_wall_s() - started - bag.fit_s;
    if (!tfidf_transform(tfidf, &asked, pool, &asked_values, &err)) bench_die(err.message);
    FeatureView asked_view = sparse_features_view(&asked_values);
    if (!linear_model_predict(&model, &asked_view, NULL, pool, &predictions, &err)) bench_die(err.message);
    bag.all_s = clock_wall_s() - started;
    bag.predict_s = bag.all_s - bag.train_s - bag.fit_s;
    int right = 0;
    for (int i = 0; i < test->rows; i++) right += predictions.predicted[i] == test->labels[i];
    bag.accuracy = (double)right / test->rows;
    bag.terms = tfidf_terms(tfidf);
    bag.iterations = model.iterations;
    predictions_free(&predictions);
    linear_model_free(&model);
    sparse_features_free(&values);
    sparse_features_free(&asked_values);
    tfidf_free(tfidf);
    return bag;
}

static void bench_bag(const Options *options, const BenchTexts *train, const BenchTexts *test, Pool *pool) {
    double fit[MOST_ROUNDS], trained[MOST_ROUNDS], predict[MOST_ROUNDS], all[MOST_ROUNDS];
    Bag bag = {0};
    for (int round = -1; round < options->rounds; round++) {
        bag = bag_of_words(train, test, pool);
        if (round < 0) continue;
        fit[round] = bag.fit_s;
        trained[round] = bag.train_s;
        predict[round] = bag.predict_s;
        all[round] = bag.all_s;
    }
    printf("tfidf-svm    %d + %d rows, %d terms: %.4f s (fit and transform %.4f, train %.4f, predict %.4f), %d iterations, "
           "accuracy %.4f\n",
           train->rows, test->rows, bag.terms, bench_median(all, options->rounds), bench_median(fit, options->rounds),
           bench_median(trained, options->rounds), bench_median(predict, options->rounds), bag.iterations, bag.accuracy);
}

static void bench_rows(const Options *options, Pool *pool) {
    Error err = {0};
    for (int64_t rows = 1000; rows <= options->rows; rows *= 10) {
        BenchTexts texts;
        bench_texts_generate(&texts, (int)rows, TEXT_BYTES, CLASSES);
        TextView view = view_of(&texts);
        SparseFeatures values;
        TfidfSize size;
        double began = clock_wall_s();
        if (!tfidf_size(&size, &view, &(TfidfOptions)TFIDF_DEFAULTS, pool, &err)) bench_die(err.message);
        double started = clock_wall_s();
        Tfidf *tfidf = tfidf_fit(&view, &(TfidfOptions)TFIDF_DEFAULTS, pool, &err);
        double fitted = clock_wall_s();
        if (!tfidf || !tfidf_transform(tfidf, &view, pool, &values, &err)) bench_die(err.message);
        double transformed = clock_wall_s();
        printf("tfidf        %7d rows of %d characters, %d terms (%.0f told in %.2f µs a row): fit %.2f, transform %.2f µs a "
               "row; at most %.0f MB\n",
               texts.rows, TEXT_BYTES, tfidf_terms(tfidf), size.terms, (started - began) / (double)rows * 1e6,
               (fitted - started) / (double)rows * 1e6, (transformed - fitted) / (double)rows * 1e6, bench_peak_mb());
        sparse_features_free(&values);
        tfidf_free(tfidf);
        bench_texts_free(&texts);
    }
}

/* ---- dense features ---- */

/* A direction for each class and noise, about as hard to tell apart as a real encoder's. */
static void make_up(Features *features, const BenchTexts *texts) {
    Error err = {0};
    if (!features_make(features, texts->rows, CHANNELS, &err)) bench_die(err.message);
    Random noise = random_start(1, STREAM_TEST, 1);
    for (int i = 0; i < texts->rows; i++) {
        Random centre = random_start(2, STREAM_TEST, (uint32_t)texts->labels[i]);
        for (int c = 0; c < CHANNELS; c++)
            features->values[(size_t)i * CHANNELS + (size_t)c] =
                (float)(0.05 * random_normal(&noise) + 0.005 * random_normal(&centre));
    }
}

static void bench_dense(const Options *options, const Features *features, const BenchTexts *texts, bool multinomial, Pool *pool) {
    Error err = {0};
    FeatureView view = features_view(features);
    double seconds[MOST_ROUNDS];
    LinearModel model = {0};
    for (int round = -1; round < options->rounds; round++) {
        linear_model_free(&model);
        double started = clock_wall_s();
        bool good = multinomial
                        ? multinomial_train(&model, &view, texts->labels, texts->classes,
                                            &(MultinomialOptions){.C = 1, .tolerance = 1e-4, .max_iterations = 1000}, NULL, pool,
                                            NULL, &err)
                        : liblinear_train(&model, &view, texts->labels, texts->classes,
                                          &(LiblinearOptions){.kind = LINEAR_OVR, .C = 1, .tolerance = 1e-4}, NULL, pool, &err);
        if (!good) bench_die(err.message);
        if (round >= 0) seconds[round] = clock_wall_s() - started;
    }
    printf("%-12s %d rows, %d channels, %d classes: %.4f s, %d iterations, gradient %.2e\n",
           multinomial ? "multinomial" : "liblinear", features->rows, features->channels, texts->classes,
           bench_median(seconds, options->rounds), model.iterations, model.gradient_norm);
    linear_model_free(&model);
}

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads(), .rounds = 5};
    bench_flags(count, words, "linear",
                (BenchFlag[]){{"--texts", .text = &options.texts, .needed = true},
                              {"--test", .text = &options.test},
                              {"--features", .text = &options.features},
                              {"--threads", .number = &options.threads},
                              {"--rounds", .number = &options.rounds},
                              {"--rows", .number = &options.rows},
                              {0}});
    if (options.rounds > MOST_ROUNDS) bench_die("--rounds is at most 99");
    mem_give_back();
    Error err = {0};
    BenchTexts train, test;
    bench_texts_read(&train, options.texts, 0);
    bench_texts_read(&test, options.test ? options.test : options.texts, 0);
    Features features = {0};
    Pool *pool = pool_new(options.threads, &err);
    if (!pool || (options.features && !npy_read_features(&features, options.features, &err))) bench_die(err.message);
    if (!options.features) make_up(&features, &train);
    if (features.rows != train.rows) bench_die("--features has another number of rows than --texts");
    bench_bag(&options, &train, &test, pool);
    bench_dense(&options, &features, &train, false, pool);
    bench_dense(&options, &features, &train, true, pool);
    bench_rows(&options, pool);
    features_free(&features);
    bench_texts_free(&train);
    bench_texts_free(&test);
    pool_free(pool);
    return 0;
}
