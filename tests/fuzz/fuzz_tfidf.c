/* tfidf.txt without its last line: the digest, which would stop every change, is put behind it here. What loads turns a text into a row. */
#include "common/sha256.h"
#include "features/tfidf.h"
#include "tests/fuzz/fuzz.h"

static void check_terms(const Tfidf *tfidf) {
    static const char TEXT[] = "the cat sat on the mat";
    TextView view = {.data = TEXT, .starts = (const int64_t[]){0, sizeof TEXT - 1}, .count = 1};
    SparseFeatures row = {0};
    Error err = {0};
    FUZZ_CHECK(tfidf_terms(tfidf) > 0);
    for (int i = 0; i < tfidf_terms(tfidf); i++) {
        size_t size;
        FUZZ_CHECK(tfidf_term(tfidf, i, &size) && size > 0 && tfidf_idf(tfidf, i) >= 1);
    }
    FUZZ_CHECK(tfidf_transform(tfidf, &view, NULL, &row, &err));
    sparse_features_free(&row);
}

/* What loads is saved as what loads the same. */
static void check_saved(const Tfidf *tfidf) {
    Error err = {0};
    FUZZ_CHECK(tfidf_save(tfidf, fuzz_path("again.txt"), &err));
    Tfidf *again = tfidf_load(fuzz_path("again.txt"), &err);
    if (!again) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(tfidf_terms(again) == tfidf_terms(tfidf));
    for (int i = 0; i < tfidf_terms(tfidf); i++) {
        size_t size, again_size;
        const char *term = tfidf_term(tfidf, i, &size), *again_term = tfidf_term(again, i, &again_size);
        FUZZ_CHECK(size == again_size && memcmp(term, again_term, size) == 0 && !(tfidf_idf(again, i) < tfidf_idf(tfidf, i)));
    }
    tfidf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Buffer text = {0};
    Error err = {0};
    Bytes input = {data, size};
    bool with_digest = fuzz_byte(&input) != 'x';
    buffer_add(&text, input.data, input.size);
    if (with_digest) buffer_printf(&text, "sha256 %s\n", sha256_bytes(input.data, input.size).text);
    Tfidf *tfidf = tfidf_load(fuzz_put("tfidf.txt", (Bytes){(const uint8_t *)text.data, text.size}), &err);
    if (tfidf) {
        check_terms(tfidf);
        check_saved(tfidf);
    } else
        fuzz_check_error(&err);
    tfidf_free(tfidf);
    buffer_free(&text);
    return 0;
}
