#include "encoder/unicode.h"

#include <stddef.h>

#include "common/utf8.h"
#include "encoder/unicode_exceptions.h"

/* The range that holds the code point, or NULL. Binary search: hundreds of ranges, asked for each rare character. */
static const UnicodeRange *range_find(const UnicodeRange *ranges, size_t count, uint32_t code_point) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges[middle].last < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ranges[low].first <= code_point ? &ranges[low] : NULL;
}

#define FIND(ranges, code_point) range_find((ranges), sizeof(ranges) / sizeof *(ranges), (code_point))

UnicodeKind unicode_kind(uint32_t code_point) {
    const UnicodeRange *exception = FIND(KIND_EXCEPTIONS, code_point);
    if (exception) return (UnicodeKind)exception->value;
    if (code_point == '\t' || code_point == '\n' || code_point == '\r') return UNICODE_SPACE;
    if (code_point == 0 || code_point == 0xFFFD) return UNICODE_CONTROL;
    const char *category = utf8_category(code_point);
    switch (category[0]) {
    case 'Z': return UNICODE_SPACE;
    case 'P': return UNICODE_PUNCTUATION;
    case 'S': return code_point < 0x80 ? UNICODE_PUNCTUATION : UNICODE_OTHER;
    case 'M': return category[1] == 'n' ? UNICODE_MARK : UNICODE_OTHER;
    case 'C': return category[1] == 'n' ? UNICODE_OTHER : UNICODE_CONTROL;
    default: return UNICODE_OTHER;
    }
}

bool unicode_is_space(uint32_t code_point) {
    return (code_point >= 0x09 && code_point <= 0x0D) || code_point == 0x20 || code_point == 0x85 || code_point == 0xA0 ||
           code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 ||
           code_point == 0x2029 || code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

bool unicode_is_chinese(uint32_t code_point) {
    static const struct {
        uint32_t first, last;
    } BLOCKS[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
                  {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
    for (size_t i = 0; i < sizeof BLOCKS / sizeof *BLOCKS && code_point >= BLOCKS[i].first; i++)
        if (code_point <= BLOCKS[i].last) return true;
    return false;
}

int unicode_decompose(uint32_t code_point, uint32_t out[UNICODE_DECOMPOSITION_MAX]) {
    if (FIND(WHOLE_EXCEPTIONS, code_point)) {
        out[0] = code_point;
        return 1;
    }
    return utf8_decompose(code_point, out);
}

int unicode_combining_class(uint32_t code_point) {
    const UnicodeRange *exception = FIND(CLASS_EXCEPTIONS, code_point);
    return exception ? exception->value : utf8_combining_class(code_point);
}

int unicode_lower(uint32_t code_point, uint32_t out[UNICODE_LOWER_MAX]) {
    if (code_point == 0x130) { /* I with a dot above: the only letter whose lower case is two, in every locale */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    const UnicodeRange *exception = FIND(LOWER_EXCEPTIONS, code_point);
    out[0] = exception ? (uint32_t)((int64_t)code_point + exception->value) : utf8_lower(code_point);
    return 1;
}
