/* tfidf.txt: lines of UTF-8, each ended by a newline.
 *   twofold tfidf 1
 *   {"rows": N, "terms": V, "ngram_range": [1, 2], …}     one line of JSON
 *   df, a tab, the term                                   V lines in order of the columns
 *   sha256 and the hexadecimal digest of every byte before this line */
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/sha256.h"
#include "common/utf8.h"
#include "features/tfidf.h"
#include "features/tfidf_table.h"

static const char FIRST_LINE[] = "twofold tfidf 1\n", LAST_WORD[] = "sha256 ";
enum { FIRST_SIZE = sizeof FIRST_LINE - 1, LAST_SIZE = sizeof LAST_WORD - 1 + 64 + 1, SHORTEST_LINE = 4, FLUSH_BYTES = 1 << 16 };

/* ---- writing ---- */

static void options_write(Buffer *out, const Tfidf *tfidf) {
    const TfidfOptions *options = &tfidf->options;
    JsonWriter json = json_writer(out, 0);
    json_begin_object(&json);
    json_put_int(&json, "rows", tfidf->rows);
    json_put_int(&json, "terms", tfidf->terms);
    json_write_key(&json, "ngram_range");
    json_begin_array(&json);
    json_write_int(&json, options->min_n);
    json_write_int(&json, options->max_n);
    json_end_array(&json);
    json_put_bool(&json, "lowercase", options->lowercase);
    json_put_bool(&json, "sublinear_tf", options->sublinear);
    json_put_number(&json, "min_df", options->min_df);
    json_put_number(&json, "max_df", options->max_df);
    json_put_int(&json, "max_features", options->max_features);
    json_end_object(&json);
    buffer_text(out, "\n");
}

/* Hands over what has gathered, to the file and to the digest. */
static bool flush(Buffer *text, FileWriter *file, Sha256 *digest, Error *err) {
    if (!buffer_ok(text, err)) return false;
    sha256_add(digest, text->data, text->size);
    file_writer_add(file, text->data, text->size);
    text->size = 0;
    return true;
}

static bool write_all(const Tfidf *tfidf, Buffer *text, FileWriter *file, Error *err) {
    Sha256 digest;
    sha256_init(&digest);
    buffer_text(text, FIRST_LINE);
    options_write(text, tfidf);
    for (int i = 0; i < tfidf->terms; i++) {
        size_t size;
        const char *term = tfidf_term(tfidf, i, &size);
        buffer_printf(text, "%d\t", tfidf->df[i]);
        buffer_add(text, term, size);
        buffer_add(text, "\n", 1);
        if (text->size >= FLUSH_BYTES && !flush(text, file, &digest, err)) return false;
    }
    if (!flush(text, file, &digest, err)) return false;
    file_writer_printf(file, "%s%s\n", LAST_WORD, sha256_finish(&digest).text);
    return true;
}

bool tfidf_save(const Tfidf *tfidf, const char *path, Error *err) {
    FileWriter file;
    if (!file_writer_open(&file, path, err)) return false;
    Buffer text = {0};
    bool good = write_all(tfidf, &text, &file, err);
    buffer_free(&text);
    if (good) return file_writer_commit(&file, err);
    file_writer_cancel(&file);
    return false;
}

/* ---- reading ---- */

static bool digest_check(const char *data, size_t size, const char *path, Error *err) {
    if (size < FIRST_SIZE || memcmp(data, FIRST_LINE, FIRST_SIZE) != 0)
        return FAIL(err, ERROR_MODEL, "%s: does not begin with 'twofold tfidf 1'", path);
    if (size < FIRST_SIZE + LAST_SIZE) return FAIL(err, ERROR_MODEL, "%s: ends after %zu bytes", path, size);
    const char *last = data + size - LAST_SIZE;
    Sha256Hex digest = sha256_bytes(data, size - LAST_SIZE);
    if (last[-1] != '\n' || memcmp(last, LAST_WORD, sizeof LAST_WORD - 1) != 0 ||
        memcmp(last + sizeof LAST_WORD - 1, digest.text, 64) != 0 || last[LAST_SIZE - 1] != '\n')
        return FAIL(err, ERROR_MODEL, "%s: cut short or changed: its last line is not the sha256 of the others", path);
    return true;
}

static int int_of(const Json *json, const char *what, int least, int most, const char *path, bool *good, Error *err) {
    int64_t value = json_int_or(json, -1);
    if (value >= least && value <= most) return (int)value;
    *good = FAIL(err, ERROR_MODEL, "%s: %s is %lld, expected %d to %d", path, what, (long long)value, least, most);
    return 0;
}

