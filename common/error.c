#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence is one line: what a file or a flag put into it must not move the cursor or start a new line. */
static void make_printable(char *text) {
    for (unsigned char *at = (unsigned char *)text; *at; at++)
        if (*at < 0x20 || *at == 0x7f) *at = '?';
}

/* A cut in the middle of a UTF-8 sequence would print as a broken character: drop the incomplete tail. */
static void end_on_character(char *text, size_t size) {
    size_t length = strlen(text);
    if (length + 1 < size) return;
    while (length > 0 && ((unsigned char)text[length - 1] & 0xC0u) == 0x80u) length--;
    if (length > 0 && ((unsigned char)text[length - 1] & 0x80u)) length--;
    text[length] = '\0';
}

bool error_set(Error *err, ErrorKind kind, const char *file, int line, const char *format, ...) {
    if (!err || err->kind != ERROR_NONE) return false;
    err->kind = kind;
    err->file = file;
    err->line = line;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    end_on_character(err->message, sizeof err->message);
    make_printable(err->message);
    return false;
}

bool error_prefix(Error *err, const char *format, ...) {
    if (!err || err->kind == ERROR_NONE) return false;
    char context[512], whole[sizeof context + sizeof err->message + 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    end_on_character(context, sizeof context);
    (void)snprintf(whole, sizeof whole, "%s: %s", context, err->message);
    (void)snprintf(err->message, sizeof err->message, "%.*s", (int)sizeof err->message - 1, whole);
    end_on_character(err->message, sizeof err->message);
    make_printable(err->message);
    return false;
}

bool error_is_damage(const Error *why, Error *err) {
    if (why->kind == ERROR_DATA || why->kind == ERROR_MODEL) return true;
    if (err) *err = *why;
    return false;
}
