#include "tests/tokenizer_golden.h"

#include "common/file.h"
#include "common/utf8.h"
#include "tests/check.h"

enum { BLOCK = 4096, MUTATED = 20000, MUTATED_BLOCK = 100 };
static const uint64_t SEED = 20261122;

const char *const GOLDEN_SMALL[GOLDEN_SMALL_COUNT] = {"tokenizer-uncased", "tokenizer-cased", "tokenizer-added"};

/* ---- reading ---- */

static void copy_text(Buffer *out, const JsonReader *reader) {
    out->size = 0;
    buffer_add(out, reader->text, reader->size);
    assert_true(buffer_ok(out, NULL));
}

static bool key_is(const JsonReader *reader, const char *key) {
    return reader->size == strlen(key) && memcmp(reader->text, key, reader->size) == 0;
}

static void read_small(JsonReader *reader, GoldenLine *line, int small) {
    assert_int_equal(json_read(reader), JSON_OBJECT_BEGIN);
    while (json_read(reader) == JSON_KEY) {
        if (key_is(reader, "ids")) {
            assert_int_equal(json_read(reader), JSON_ARRAY_BEGIN);
            while (json_read(reader) == JSON_NUMBER) {
                assert_true(line->small[small].count < sizeof line->small[small].ids / sizeof(int32_t));
                line->small[small].ids[line->small[small].count++] = (int32_t)reader->number;
            }
            continue;
        }
        Buffer *out = key_is(reader, "decoded") ? &line->small[small].decoded : &line->small[small].skipping;
        assert_int_equal(json_read(reader), JSON_STRING);
        copy_text(out, reader);
    }
}

static void read_line(JsonReader *reader, GoldenLine *line) {
    while (json_read(reader) == JSON_KEY) {
        if (key_is(reader, "text")) {
            assert_int_equal(json_read(reader), JSON_STRING);
            copy_text(&line->text, reader);
            continue;
        }
        int small = 0;
        while (!key_is(reader, GOLDEN_SMALL[small])) assert_true(++small < GOLDEN_SMALL_COUNT);
        read_small(reader, line, small);
    }
}

Golden *golden_load(void) {
    Error err = {0};
    Golden *golden = calloc(1, sizeof *golden);
    FileMap map;
    CHECK_OK(file_map(&map, TESTS_FOLDER "/golden/tokenizer_lines.json", ERROR_PATH, &err), &err);
    JsonReader reader;
    json_reader_init(&reader, (const char *)map.data, map.size);
    assert_int_equal(json_read(&reader), JSON_ARRAY_BEGIN);
    for (JsonToken token; (token = json_read(&reader)) != JSON_ARRAY_END; golden->count++) {
        assert_int_equal(token, JSON_OBJECT_BEGIN);
        golden->lines = realloc(golden->lines, ((size_t)golden->count + 1) * sizeof *golden->lines);
        memset(&golden->lines[golden->count], 0, sizeof *golden->lines);
        read_line(&reader, &golden->lines[golden->count]);
    }
    json_reader_free(&reader);
    file_unmap(&map);
    golden->digests = json_parse_file(TESTS_FOLDER "/golden/tokenizer_digests.json", ERROR_PATH, &err);
    CHECK_OK(golden->digests, &err);
    return golden;
}

void golden_free(Golden *golden) {
    for (int i = 0; i < golden->count; i++) {
        buffer_free(&golden->lines[i].text);
        for (int small = 0; small < GOLDEN_SMALL_COUNT; small++) {
            buffer_free(&golden->lines[i].small[small].decoded);
            buffer_free(&golden->lines[i].small[small].skipping);
        }
    }
    json_free(golden->digests);
    free(golden->lines);
    free(golden);
}

/* ---- digests ---- */

/* CRC-32 as zlib's: reflected 0xEDB88320. */
static uint32_t crc_add(uint32_t crc, const unsigned char *bytes, size_t size) {
    static uint32_t table[256];
    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
    }
    crc = ~crc;
    for (size_t i = 0; i < size; i++) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xFF];
    return ~crc;
}

static uint32_t crc_add_word(uint32_t crc, uint32_t word) {
    unsigned char bytes[4] = {(unsigned char)word, (unsigned char)(word >> 8), (unsigned char)(word >> 16),
                              (unsigned char)(word >> 24)};
    return crc_add(crc, bytes, 4);
}

static uint32_t crc_add_encoded(uint32_t crc, const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    Error err = {0};
    CHECK_OK(tokenizer_encode(tokenizer, encoding, text, size, 0, &err), &err);
    crc = crc_add_word(crc, (uint32_t)encoding->count);
    for (size_t i = 0; i < encoding->count; i++) crc = crc_add_word(crc, (uint32_t)encoding->ids[i]);
    return crc;
}

static const Json *digests_of(const Golden *golden, const char *name, const char *part) {
    char key[128];
    snprintf(key, sizeof key, "%s %s", name, part);
    const Json *digests = json_get(golden->digests, key);
    if (!json_is_array(digests)) fail_msg("tokenizer_digests.json has no '%s'", key);
    return digests;
}

/* The code point alone, or inside a word. */
static size_t code_point_text(char text[8], uint32_t code_point, bool inside) {
    size_t size = 0;
    if (inside) text[size++] = 'a';
    size += (size_t)utf8_encode(code_point, text + size);
    if (inside) text[size++] = 'b';
    return size;
}