/* rows, terms and options of the second line; `size` bytes of terms follow it. */
static bool options_read(const Json *json, TfidfOptions *options, int *rows, int *terms, size_t size, const char *path,
                         Error *err) {
    size_t fit = size / SHORTEST_LINE;
    bool good = true;
    const Json *range = json_first(json_get(json, "ngram_range"));
    *rows = int_of(json_get(json, "rows"), "rows", 1, INT32_MAX, path, &good, err);
    *terms = int_of(json_get(json, "terms"), "terms", 1, fit < INT32_MAX / 2 ? (int)fit : INT32_MAX / 2, path, &good, err);
    options->min_n = int_of(range, "ngram_range", 1, TFIDF_MAX_N, path, &good, err);
    options->max_n =
        int_of(range ? json_next(range) : NULL, "ngram_range", good ? options->min_n : 1, TFIDF_MAX_N, path, &good, err);
    options->max_features = int_of(json_get(json, "max_features"), "max_features", 0, INT32_MAX, path, &good, err);
    options->min_df = json_number_or(json_get(json, "min_df"), 0);
    options->max_df = json_number_or(json_get(json, "max_df"), 0);
    if (!json_is_bool(json_get(json, "lowercase")) || !json_is_bool(json_get(json, "sublinear_tf")))
        return FAIL(err, ERROR_MODEL, "%s: lowercase and sublinear_tf, expected true or false", path);
    options->lowercase = json_bool_or(json_get(json, "lowercase"), true);
    options->sublinear = json_bool_or(json_get(json, "sublinear_tf"), true);
    return good;
}

/* df from the digits before the tab; 0 when there is none in 1 … rows. */
static int32_t df_of(const char *line, const char *tab, int rows) {
    int64_t df = 0;
    if (tab == line || tab - line > 10) return 0;
    for (; line < tab; line++) {
        if (*line < '0' || *line > '9') return 0;
        df = df * 10 + (*line - '0');
    }
    return df <= rows ? (int32_t)df : 0;
}

static bool comes_later(const Tfidf *tfidf, int i) {
    size_t size, before_size;
    if (!i) return true;
    const char *term = tfidf_term(tfidf, i, &size), *before = tfidf_term(tfidf, i - 1, &before_size);
    int order = memcmp(before, term, size < before_size ? size : before_size);
    return order < 0 || (order == 0 && before_size < size);
}

/* The lines of [at, end), exactly as many as there are terms. */
static bool terms_read(Tfidf *tfidf, const char *at, const char *end, const char *path, Error *err) {
    for (int i = 0; i < tfidf->terms; i++) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        const char *tab = stop ? memchr(at, '\t', (size_t)(stop - at)) : NULL;
        if (!tab) return FAIL(err, ERROR_MODEL, "%s:%d: expected a count, a tab and a term", path, i + 3);
        size_t size = (size_t)(stop - tab - 1);
        tfidf->df[i] = df_of(at, tab, tfidf->rows);
        if (!tfidf->df[i])
            return FAIL(err, ERROR_MODEL, "%s:%d: expected a count of 1 to %d before the tab", path, i + 3, tfidf->rows);
        if (!size || utf8_valid_prefix(tab + 1, size) != size)
            return FAIL(err, ERROR_MODEL, "%s:%d: expected a term in UTF-8 behind the tab", path, i + 3);
        memcpy(tfidf->text + tfidf->starts[i], tab + 1, size);
        tfidf->starts[i + 1] = tfidf->starts[i] + (int64_t)size;
        if (!comes_later(tfidf, i)) return FAIL(err, ERROR_MODEL, "%s:%d: the terms are not in order", path, i + 3);
        at = stop + 1;
    }
    return at == end || FAIL(err, ERROR_MODEL, "%s:%d: more lines than the %d terms", path, tfidf->terms + 3, tfidf->terms);
}

static Tfidf *text_read(const char *data, size_t size, const char *path, Error *err) {
    if (!digest_check(data, size, path, err)) return NULL;
    const char *options_line = data + FIRST_SIZE, *end = data + size - LAST_SIZE;
    const char *terms_begin = memchr(options_line, '\n', (size_t)(end - options_line));
    if (!terms_begin) {
        FAIL(err, ERROR_MODEL, "%s:2: expected the options", path);
        return NULL;
    }
    terms_begin++;
    Json *json = json_parse(options_line, (size_t)(terms_begin - options_line), path, ERROR_MODEL, err);
    if (!json) return NULL;
    TfidfOptions options = {0};
    int rows, terms;
    Tfidf *tfidf = NULL;
    if (options_read(json, &options, &rows, &terms, (size_t)(end - terms_begin), path, err))
        tfidf = tfidf_make(&options, rows, terms, (size_t)(end - terms_begin), err);
    json_free(json);
    if (tfidf && terms_read(tfidf, terms_begin, end, path, err) && tfidf_index(tfidf, NULL, err)) return tfidf;
    tfidf_free(tfidf);
    return NULL;
}

Tfidf *tfidf_load(const char *path, Error *err) {
    FileMap map;
    if (!file_map(&map, path, ERROR_MODEL, err)) return NULL;
    Tfidf *tfidf = NULL;
    if (!map.size)
        FAIL(err, ERROR_MODEL, "%s: empty", path);
    else
        tfidf = text_read((const char *)map.data, map.size, path, err);
    file_unmap(&map);
    return tfidf;
}
