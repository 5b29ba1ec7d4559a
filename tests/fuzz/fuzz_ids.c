/* Lines of ids for tokenize --decode, of a tokenizer with 300 ids. What is read, written as numbers, is read as the same. */
#include "cli/ids.h"
#include "tests/fuzz/fuzz.h"

enum { KNOWN = 300 };

static void check_again(const IdList *ids) {
    IdList again = {0};
    Buffer text = {0};
    Error err = {0};
    for (size_t i = 0; i < ids->count; i++) buffer_printf(&text, i % 2 ? ",%d " : "[%d]\t", (int)ids->items[i]);
    FUZZ_CHECK(!text.failed);
    if (!ids_read(&again, text.data ? text.data : "", text.size, KNOWN, &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.count == ids->count && (!ids->count || memcmp(again.items, ids->items, ids->count * sizeof *ids->items) == 0));
    ids_free(&again);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    IdList ids = {0};
    Bytes input = {data, size};
    while (input.size) { /* a line after another into the same list, as the command has it */
        Bytes line = fuzz_part(&input);
        Error err = {0};
        char *text = malloc(line.size ? line.size : 1); /* of its exact size */
        FUZZ_CHECK(text);
        memcpy(text, line.data, line.size);
        if (ids_read(&ids, text, line.size, KNOWN, &err)) {
            for (size_t i = 0; i < ids.count; i++) FUZZ_CHECK(ids.items[i] >= 0 && ids.items[i] < KNOWN);
            check_again(&ids);
        } else
            fuzz_check_error(&err);
        free(text);
    }
    ids_free(&ids);
    return 0;
}
