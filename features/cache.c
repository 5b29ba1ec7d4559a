#include "features/cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/profile.h"
#include "features/cache_note.h"
#include "features/npy.h"

FeatureCache feature_cache_none(void) { return (FeatureCache){{""}}; }

FeatureCache feature_cache(const char *folder) {
    FeatureCache cache = feature_cache_none();
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool ok = folder          ? path_make(&cache.folder, NULL, "%s", folder)
              : xdg && *xdg   ? path_make(&cache.folder, NULL, "%s/twofold", xdg)
              : home && *home ? path_make(&cache.folder, NULL, "%s/.cache/twofold", home)
                              : false;
    return ok ? cache : feature_cache_none();
}

static void hash_int(Sha256 *hash, int64_t value) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)value >> 8 * i);
    sha256_add(hash, bytes, sizeof bytes);
}

/* Everything the values depend on: the program, the model, the ids row by row, and what is made of them. */
static Sha256 hash_inputs(const Sha256Hex *model, const Encoder *encoder, const Tokens *tokens, const int32_t *rows, int count) {
    Sha256 hash;
    sha256_init(&hash);
    static const char program[] = "features 1 twofold " TWOFOLD_VERSION;
    sha256_add(&hash, program, sizeof program);
    sha256_add(&hash, model->text, sizeof model->text);
    /* Another instruction set gives other last bits: a cache that several machines share must not mix them. */
    const char *instructions = encoder_instruction_set(encoder);
    sha256_add(&hash, instructions, strlen(instructions) + 1);
    hash_int(&hash, encoder_dtype(encoder));
    hash_int(&hash, encoder_config(encoder)->channels);
    hash_int(&hash, count);
    for (int i = 0; i < count; i++) {
        int row = rows ? rows[i] : i, length = tokens_length(tokens, row);
        hash_int(&hash, length);
        sha256_add(&hash, tokens_row(tokens, row), (size_t)length * sizeof *tokens->ids);
    }
    return hash;
}

static Sha256Hex hash_wanted(Sha256 hash, const ExtractOptions *wanted, const Encoder *encoder) {
    int layers = encoder_config(encoder)->layers;
    hash_int(&hash, wanted->pooling);
    hash_int(&hash, wanted->layer < 0 ? layers + 1 + wanted->layer : wanted->layer);
    hash_int(&hash, wanted->normalize);
    return sha256_finish(&hash);
}

static bool cache_paths(const FeatureCache *cache, const Sha256Hex *key, Path *values, Path *note) {
    return cache->folder.text[0] && path_make(values, NULL, "%s/features/%s.npy", cache->folder.text, key->text) &&
           path_make(note, NULL, "%s/features/%s.json", cache->folder.text, key->text);
}

static bool cache_get(const FeatureCache *cache, const Sha256Hex *key, Features *out, FeatureTimes *times, int rows,
                      int channels) {
    Path values, note;
    if (!cache_paths(cache, key, &values, &note) || !file_exists(note.text) || !cache_note_load(times, note.text, values.text)) return false;
    bool ok = npy_read_features(out, values.text, NULL) && out->rows == rows && out->channels == channels;
    if (!ok) features_free(out);
    return ok;
}

static bool cache_folder(const FeatureCache *cache) {
    Path folder;
    return cache->folder.text[0] && path_make(&folder, NULL, "%s/features", cache->folder.text) && folder_make(folder.text, NULL);
}

static void cache_put(const FeatureCache *cache, const Sha256Hex *key, const Features *features, FeatureTimes times) {
    Path values, note;
    if (cache_folder(cache) && cache_paths(cache, key, &values, &note) && npy_write_features(values.text, features, NULL))
        cache_note_save(times, note.text, values.text);
}

/* ---- chunk by chunk ---- */

enum { CHUNK_ROWS = FEATURES_CHUNK_ROWS };

/* The progress of a chunk as that of the whole. */
typedef struct Progress {
    const Observer *outer;
    int64_t first, total;
} Progress;

static void on_progress(void *context, const char *task, int64_t done, int64_t total, const char *unit, const char *detail) {
    const Progress *progress = context;
    (void)total;
    observer_progress(progress->outer, task, progress->first + done, progress->total, unit, detail);
}

static bool on_stop(void *context) {
    const Progress *progress = context;
    return observer_stop(progress->outer);
}

static bool stream_stored(const Path *path, int rows, int channels, FeatureUse use, void *context, const Observer *observer, bool *found,
                          Error *err) {
    NpyMap map;
    if (!npy_map_features(&map, path->text, NULL)) return true;
    *found = map.features.rows == rows && map.features.channels == channels;
    bool good = true;
    for (int first = 0; *found && good && first < rows; first += CHUNK_ROWS) {
        Features chunk = {.rows = rows - first < CHUNK_ROWS ? rows - first : CHUNK_ROWS,
                          .channels = channels,
                          .values = map.features.values + (size_t)first * (size_t)channels};
        good = !observer_stop(observer) ? use(context, &chunk, first, err) : FAIL(err, ERROR_INTERRUPTED, "stopped after %d of %d texts", first, rows);
    }
    npy_unmap(&map);
    return good;
}

