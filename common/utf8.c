#include "common/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Björn Höhrmann's observation: what a second byte may be depends on the first one alone. */
static int sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead < 0xF5 ? 4 : 0;
}

static bool second_fits(unsigned char lead, unsigned char second) {
    if ((second & 0xC0) != 0x80) return false;
    if (lead == 0xE0) return second >= 0xA0;
    if (lead == 0xED) return second < 0xA0; /* no surrogates */
    if (lead == 0xF0) return second >= 0x90;
    if (lead == 0xF4) return second < 0x90; /* nothing above U+10FFFF */
    return true;
}

/* How many bytes at the front belong to one (maybe cut) sequence: the "maximal subpart" of the Unicode standard. *whole
 * tells whether it is complete. */
static size_t subpart(const unsigned char *text, size_t size, bool *whole) {
    size_t wanted = (size_t)sequence_length(text[0]), have = 1;
    *whole = wanted == 1;
    if (wanted < 2) return 1;
    if (size > 1 && second_fits(text[0], text[1]))
        for (have = 2; have < wanted && have < size && (text[have] & 0xC0) == 0x80;) have++;
    *whole = have == wanted;
    return have;
}

int utf8_decode(const char *text, size_t size, uint32_t *code_point) {
    const unsigned char *bytes = (const unsigned char *)text;
    bool whole;
    size_t length = subpart(bytes, size, &whole);
    if (!whole) return 0;
    switch (length) {
    case 1: *code_point = bytes[0]; break;
    case 2: *code_point = (uint32_t)(bytes[0] & 0x1F) << 6 | (bytes[1] & 0x3F); break;
    case 3: *code_point = (uint32_t)(bytes[0] & 0x0F) << 12 | (uint32_t)(bytes[1] & 0x3F) << 6 | (bytes[2] & 0x3F); break;
    default:
        *code_point = (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3F) << 12 | (uint32_t)(bytes[2] & 0x3F) << 6 |
                      (bytes[3] & 0x3F);
    }
    return (int)length;
}

int utf8_encode(uint32_t code_point, char out[4]) {
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    int length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, code_point >>= 6) out[i] = (char)(0x80 | (code_point & 0x3F));
    out[0] = (char)((length == 2 ? 0xC0u : length == 3 ? 0xE0u : 0xF0u) | code_point);
    return length;
}

static size_t ascii_prefix(const char *text, size_t size) {
    size_t at = 0;
    for (uint64_t word; at + 8 <= size; at += 8) {
        memcpy(&word, text + at, 8);
        if (word & 0x8080808080808080u) break;
    }
    while (at < size && !((unsigned char)text[at] & 0x80)) at++;
    return at;
}

size_t utf8_valid_prefix(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        at += ascii_prefix(text + at, size - at);
        if (at == size) break;
        bool whole;
        size_t length = subpart((const unsigned char *)text + at, size - at, &whole);
        if (!whole) break;
        at += length;
    }
    return at;
}

void utf8_copy(char *out, size_t room, const char *text) {
    size_t size = utf8_valid_prefix(text, strnlen(text, room - 1));
    memcpy(out, text, size);
    out[size] = '\0';
}

size_t utf8_replace(Buffer *out, const char *text, size_t size) {
    size_t replaced = 0;
    for (size_t at = 0; at < size;) {
        size_t valid = utf8_valid_prefix(text + at, size - at);
        buffer_add(out, text + at, valid);
        at += valid;
        if (at == size) break;
        bool whole;
        at += subpart((const unsigned char *)text + at, size - at, &whole);
        buffer_text(out, "\xEF\xBF\xBD");
        replaced++;
    }
    return replaced;
}

void utf8_from_latin1(Buffer *out, const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        size_t run = ascii_prefix(text + at, size - at);
        buffer_add(out, text + at, run);
        at += run;
        if (at == size) break;
        char bytes[4];
        buffer_add(out, bytes, (size_t)utf8_encode((unsigned char)text[at++], bytes));
    }
}

size_t utf8_count(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

int utf8_width(const char *text, size_t size) {
    int width = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        int length = utf8_decode(text + at, size - at, &code_point);
        if (!length) break;
        width += utf8proc_charwidth((utf8proc_int32_t)code_point);
        at += (size_t)length;
    }
    return width;
}

const char *utf8_category(uint32_t code_point) { return utf8proc_category_string((utf8proc_int32_t)code_point); }

int utf8_decompose(uint32_t code_point, uint32_t out[18]) {
    utf8proc_int32_t parts[18];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code_point, parts, 18, UTF8PROC_DECOMPOSE, &boundary);
    if (count < 1 || count > 18) {
        out[0] = code_point;
        return 1;
    }
    for (int i = 0; i < (int)count; i++) out[i] = (uint32_t)parts[i];
    return (int)count;
}

