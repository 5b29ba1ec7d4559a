/* The cache of features: KEY.json, then KEY.npy. An empty note is that of whatever stands there, which else would not be read at all; so is the digest
 * of one that says "@". */
#include <math.h>
#include <stdio.h>

#include "features/cache_note.h"
#include "features/npy.h"
#include "tests/fuzz/fuzz.h"

/* The note with the digest of the values in the place of the first "@". */
static void put_note(Bytes note, const char *values) {
    Sha256Hex sum;
    Buffer text = {0};
    const uint8_t *at = note.size ? memchr(note.data, '@', note.size) : NULL;
    size_t before = at ? (size_t)(at - note.data) : note.size;
    FUZZ_CHECK(sha256_file(&sum, values, NULL));
    buffer_add(&text, note.data, before);
    if (at) {
        buffer_text(&text, sum.text);
        buffer_add(&text, at + 1, note.size - before - 1);
    }
    (void)fuzz_put("key.json", (Bytes){(const uint8_t *)text.data, text.size});
    buffer_free(&text);
}

static void check_values(const char *values) {
    Features features;
    Error err = {0};
    if (!npy_read_features(&features, values, &err)) {
        fuzz_check_error(&err);
        return;
    }
    FUZZ_CHECK(features.rows >= 0 && features.channels >= 0);
    features_free(&features);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes input = {data, size}, note = fuzz_part(&input);
    Path values, key;
    FeatureTimes times, again;
    FUZZ_CHECK(path_make(&values, NULL, "%s", fuzz_put("key.npy", input)) && path_make(&key, NULL, "%s", fuzz_path("key.json")));
    if (note.size)
        put_note(note, values.text);
    else
        cache_note_save((FeatureTimes){1.5, (double)NAN}, key.text, values.text);
    if (!cache_note_load(&times, key.text, values.text)) return 0;
    check_values(values.text);
    cache_note_save(times, key.text, values.text);
    FUZZ_CHECK(cache_note_load(&again, key.text, values.text));
    FUZZ_CHECK(isfinite(times.wall_s) ? again.wall_s == times.wall_s : again.wall_s == 0); /* infinite ones are written as null */
    FUZZ_CHECK(isfinite(times.cpu_s) ? again.cpu_s == times.cpu_s : isnan(again.cpu_s));
    (void)fuzz_put("key.npy", (Bytes){(const uint8_t *)"other", 5}); /* a note is of the values it was made for */
    FUZZ_CHECK(input.size == 5 || !cache_note_load(&again, key.text, values.text));
    fuzz_remove("key.npy");
    FUZZ_CHECK(!cache_note_load(&again, key.text, values.text));
    cache_note_save(times, key.text, values.text); /* of nothing: nothing */
    return 0;
}
