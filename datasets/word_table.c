#include "datasets/word_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "datasets/hash.h"

static bool grow(WordTable *table, Error *err) {
    size_t slots = table->slot_count ? table->slot_count * 2 : 1 << 12;
    WordSlot *grown = mem_new(slots, sizeof *grown, err);
    if (!grown) return false;
    for (int word = 0; word < table->count; word++) {
        uint64_t hash = hash_bytes(table->at[word], table->sizes[word]);
        size_t slot = (size_t)hash & (slots - 1);
        while (grown[slot].word) slot = (slot + 1) & (slots - 1);
        grown[slot] = (WordSlot){word + 1, (uint32_t)(hash >> 32)};
    }
    mem_free(table->slots);
    table->slots = grown;
    table->slot_count = slots;
    return true;
}

bool word_table_number(WordTable *table, const char *word, size_t size, int32_t *number, Error *err) {
    if ((size_t)table->count * 2 >= table->slot_count && !grow(table, err)) return false;
    uint64_t hash = hash_bytes(word, size);
    uint32_t tag = (uint32_t)(hash >> 32);
    size_t slot = (size_t)hash & (table->slot_count - 1);
    for (; table->slots[slot].word; slot = (slot + 1) & (table->slot_count - 1)) {
        int known = table->slots[slot].word - 1;
        if (table->slots[slot].tag == tag && table->sizes[known] == size && memcmp(table->at[known], word, size) == 0) {
            *number = known;
            return true;
        }
    }
    if (table->count == INT_MAX - 1) return FAIL(err, ERROR_DATA, "more than %d different words", INT_MAX - 1);
    size_t needed = (size_t)table->count + 1;
    const char **at = mem_grow(table->at, &table->at_capacity, needed, sizeof *at, err);
    if (at) table->at = at;
    size_t *sizes = at ? mem_grow(table->sizes, &table->sizes_capacity, needed, sizeof *sizes, err) : NULL;
    if (!sizes) return false;
    table->sizes = sizes;
    table->at[table->count] = word;
    table->sizes[table->count] = size;
    *number = table->count++;
    table->slots[slot] = (WordSlot){table->count, tag};
    return true;
}

void word_table_free(WordTable *table) {
    mem_free(table->slots);
    free(table->at);
    free(table->sizes);
    *table = (WordTable){0};
}