int utf8_combining_class(uint32_t code_point) { return utf8proc_get_property((utf8proc_int32_t)code_point)->combining_class; }
uint32_t utf8_lower(uint32_t code_point) { return (uint32_t)utf8proc_tolower((utf8proc_int32_t)code_point); }

/* One piece of which the neighbours need not know. */
static void fold_piece(Buffer *out, const char *text, size_t size) {
    utf8proc_uint8_t *folded = NULL;
    utf8proc_option_t options = UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &folded, options);
    if (length >= 0)
        buffer_add(out, folded, (size_t)length);
    else if (length == UTF8PROC_ERROR_NOMEM)
        out->failed = true;
    free(folded);
}

/* Where the piece that begins at `at` ends: before an ASCII character, with which nothing composes to its left, or behind so many marks
 * that sorting them would cost (utf8proc sorts by exchange). */
static size_t fold_end(const char *text, size_t size, size_t at) {
    enum { MOST_MARKS = 30 };
    int marks = 0;
    for (int count = 0; at < size; count++) {
        uint32_t code_point;
        int length = utf8_decode(text + at, size - at, &code_point);
        if (!length) return size;
        if (count && code_point < 128) return at;
        bool mark = code_point >= 0x300 && utf8_combining_class(code_point) > 0;
        marks = mark ? marks + 1 : 0;
        if (marks > MOST_MARKS) return at;
        at += (size_t)length;
    }
    return at;
}

void utf8_fold(Buffer *out, const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        size_t run = ascii_prefix(text + at, size - at), before = out->size;
        if (run && at + run < size) run--; /* the last one may be the base of what follows */
        buffer_add(out, text + at, run);
        for (size_t i = before; i < out->size; i++)
            if (out->data[i] >= 'A' && out->data[i] <= 'Z') out->data[i] = (char)(out->data[i] + 32);
        at += run;
        if (at == size) return;
        size_t end = fold_end(text, size, at);
        fold_piece(out, text + at, end - at);
        at = end;
    }
}

static bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

void escape_html(Buffer *out, const char *text, size_t size) {
    if (!size) return; /* text may be NULL then */
    size_t run = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *entity = c == '&'    ? "&amp;"
                             : c == '<'  ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '"'  ? "&quot;"
                             : c == '\'' ? "&#39;"
                                         : NULL;
        if (!entity && is_control(c)) entity = "\xEF\xBF\xBD"; /* no control character may stand in HTML */
        if (!entity) continue;
        buffer_add(out, text + run, i - run);
        buffer_text(out, entity);
        run = i + 1;
    }
    buffer_add(out, text + run, size - run);
}

void escape_csv(Buffer *out, const char *text, size_t size) {
    bool quoted = false;
    for (size_t i = 0; i < size && !quoted; i++) quoted = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (!quoted) {
        buffer_add(out, text, size);
        return;
    }
    buffer_text(out, "\"");
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') buffer_text(out, "\"");
        buffer_add(out, text + i, 1);
    }
    buffer_text(out, "\"");
}

/* Marks that reorder what a terminal shows (Unicode Bidirectional Algorithm), and C1 controls, which some obey. */
static bool moves_cursor(uint32_t code_point) {
    return (code_point >= 0x80 && code_point < 0xA0) || (code_point >= 0x202A && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0x200E || code_point == 0x200F ||
           code_point == 0x061C || code_point == 0x2028 || code_point == 0x2029;
}

/* `control`: what stands before the two digits of a control character below 0x80. */
static void escape_shown(Buffer *out, const char *text, size_t size, const char *control) {
    for (size_t at = 0; at < size;) {
        uint32_t code_point = 0;
        int length = utf8_decode(text + at, size - at, &code_point);
        if (!length || code_point < 0x20 || code_point == 0x7f) {
            buffer_text(out, length ? control : "\\x");
            buffer_printf(out, "%02X", (unsigned char)text[at]);
            at++;
            continue;
        }
        if (moves_cursor(code_point))
            buffer_printf(out, "\\u%04X", (unsigned)code_point);
        else
            buffer_add(out, text + at, (size_t)length);
        at += (size_t)length;
    }
}

void escape_terminal(Buffer *out, const char *text, size_t size) { escape_shown(out, text, size, "\\x"); }
void escape_terminal_json(Buffer *out, const char *text, size_t size) { escape_shown(out, text, size, "\\u00"); }

const char *utf8_library(void) { return utf8proc_version(); }
