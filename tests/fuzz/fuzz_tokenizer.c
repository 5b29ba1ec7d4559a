/* Arbitrary bytes as a text: the committed tokenizers, and the levels of words and characters. The first byte chooses the tokenizer and
 * how long a row may be. */
#include "encoder/levels.h"
#include "tests/fuzz/tokenizer_check.h"

enum { KINDS = 4 };

static Tokenizer *load_once(unsigned kind) {
    static const char *const NAMES[KINDS] = {"uncased", "cased", "added", "uncased"};
    static Tokenizer *loaded[KINDS];
    if (loaded[kind]) return loaded[kind];
    Path folder;
    Error err = {0};
    FUZZ_CHECK(path_make(&folder, &err, TESTS_FOLDER "/golden/tokenizer-%s", NAMES[kind]));
    loaded[kind] = tokenizer_load(folder.text, &err);
    if (!loaded[kind]) fuzz_fail(err.message, __FILE__, __LINE__);
    return loaded[kind];
}

static void check_level(Level level, const Buffer *text) {
    LevelTokens tokens = {0};
    Error err = {0};
    FUZZ_CHECK(levels_encode(&tokens, level, text->data ? text->data : "", text->size, &err));
    size_t at = 0;
    for (size_t i = 0; i < tokens.count; i++) {
        FUZZ_CHECK(tokens.tokens[i].start >= at && tokens.tokens[i].size > 0);
        FUZZ_CHECK(tokens.tokens[i].id >= 0 && tokens.tokens[i].id < tokens.different);
        at = tokens.tokens[i].start + tokens.tokens[i].size;
        FUZZ_CHECK(at <= text->size);
    }
    levels_free(&tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes input = {data, size};
    unsigned how = fuzz_byte(&input);
    tokenizer_check(load_once(how % KINDS), input.data, input.size, 2 + (int)(how / KINDS));
    Buffer valid = {0};
    (void)utf8_replace(&valid, input.size ? (const char *)input.data : "", input.size);
    check_level(LEVEL_WORD, &valid);
    check_level(LEVEL_CHAR, &valid);
    buffer_free(&valid);
    return 0;
}