static bool stream_made(Extractor *extractor, const Tokens *tokens, NpyWriter *kept, FeatureUse use, void *context, Progress *progress, Pool *pool, Error *err) {
    Observer observer = {.context = progress, .progress = on_progress, .stop = on_stop};
    int32_t rows[CHUNK_ROWS];
    bool good = true;
    for (int first = 0; good && first < tokens->rows; first += CHUNK_ROWS) {
        int count = tokens->rows - first < CHUNK_ROWS ? tokens->rows - first : CHUNK_ROWS;
        Features chunk = {0};
        for (int i = 0; i < count; i++) rows[i] = first + i;
        progress->first = first;
        good = extractor_run(extractor, &chunk, tokens, rows, count, &observer, err);
        ProfilePart before = pool_enter(pool, PROFILE_WRITE);
        good = good && use(context, &chunk, first, err);
        if (good && kept->file.path) npy_add_float32(kept, chunk.values, (int64_t)count * chunk.channels);
        (void)pool_enter(pool, before);
        features_free(&chunk);
    }
    return good;
}

bool features_stream(const ExtractOptions *wanted, const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder,
                     const Tokens *tokens, Pool *pool, FeatureUse use, void *context, const Observer *observer, Error *err) {
    Sha256Hex key = hash_wanted(hash_inputs(model, encoder, tokens, NULL, tokens->rows), wanted, encoder);
    int channels = encoder_config(encoder)->channels;
    Path values, note;
    FeatureTimes times;
    bool found = false, is_named = cache_paths(cache, &key, &values, &note);
    if (is_named && file_exists(note.text) && cache_note_load(&times, note.text, values.text) &&
        !stream_stored(&values, tokens->rows, channels, use, context, observer, &found, err))
        return false;
    if (found) return true;
    NpyWriter kept = {0};
    if (is_named && cache_folder(cache) && !npy_open_float32(&kept, values.text, tokens->rows, channels, NULL)) kept = (NpyWriter){0};
    Progress progress = {observer, 0, tokens->rows};
    double started_s = clock_wall_s(), started_cpu_s = clock_cpu_s();
    Extractor *extractor = extractor_new(wanted, 1, encoder, pool, err);
    bool good = extractor && stream_made(extractor, tokens, &kept, use, context, &progress, pool, err);
    if (good && kept.file.path && npy_commit(&kept, NULL))
        cache_note_save((FeatureTimes){clock_wall_s() - started_s, clock_cpu_s() - started_cpu_s}, note.text, values.text);
    npy_cancel(&kept);
    extractor_free(extractor);
    return good;
}

bool features_extract_timed(Features *out, FeatureTimes *times, const ExtractOptions *wanted, int wanted_count,
                            const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder, const Tokens *tokens,
                            const int32_t *rows, int count, Pool *pool, const Observer *observer, Error *err) {
    Sha256 inputs = hash_inputs(model, encoder, tokens, rows, count);
    Sha256Hex keys[EXTRACT_MOST];
    ExtractOptions missing[EXTRACT_MOST];
    Features made[EXTRACT_MOST] = {{0}};
    FeatureTimes unused[EXTRACT_MOST];
    int place[EXTRACT_MOST], missing_count = 0;
    if (!times) times = unused;
    for (int w = 0; w < wanted_count; w++) {
        keys[w] = hash_wanted(inputs, &wanted[w], encoder);
        if (cache_get(cache, &keys[w], &out[w], &times[w], count, encoder_config(encoder)->channels)) continue;
        place[missing_count] = w;
        missing[missing_count++] = wanted[w];
    }
    double started_s = clock_wall_s(), started_cpu_s = clock_cpu_s();
    bool ok =
        missing_count == 0 || features_extract(made, missing, missing_count, encoder, tokens, rows, count, pool, observer, err);
    FeatureTimes took = {clock_wall_s() - started_s, clock_cpu_s() - started_cpu_s};
    for (int m = 0; m < missing_count; m++) {
        out[place[m]] = made[m];
        times[place[m]] = took;
        if (ok) cache_put(cache, &keys[place[m]], &made[m], took);
    }
    return ok;
}

bool features_extract_cached(Features *out, double *seconds, const ExtractOptions *wanted, int wanted_count,
                             const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder, const Tokens *tokens,
                             const int32_t *rows, int count, Pool *pool, const Observer *observer, Error *err) {
    FeatureTimes times[EXTRACT_MOST] = {{0, 0}};
    bool ok =
        features_extract_timed(out, times, wanted, wanted_count, cache, model, encoder, tokens, rows, count, pool, observer, err);
    for (int w = 0; seconds && w < wanted_count; w++) seconds[w] = times[w].wall_s;
    return ok;
}
