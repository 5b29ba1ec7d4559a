/* The files of a tokenizer, read as transformers reads them for BertTokenizerFast: tokenizer.json's vocabulary before
 * vocab.txt's; tokenizer_config.json's settings before tokenizer.json's normaliser; truncation and padding that tokenizer.json
 * stores are ignored. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/utf8.h"
#include "encoder/tokenizer_state.h"

enum { ADDED_TOKENS_MAX = 1 << 14 };

/* What the files say, until the Tokenizer is made of it. */
typedef struct Files {
    const char *folder;
    Json *config;      /* tokenizer_config.json, or NULL */
    Json *special_map; /* special_tokens_map.json, or NULL */
    Json *added_file;  /* added_tokens.json, or NULL */
    Json *added;       /* "added_tokens" of tokenizer.json, or NULL */
    NormalizerOptions options;
    bool strip_set;     /* strip_accents is given; else it follows lower_case */
    char unk[64];       /* model.unk_token of tokenizer.json, or "" */
    const char *source; /* where the vocabulary came from, for sentences */
} Files;

/* ---- vocab.txt ---- */

/* Without the white space at its end, as the judge reads a line. */
static size_t trimmed(const char *text, size_t size) {
    while (size > 0) {
        size_t start = size - 1;
        while (start > 0 && ((unsigned char)text[start] & 0xC0) == 0x80) start--;
        uint32_t code_point;
        if (!utf8_decode(text + start, size - start, &code_point) || !unicode_is_space(code_point)) break;
        size = start;
    }
    return size;
}

static bool read_lines(Tokenizer *tokenizer, const char *path, const char *text, size_t size, Error *err) {
    int64_t id = 0;
    for (size_t at = 0; at < size; id++) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (text + at)) : size - at;
        if (utf8_valid_prefix(text + at, length) < length)
            return FAIL(err, ERROR_MODEL, "%s:%lld: not valid UTF-8", path, (long long)id + 1);
        if (!vocabulary_add(&tokenizer->vocabulary, text + at, trimmed(text + at, length), id, err))
            return error_prefix(err, "%s", path);
        at += length + 1;
    }
    return true;
}

static bool read_vocab_txt(Tokenizer *tokenizer, const char *path, Error *err) {
    FileMap map = {0};
    if (!file_map(&map, path, ERROR_MODEL, err)) return false;
    bool ok = read_lines(tokenizer, path, (const char *)map.data, map.size, err);
    file_unmap(&map);
    return ok;
}

/* ---- tokenizer.json ---- */

static bool text_is(const JsonReader *reader, const char *text) {
    return reader->size == strlen(text) && memcmp(reader->text, text, reader->size) == 0;
}

static bool malformed(const JsonReader *reader, const char *path, const char *what, Error *err) {
    return FAIL(err, ERROR_MODEL, "%s: %s, expected %s (byte %zu)", path, reader->problem ? "no valid JSON" : "not a tokenizer",
                reader->problem ? reader->problem : what, json_reader_offset(reader));
}

static bool skip_value(JsonReader *reader, const char *path, Error *err) {
    return json_skip(reader, JSON_KEY) || malformed(reader, path, "a value", err);
}

/* The value that comes next as a document. */
static bool read_document(JsonReader *reader, const char *path, Json **document, Error *err) {
    size_t start = json_reader_offset(reader);
    if (!skip_value(reader, path, err)) return false;
    json_free(*document);
    *document = json_parse(reader->begin + start, json_reader_offset(reader) - start, path, ERROR_MODEL, err);
    return *document != NULL;
}

static bool read_vocab_object(JsonReader *reader, Tokenizer *tokenizer, const char *path, Error *err) {
    if (json_read(reader) != JSON_OBJECT_BEGIN) return malformed(reader, path, "an object in \"vocab\"", err);
    Buffer token = {0};
    JsonToken kind;
    bool ok = true;
    while (ok && (kind = json_read(reader)) == JSON_KEY) {
        token.size = 0;
        buffer_add(&token, reader->text, reader->size);
        if (json_read(reader) != JSON_NUMBER || !(reader->number >= 0 && reader->number < INT32_MAX) ||
            reader->number != (double)(int64_t)reader->number)
            ok = malformed(reader, path, "a token's id, a whole number", err);
        else if (!buffer_ok(&token, err) ||
                 !vocabulary_add(&tokenizer->vocabulary, token.data, token.size, (int64_t)reader->number, err))
            ok = error_prefix(err, "%s", path);
    }
    buffer_free(&token);
    return ok && (kind == JSON_OBJECT_END || malformed(reader, path, "the end of \"vocab\"", err));
}