static bool is_surrogate(uint32_t code_point) { return code_point >= 0xD800 && code_point < 0xE000; }

static void check_code_points(const Golden *golden, const Tokenizer *tokenizer, const char *name) {
    Encoding encoding = {0};
    uint32_t block = 0;
    for (const Json *expected = json_first(digests_of(golden, name, "codepoints")); expected;
         expected = json_next(expected), block++) {
        uint32_t crc = 0;
        for (int inside = 0; inside < 2; inside++) {
            for (uint32_t i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
                char text[8];
                if (!is_surrogate(i)) crc = crc_add_encoded(crc, tokenizer, &encoding, text, code_point_text(text, i, inside));
            }
        }
        if (crc != (uint32_t)json_int_or(expected, -1)) fail_msg("%s: code points from U+%04X differ", name, block * BLOCK);
    }
    assert_int_equal(block, 0x110000 / BLOCK);
    encoding_free(&encoding);
}

/* splitmix64, as the script has it. */
static uint64_t below(uint64_t *state, uint64_t bound) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % bound;
}

static void insert(Buffer *text, size_t place, const char *bytes, size_t size) {
    buffer_add(text, bytes, size);
    memmove(text->data + place + size, text->data + place, text->size - size - place);
    memcpy(text->data + place, bytes, size);
}

static void mutate(Buffer *text, uint64_t *state) {
    uint64_t kind = below(state, 4), place = below(state, text->size + 1);
    char byte = (char)below(state, 256), encoded[4];
    uint32_t code_point = (uint32_t)below(state, 0x110000 - 0x800);
    if (kind == 0 && place < text->size) text->data[place] = byte;
    if (kind == 1) insert(text, place, &byte, 1);
    if (kind == 2 && place < text->size) {
        memmove(text->data + place, text->data + place + 1, text->size - place - 1);
        text->size--;
    }
    if (kind == 3)
        insert(text, place, encoded, (size_t)utf8_encode(code_point >= 0xD800 ? code_point + 0x800 : code_point, encoded));
}

static void check_mutated(const Golden *golden, const Tokenizer *tokenizer, const char *name) {
    Encoding encoding = {0};
    Buffer text = {0}, valid = {0};
    const Json *expected = json_first(digests_of(golden, name, "mutated"));
    uint64_t state = SEED;
    uint32_t crc = 0;
    for (int i = 0; i < MUTATED; i++) {
        const Buffer *line = &golden->lines[below(&state, (uint64_t)golden->count)].text;
        text.size = valid.size = 0;
        buffer_add(&text, line->data, line->size);
        for (uint64_t times = 1 + below(&state, 8); times; times--) mutate(&text, &state);
        utf8_replace(&valid, text.data, text.size);
        crc = crc_add_encoded(crc, tokenizer, &encoding, valid.size ? valid.data : "", valid.size);
        if ((i + 1) % MUTATED_BLOCK) continue;
        assert_non_null(expected);
        if (crc != (uint32_t)json_int_or(expected, -1)) fail_msg("%s: mutated texts before number %d differ", name, i + 1);
        expected = json_next(expected);
        crc = 0;
    }
    assert_null(expected);
    buffer_free(&text);
    buffer_free(&valid);
    encoding_free(&encoding);
}

static void check_lines(const Golden *golden, const Tokenizer *tokenizer, const char *name) {
    Encoding encoding = {0};
    int i = 0;
    for (const Json *expected = json_first(digests_of(golden, name, "lines")); expected; expected = json_next(expected), i++) {
        const Buffer *text = &golden->lines[i].text;
        uint32_t crc = crc_add_encoded(0, tokenizer, &encoding, text->size ? text->data : "", text->size);
        if (crc != (uint32_t)json_int_or(expected, -1)) fail_msg("%s: the ids of text %d differ: '%s'", name, i, text->data);
    }
    assert_int_equal(i, golden->count);
    encoding_free(&encoding);
}

void golden_check_digests(const Golden *golden, const Tokenizer *tokenizer, const char *name) {
    check_lines(golden, tokenizer, name);
    check_mutated(golden, tokenizer, name);
    check_code_points(golden, tokenizer, name);
}

void golden_check_normalizer(const Golden *golden, NormalizerOptions options) {
    char flags[8] = {(char)('0' + options.clean_text), (char)('0' + options.chinese), (char)('0' + options.strip_accents),
                     (char)('0' + options.lower_case)};
    Normalizer *normalizer = malloc(sizeof *normalizer);
    normalizer_init(normalizer, options);
    Buffer out = {0};
    uint32_t block = 0;
    for (const Json *expected = json_first(digests_of(golden, "normalize", flags)); expected;
         expected = json_next(expected), block++) {
        uint32_t crc = 0;
        for (uint32_t i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
            if (is_surrogate(i)) continue;
            char text[8];
            out.size = 0;
            normalizer_text(normalizer, &out, text, code_point_text(text, i, true));
            crc = crc_add(crc_add_word(crc, (uint32_t)out.size), (const unsigned char *)out.data, out.size);
        }
        if (crc != (uint32_t)json_int_or(expected, -1))
            fail_msg("normalize %s: code points from U+%04X differ", flags, block * BLOCK);
    }
    buffer_free(&out);
    free(normalizer);
}
