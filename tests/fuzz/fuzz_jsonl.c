/* JSON Lines: the strict reader under whichever keys are asked for. */
#include "tests/fuzz/rows_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes input = {data, size};
    DataOptions options = DATA_DEFAULTS;
    unsigned how = fuzz_byte(&input);
    options.input_format = how & 1 ? "auto" : "jsonl";
    options.text_column = how & 2 ? "body" : NULL;
    options.label_column = how & 4 ? "label" : NULL;
    options.encoding = how & 8 ? "latin1" : "utf-8";
    rows_check(fuzz_put("rows.jsonl", input), &options, (RowUse)(how >> 4) % 3);
    return 0;
}