/* A setting of the model that has one supported value; its key has just been read. */
static bool expect_setting(JsonReader *reader, const char *path, const char *name, const char *expected, Error *err) {
    JsonToken value = json_read(reader);
    if (value != JSON_STRING && value != JSON_NUMBER) return malformed(reader, path, expected, err);
    if (text_is(reader, expected)) return true;
    return FAIL(err, ERROR_MODEL, "%s: model.%s is '%.*s', expected %s", path, name, (int)(reader->size > 64 ? 64 : reader->size),
                reader->text, expected);
}

static bool read_unk(JsonReader *reader, Files *files, const char *path, Error *err) {
    if (json_read(reader) != JSON_STRING || reader->size >= sizeof files->unk)
        return malformed(reader, path, "a short string in \"unk_token\"", err);
    snprintf(files->unk, sizeof files->unk, "%.*s", (int)reader->size, reader->text);
    return true;
}

static bool read_model_entry(JsonReader *reader, Tokenizer *tokenizer, Files *files, const char *path, Error *err) {
    static const char *const SETTINGS[][2] = {
        {"type", "WordPiece"}, {"continuing_subword_prefix", CONTINUATION_PREFIX}, {"max_input_chars_per_word", "100"}};
    if (text_is(reader, "vocab")) return read_vocab_object(reader, tokenizer, path, err);
    if (text_is(reader, "unk_token")) return read_unk(reader, files, path, err);
    for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++)
        if (text_is(reader, SETTINGS[i][0])) return expect_setting(reader, path, SETTINGS[i][0], SETTINGS[i][1], err);
    return skip_value(reader, path, err);
}

static bool read_model(JsonReader *reader, Tokenizer *tokenizer, Files *files, const char *path, Error *err) {
    if (json_read(reader) != JSON_OBJECT_BEGIN) return malformed(reader, path, "an object in \"model\"", err);
    JsonToken kind;
    while ((kind = json_read(reader)) == JSON_KEY)
        if (!read_model_entry(reader, tokenizer, files, path, err)) return false;
    return kind == JSON_OBJECT_END || malformed(reader, path, "the end of \"model\"", err);
}

static bool take_normalizer(Files *files, const Json *normalizer, const char *path, Error *err) {
    const char *type = json_string_or(json_get(normalizer, "type"), "none");
    if (strcmp(type, "BertNormalizer") != 0)
        return FAIL(err, ERROR_MODEL, "%s: the normalizer is %s, expected BertNormalizer", path, type);
    files->options.clean_text = json_bool_or(json_get(normalizer, "clean_text"), true);
    files->options.chinese = json_bool_or(json_get(normalizer, "handle_chinese_chars"), true);
    files->options.lower_case = json_bool_or(json_get(normalizer, "lowercase"), true);
    files->strip_set = json_is_bool(json_get(normalizer, "strip_accents"));
    files->options.strip_accents = json_bool_or(json_get(normalizer, "strip_accents"), false);
    return true;
}

static bool check_pre_tokenizer(const Json *pre_tokenizer, const char *path, Error *err) {
    const char *type = json_string_or(json_get(pre_tokenizer, "type"), "none");
    return strcmp(type, "BertPreTokenizer") == 0 ||
           FAIL(err, ERROR_MODEL, "%s: the pre_tokenizer is %s, expected BertPreTokenizer", path, type);
}

/* One entry of the outer object; its key has just been read. */
static bool read_entry(JsonReader *reader, Tokenizer *tokenizer, Files *files, const char *path, Error *err) {
    if (text_is(reader, "model")) return read_model(reader, tokenizer, files, path, err);
    if (text_is(reader, "added_tokens")) return read_document(reader, path, &files->added, err);
    bool normalizer = text_is(reader, "normalizer");
    if (normalizer || text_is(reader, "pre_tokenizer")) {
        Json *document = NULL;
        bool ok = read_document(reader, path, &document, err) &&
                  (normalizer ? take_normalizer(files, document, path, err) : check_pre_tokenizer(document, path, err));
        json_free(document);
        return ok;
    }
    return skip_value(reader, path, err);
}

