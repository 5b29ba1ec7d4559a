/* Encodes a text with a tokenizer and checks what tokenizer.h promises. */
#ifndef TWOFOLD_TESTS_FUZZ_TOKENIZER_CHECK_H
#define TWOFOLD_TESTS_FUZZ_TOKENIZER_CHECK_H

#include "common/utf8.h"
#include "encoder/tokenizer.h"
#include "tests/fuzz/fuzz.h"

static inline bool same_ids(const Encoding *a, const Encoding *b) {
    return a->count == b->count && memcmp(a->ids, b->ids, a->count * sizeof *a->ids) == 0;
}

static inline void check_ids(const Tokenizer *tokenizer, const Encoding *encoding) {
    FUZZ_CHECK(encoding->count >= 2 && encoding->full >= encoding->count);
    FUZZ_CHECK(encoding->ids[0] == tokenizer_cls(tokenizer) && encoding->ids[encoding->count - 1] == tokenizer_sep(tokenizer));
    for (size_t i = 0; i < encoding->count; i++) FUZZ_CHECK(encoding->ids[i] >= 0 && encoding->ids[i] < tokenizer_ids(tokenizer));
}

/* `size` bytes of anything. The text is laid into memory of its exact size. */
static inline void tokenizer_check(const Tokenizer *tokenizer, const uint8_t *bytes, size_t size, int max_length) {
    Error err = {0};
    Buffer valid = {0}, decoded = {0};
    Encoding whole = {0}, cut = {0}, again = {0};
    (void)utf8_replace(&valid, size ? (const char *)bytes : "", size);
    char *text = malloc(valid.size ? valid.size : 1);
    FUZZ_CHECK(text);
    if (valid.size) memcpy(text, valid.data, valid.size);
    FUZZ_CHECK(tokenizer_encode(tokenizer, &whole, text, valid.size, 0, &err));
    check_ids(tokenizer, &whole);
    FUZZ_CHECK(whole.full == whole.count);
    FUZZ_CHECK(tokenizer_encode(tokenizer, &cut, text, valid.size, max_length, &err));
    check_ids(tokenizer, &cut);
    FUZZ_CHECK(cut.count <= (size_t)max_length && cut.full == whole.full && (cut.count == cut.full) == same_ids(&cut, &whole));
    /* the same Encoding used again for another text keeps nothing of the first */
    FUZZ_CHECK(tokenizer_encode(tokenizer, &again, "a", 1, 0, &err) &&
               tokenizer_encode(tokenizer, &again, text, valid.size, 0, &err) && same_ids(&again, &whole));
    tokenizer_decode(tokenizer, &decoded, whole.ids, whole.count, size & 1);
    FUZZ_CHECK(utf8_valid_prefix(decoded.data ? decoded.data : "", decoded.size) == decoded.size);
    decoded.size = 0;
    tokenizer_normalize(tokenizer, &decoded, text, valid.size);
    FUZZ_CHECK(utf8_valid_prefix(decoded.data ? decoded.data : "", decoded.size) == decoded.size);
    free(text);
    buffer_free(&valid);
    buffer_free(&decoded);
    encoding_free(&whole);
    encoding_free(&cut);
    encoding_free(&again);
}

#endif
