/* Files of rows that are not JSON: CSV, TSV, `text;label`, plain lines, packed or not, with every option that tells how to read. */
#include "common/utf8.h"
#include "datasets/rows.h"
#include "tests/fuzz/rows_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const FORMATS[] = {"auto", "csv", "tsv", "text_label"}, *const SEPARATORS[] = {NULL, ",", ";", "tab", "|"};
    static const char *const ENDINGS[] = {"rows", "rows.csv", "rows.tsv", "rows.txt"};
    Bytes input = {data, size};
    DataOptions options = DATA_DEFAULTS;
    unsigned format = fuzz_byte(&input), how = fuzz_byte(&input), columns = fuzz_byte(&input);
    options.input_format = FORMATS[format % 4];
    options.sep = SEPARATORS[format / 4 % 5];
    options.encoding = how & 1 ? "latin1" : "utf-8";
    options.quoting = how & 2 ? "none" : "minimal";
    options.header = how & 4;
    options.no_header = !options.header && how & 8;
    options.names = columns & 1 ? "text,label" : columns & 2 ? "a,label,b" : NULL;
    options.text_column = columns & 4 ? "2" : columns & 8 ? "text" : NULL;
    options.label_column = columns & 16 ? "1" : columns & 32 ? "label" : NULL;
    rows_check(fuzz_put(ENDINGS[how >> 4 & 3], input), &options, (RowUse)(how >> 6) % 3);
    fuzz_remove(ENDINGS[how >> 4 & 3]);
    return 0;
}