static bool read_entries(JsonReader *reader, Tokenizer *tokenizer, Files *files, const char *path, Error *err) {
    if (json_read(reader) != JSON_OBJECT_BEGIN) return malformed(reader, path, "an object", err);
    JsonToken kind;
    while ((kind = json_read(reader)) == JSON_KEY)
        if (!read_entry(reader, tokenizer, files, path, err)) return false;
    if (kind != JSON_OBJECT_END || json_read(reader) != JSON_END) return malformed(reader, path, "the end of the file", err);
    return tokenizer->vocabulary.count > 0 || FAIL(err, ERROR_MODEL, "%s: no tokens, expected them in model.vocab", path);
}

static bool read_tokenizer_json(Tokenizer *tokenizer, Files *files, const char *path, Error *err) {
    FileMap map = {0};
    if (!file_map(&map, path, ERROR_MODEL, err)) return false;
    JsonReader reader;
    json_reader_init(&reader, (const char *)map.data, map.size);
    bool ok = read_entries(&reader, tokenizer, files, path, err);
    json_reader_free(&reader);
    file_unmap(&map);
    return ok;
}

/* ---- settings ---- */

static bool read_vocabulary(Tokenizer *tokenizer, Files *files, Error *err) {
    Path json, text;
    if (!path_make(&json, err, "%s/tokenizer.json", files->folder) || !path_make(&text, err, "%s/vocab.txt", files->folder))
        return false;
    if (path_exists(json.text)) {
        files->source = "tokenizer.json";
        if (!read_tokenizer_json(tokenizer, files, json.text, err)) return false;
    } else if (path_exists(text.text)) {
        files->source = "vocab.txt";
        if (!read_vocab_txt(tokenizer, text.text, err)) return false;
    } else {
        return FAIL(err, ERROR_MODEL, "%s: no tokenizer, expected tokenizer.json or vocab.txt", files->folder);
    }
    return vocabulary_index(&tokenizer->vocabulary, err) || error_prefix(err, "%s/%s", files->folder, files->source);
}

/* A JSON object that may be missing. */
static bool read_optional(const Files *files, const char *name, Json **document, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/%s", files->folder, name)) return false;
    if (!path_exists(path.text)) return true;
    *document = json_parse_file(path.text, ERROR_MODEL, err);
    if (!*document) return false;
    return json_is_object(*document) || FAIL(err, ERROR_MODEL, "%s: expected an object", path.text);
}

static bool read_settings(Files *files, Error *err) {
    return read_optional(files, "tokenizer_config.json", &files->config, err) &&
           read_optional(files, "special_tokens_map.json", &files->special_map, err) &&
           read_optional(files, "added_tokens.json", &files->added_file, err);
}

static void take_settings(Tokenizer *tokenizer, Files *files) {
    NormalizerOptions *options = &files->options;
    options->lower_case = json_bool_or(json_get(files->config, "do_lower_case"), options->lower_case);
    options->chinese = json_bool_or(json_get(files->config, "tokenize_chinese_chars"), options->chinese);
    const Json *strip = json_get(files->config, "strip_accents");
    if (strip) {
        files->strip_set = json_is_bool(strip);
        options->strip_accents = json_bool_or(strip, false);
    }
    if (!files->strip_set) options->strip_accents = options->lower_case;
    normalizer_init(&tokenizer->normalizer, *options);
    double length = json_number_or(json_get(files->config, "model_max_length"), 0);
    tokenizer->max_length = length >= 2 && length < INT_MAX ? (int)length : INT_MAX; /* transformers writes 1e30 for "none" */
    tokenizer->truncate_left = strcmp(json_string_or(json_get(files->config, "truncation_side"), "right"), "left") == 0;
    tokenizer->clean_up_spaces = json_bool_or(json_get(files->config, "clean_up_tokenization_spaces"), false);
}

/* ---- added tokens ---- */

typedef struct Addition {
    const char *text;
    bool special, normalized, single_word;
} Addition;

/* A token's text, written as a string or as an object with "content". */
static const char *token_text(const Json *token) {
    return json_string_or(token, json_string_or(json_get(token, "content"), NULL));
}

