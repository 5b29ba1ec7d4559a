/* vocab.txt alone, tokenizer_config.json beside it (empty: not there), and a text. */
#include "tests/fuzz/tokenizer_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes input = {data, size};
    (void)fuzz_put("vocab.txt", fuzz_part(&input));
    Bytes config = fuzz_part(&input);
    if (config.size)
        (void)fuzz_put("tokenizer_config.json", config);
    else
        fuzz_remove("tokenizer_config.json");
    Error err = {0};
    Tokenizer *tokenizer = tokenizer_load(fuzz_folder(), &err);
    if (tokenizer)
        tokenizer_check(tokenizer, input.data, input.size, 7);
    else
        fuzz_check_error(&err);
    tokenizer_free(tokenizer);
    return 0;
}
