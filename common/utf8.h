/* UTF-8 and Unicode (the only file that includes utf8proc), and escaping of users' text for where it is shown. */
#ifndef TWOFOLD_COMMON_UTF8_H
#define TWOFOLD_COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "common/memory.h"

#pragma GCC visibility push(default)

/* Decodes one code point at text[0..size). Returns the bytes it took, or 0 when they are not valid UTF-8 (RFC 3629: no
 * surrogates, nothing above U+10FFFF, shortest form). size must be at least 1. */
int utf8_decode(const char *text, size_t size, uint32_t *code_point);
int utf8_encode(uint32_t code_point, char out[4]);

/* Length of the longest valid prefix; equals size when all of it is valid. */
size_t utf8_valid_prefix(const char *text, size_t size);
/* As much of a NUL-terminated text as fits into `room` bytes with its NUL, cut between two characters, and before what is not valid. */
void utf8_copy(char *out, size_t room, const char *text);

/* Appends text with each maximal invalid part replaced by U+FFFD, as Python's bytes.decode("utf-8", "replace").
 * Returns how many were replaced. */
size_t utf8_replace(Buffer *out, const char *text, size_t size);

/* Appends Latin-1 bytes as UTF-8. */
void utf8_from_latin1(Buffer *out, const char *text, size_t size);

size_t utf8_count(const char *text, size_t size); /* code points of valid UTF-8 */
int utf8_width(const char *text, size_t size);    /* terminal columns of valid UTF-8 */

/* General category as two letters ("Lu", "Mn", "Cn" for unassigned), borrowed. */
const char *utf8_category(uint32_t code_point);
/* Canonical decomposition (NFD) of one code point: up to 18 code points; returns how many (1 and itself if none). */
int utf8_decompose(uint32_t code_point, uint32_t out[18]);
int utf8_combining_class(uint32_t code_point);
uint32_t utf8_lower(uint32_t code_point); /* simple mapping */

/* Appends valid UTF-8 as Unicode's NFKC_Casefold: compatibility forms (ﬁ, ①, Ａ) and case are gone, default-ignorable code points too. A run of
 * more than 30 combining marks is cut as in the Stream-Safe Text Format (UAX 15), so that the time stays linear. */
void utf8_fold(Buffer *out, const char *text, size_t size);

/* Appends text so that it is shown as text. */
void escape_html(Buffer *out, const char *text, size_t size);     /* & < > " ' and control characters */
void escape_csv(Buffer *out, const char *text, size_t size);      /* RFC 4180: quoted when needed */
void escape_terminal(Buffer *out, const char *text, size_t size); /* control, bidirectional and invalid → visible \xNN, \uNNNN */
void escape_terminal_json(Buffer *out, const char *text, size_t size); /* the same, and JSON stays JSON: control characters are \uNNNN */

const char *utf8_library(void); /* version of utf8proc, "2.8.0" */

#pragma GCC visibility pop
#endif