static Addition addition_of(const Json *token, bool special) {
    bool is_special = json_bool_or(json_get(token, "special"), special);
    return (Addition){.text = token_text(token),
                      .special = is_special,
                      .normalized = json_bool_or(json_get(token, "normalized"), !is_special),
                      .single_word = json_bool_or(json_get(token, "single_word"), false)};
}

/* Lists the token under the pattern it is found by. One that the vocabulary does not have gets the next free id, and is shown
 * as it is found: normalised, if it is. */
static bool list_token(Tokenizer *tokenizer, Addition addition, size_t size, const Buffer *pattern, Error *err) {
    int32_t id = vocabulary_find(&tokenizer->vocabulary, addition.text, size);
    if (id == NO_TOKEN) {
        id = tokenizer->vocabulary.ids;
        if (!vocabulary_add(&tokenizer->vocabulary, pattern->data, pattern->size, id, err)) return false;
    }
    AddedToken token = {.text = addition.text, .size = size, .id = id, .special = addition.special};
    AddedToken sought = {.text = pattern->data, .size = pattern->size, .id = id, .single_word = addition.single_word};
    return added_add(&tokenizer->contents, token, err) &&
           added_add(addition.normalized ? &tokenizer->normalized : &tokenizer->raw, sought, err);
}

/* The first description of a token counts. */
static bool add_token(Tokenizer *tokenizer, Addition addition, Error *err) {
    if (!addition.text || !*addition.text) return true;
    size_t size = strlen(addition.text);
    if (added_find(&tokenizer->contents, addition.text, size) >= 0) return true;
    if (tokenizer->contents.count == ADDED_TOKENS_MAX)
        return FAIL(err, ERROR_MODEL, "more than %d added tokens, and '%s'", (int)ADDED_TOKENS_MAX, addition.text);
    Buffer pattern = {0};
    if (addition.normalized)
        normalizer_text(&tokenizer->normalizer, &pattern, addition.text, size);
    else
        buffer_add(&pattern, addition.text, size);
    bool ok = buffer_ok(&pattern, err) && list_token(tokenizer, addition, size, &pattern, err);
    buffer_free(&pattern);
    return ok;
}

typedef struct NumberedToken {
    int64_t id;
    int place; /* in the file, so that equal ids keep their order */
    const Json *token;
} NumberedToken;

static int by_id(const void *left, const void *right) {
    const NumberedToken *a = left, *b = right;
    return a->id != b->id ? (a->id > b->id) - (a->id < b->id) : (a->place > b->place) - (a->place < b->place);
}

typedef int64_t (*IdOf)(const Json *token);
static int64_t id_of_key(const Json *token) { return strtoll(json_key(token), NULL, 10); }
static int64_t id_of_member(const Json *token) { return json_int_or(json_get(token, "id"), 0); }
static int64_t id_of_value(const Json *token) { return json_int_or(token, 0); }

/* The tokens of a list or object, by their ids, as the judge adds them. */
static bool add_numbered(Tokenizer *tokenizer, const Json *tokens, IdOf id_of, Error *err) {
    int count = 0;
    NumberedToken *list = mem_new((size_t)json_size(tokens), sizeof *list, err);
    if (!list) return false;
    for (const Json *token = json_first(tokens); token; token = json_next(token), count++)
        list[count] = (NumberedToken){id_of(token), count, token};
    qsort(list, (size_t)count, sizeof *list, by_id);
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        Addition addition = addition_of(list[i].token, false);
        if (id_of == id_of_value) addition = (Addition){.text = json_key(list[i].token), .normalized = true};
        ok = add_token(tokenizer, addition, err);
    }
    mem_free(list);
    return ok;
}

/* tokenizer_config.json's added_tokens_decoder makes the older files count for nothing. */
static bool has_decoder(const Files *files) { return json_is_object(json_get(files->config, "added_tokens_decoder")); }

/* "cls_token" and its like: its text, or the fallback. */
static const char *named_text(const Files *files, const char *key, const char *fallback) {
    const Json *token = has_decoder(files) ? NULL : json_get(files->special_map, key);
    if (!token) token = json_get(files->config, key);
    const char *text = token_text(token);
    return text ? text : fallback;
}

