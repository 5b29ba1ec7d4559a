/* tokenizer.json with the files beside it: tokenizer.json, tokenizer_config.json, special_tokens_map.json, added_tokens.json, and a text,
 * in this order; an empty one of the middle three is not there. */
#include "tests/fuzz/tokenizer_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const BESIDE[] = {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"};
    Bytes input = {data, size};
    (void)fuzz_put("tokenizer.json", fuzz_part(&input));
    for (int i = 0; i < 3; i++) {
        Bytes part = fuzz_part(&input);
        if (part.size)
            (void)fuzz_put(BESIDE[i], part);
        else
            fuzz_remove(BESIDE[i]);
    }
    Error err = {0};
    Tokenizer *tokenizer = tokenizer_load(fuzz_folder(), &err);
    if (tokenizer) {
        static const uint8_t TEXT[] = "Hello, wörld! [MASK] unaffable 你好";
        tokenizer_check(tokenizer, TEXT, sizeof TEXT - 1, 6);
        tokenizer_check(tokenizer, input.data, input.size, 8);
    } else
        fuzz_check_error(&err);
    tokenizer_free(tokenizer);
    return 0;
}