static bool add_named(Tokenizer *tokenizer, const Files *files, const char *key, const char *fallback, int32_t *id, Error *err) {
    const char *text = named_text(files, key, fallback);
    *id = tokenizer_id(tokenizer, text, strlen(text));
    if (*id == NO_TOKEN && strcmp(key, "pad_token") != 0 && strcmp(key, "mask_token") != 0)
        return FAIL(err, ERROR_MODEL, "%s/%s: no token '%s' (%s), without which no text can be encoded", files->folder,
                    files->source, text, key);
    if (!add_token(tokenizer, (Addition){.text = text, .special = true}, err)) return false;
    *id = tokenizer_id(tokenizer, text, strlen(text));
    return true;
}

static bool add_listed(Tokenizer *tokenizer, const Json *list, Error *err) {
    for (const Json *token = json_is_array(list) ? json_first(list) : NULL; token; token = json_next(token))
        if (!add_token(tokenizer, addition_of(token, true), err)) return false;
    return true;
}

static bool add_tokens(Tokenizer *tokenizer, const Files *files, Error *err) {
    const Json *decoder = json_get(files->config, "added_tokens_decoder");
    if (has_decoder(files)) {
        if (!add_numbered(tokenizer, decoder, id_of_key, err)) return false;
    } else if (!add_numbered(tokenizer, files->added_file, id_of_value, err) ||
               !add_numbered(tokenizer, files->added, id_of_member, err)) {
        return false;
    }
    return add_named(tokenizer, files, "unk_token", *files->unk ? files->unk : "[UNK]", &tokenizer->unk, err) &&
           add_named(tokenizer, files, "sep_token", "[SEP]", &tokenizer->sep, err) &&
           add_named(tokenizer, files, "pad_token", "[PAD]", &tokenizer->pad, err) &&
           add_named(tokenizer, files, "cls_token", "[CLS]", &tokenizer->cls, err) &&
           add_named(tokenizer, files, "mask_token", "[MASK]", &tokenizer->mask, err) &&
           add_listed(tokenizer, json_get(files->config, "additional_special_tokens"), err) &&
           add_listed(tokenizer, json_get(files->config, "extra_special_tokens"), err);
}

/* ---- tables ---- */

static ByteClass byte_class(const Tokenizer *tokenizer, uint32_t byte) {
    if (byte >= 0x80) return BYTE_HIGH;
    switch (normalizer_fold(&tokenizer->normalizer, byte).kind) {
    case FOLD_SPACE: return BYTE_SPACE;
    case FOLD_DROP: return BYTE_DROP;
    case FOLD_ALONE: return BYTE_ALONE;
    default: return BYTE_LETTER;
    }
}

static bool make_tables(Tokenizer *tokenizer, Error *err) {
    added_sort(&tokenizer->raw);
    added_sort(&tokenizer->normalized);
    for (uint32_t byte = 0; byte < 256; byte++) tokenizer->classes[byte] = (unsigned char)byte_class(tokenizer, byte);
    for (int byte = 0; byte < 128; byte++) {
        int32_t id = vocabulary_find(&tokenizer->vocabulary, (char[]){(char)byte}, 1);
        tokenizer->alone_ids[byte] = id == NO_TOKEN ? tokenizer->unk : id;
    }
    tokenizer->special = mem_new((size_t)tokenizer->vocabulary.ids, sizeof *tokenizer->special, err);
    if (!tokenizer->special) return false;
    for (size_t i = 0; i < tokenizer->contents.count; i++)
        if (tokenizer->contents.tokens[i].special) tokenizer->special[tokenizer->contents.tokens[i].id] = true;
    return true;
}

static void files_free(Files *files) {
    json_free(files->config);
    json_free(files->special_map);
    json_free(files->added_file);
    json_free(files->added);
}

Tokenizer *tokenizer_load(const char *folder, Error *err) {
    Files files = {.folder = folder, .options = {.clean_text = true, .chinese = true, .lower_case = true}};
    Tokenizer *tokenizer = mem_new(1, sizeof *tokenizer, err);
    bool ok = tokenizer && read_vocabulary(tokenizer, &files, err) && read_settings(&files, err);
    if (ok) {
        take_settings(tokenizer, &files);
        ok = add_tokens(tokenizer, &files, err) && make_tables(tokenizer, err);
    }
    files_free(&files);
    if (ok) return tokenizer;
    tokenizer_free(tokenizer);
    return NULL;
}
